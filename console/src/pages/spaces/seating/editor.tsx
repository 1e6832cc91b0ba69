/** Drawing the map of a branch: seats are put where they stand, and walls and doors around them. */
import { call, version, type SeatMap, type Seat } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useBlocker, useNavigate, useParams } from '@tanstack/react-router';
import { Redo2, RotateCw, Save, Trash2, Undo2, WandSparkles } from 'lucide-react';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { api } from '@/api';
import { useFormat, useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { FormDialog } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Page, Section } from '@/layout/page';
import { useWorkspace } from '@/shell/workspace';
import { Note } from '@/ui/bits';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';
import { toast } from '@/ui/toast';
import {
  boxOf,
  drawn,
  EMPTY,
  opened,
  redone,
  snap,
  undone,
  type Change,
  type Item,
  type ShapeKind,
} from './drawing';
import { Floor, kindWord } from './floor';
import { branchQuery, mapQuery, renewed, seatsQuery } from './queries';

export function MapEditorPage() {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const { branch = '' } = useParams({ strict: false });
  const hall = useQuery(branchQuery(tenant, branch));
  const map = useQuery({ ...mapQuery(tenant, branch), staleTime: 0 });
  const seats = useQuery(seatsQuery(tenant, branch));
  const name = hall.data?.name ?? t('Branch');
  if (!map.data || !seats.data) {
    return (
      <Page title={t('Seat map')}>
        <Loaded query={map} height="h-96">
          {() => (
            <Loaded query={seats} height="h-96">
              {() => null}
            </Loaded>
          )}
        </Loaded>
      </Page>
    );
  }
  return <Editor name={name} branch={branch} map={map.data} seats={seats.data.items} />;
}

const shapes: readonly ShapeKind[] = ['wall', 'door', 'window', 'block', 'label'];

const steps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function Editor({
  name,
  branch,
  map,
  seats,
}: {
  name: string;
  branch: string;
  map: SeatMap;
  seats: readonly Seat[];
}) {
  const t = useT();
  const { number } = useFormat();
  const { slug: tenant } = useWorkspace();
  const navigate = useNavigate();
  const act = useAct();
  // The map as it was opened: it is saved over this version and no other.
  const [base, setBase] = useState(map);
  const [history, setHistory] = useState(() => opened(map.drawing.width === 0 ? EMPTY : map.drawing));
  const [selected, setSelected] = useState<Item | null>(null);
  /** Where what is dragged was at the beginning. */
  const start = useRef({ x: 0, y: 0 });
  const drawing = history.now;
  const saved = JSON.stringify(base.drawing) === JSON.stringify(drawing) || history.before.length === 0;
  const change = (wanted: Change, going = false) => {
    setHistory((before) => drawn(before, wanted, going));
  };

  const leaving = useBlocker({
    shouldBlockFn: () => !saved,
    enableBeforeUnload: () => !saved,
    withResolver: true,
  });

  // Far from any seat, too: the ways back and forth are those of every program that draws.
  useEffect(() => {
    const keys = (event: globalThis.KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.target instanceof HTMLInputElement) return;
      const key = event.key.toLowerCase();
      if (key === 'z') setHistory(event.shiftKey ? redone : undone);
      else if (key === 'y') setHistory(redone);
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', keys);
    return () => {
      removeEventListener('keydown', keys);
    };
  }, []);

  const known = new Map(seats.map((seat) => [seat.id, seat]));
  const placed = new Set(drawing.seats.map(({ seat_id }) => seat_id));
  const missing = seats.filter(({ id }) => !placed.has(id));
  const shape = selected?.kind === 'shape' ? drawing.shapes[selected.at] : undefined;
  const box = selected ? boxOf(drawing, selected) : null;
  const remove = (item: Item) => {
    change({ do: 'remove', item });
    setSelected(null);
  };
  const onKey = (event: KeyboardEvent, item: Item): boolean => {
    const here = boxOf(drawing, item);
    const step = steps[event.key];
    if (here && step) {
      const far = event.shiftKey ? 4 : 1;
      change({ do: 'move', item, x: here.x + step[0] * far, y: here.y + step[1] * far });
      return true;
    }
    if (event.key === 'Delete' || event.key === 'Backspace') {
      remove(item);
      return true;
    }
    if (event.key.toLowerCase() === 'r' && !event.ctrlKey && !event.metaKey) {
      change({ do: 'turn', item });
      return true;
    }
    return false;
  };
  const save = () =>
    act.run(async () => {
      const params = { path: { tenant, branch }, header: version(base.version) };
      const now = await call(
        api.PUT('/api/v1/tenants/{tenant}/spaces/branches/{branch}/seat-map', { params, body: drawing }),
      );
      setBase(now);
      setHistory(opened(now.drawing));
      setSelected(null);
      await renewed(tenant, 'maps');
      toast(t('The map is saved.'));
    });
  return (
    <Page
      title={t('Map of {name}', { name })}
      description={t(
        'Drag what you see, or reach it by Tab and move it with the arrow keys; R turns it, Delete removes it.',
      )}
      back={{
        label: name,
        to: '/w/$workspace/spaces/branches/$branch',
        params: { workspace: tenant, branch },
      }}
      actions={
        <>
          <Button
            size="icon"
            className="size-9!"
            aria-label={t('Undo')}
            disabled={history.before.length === 0}
            onClick={() => {
              setHistory(undone);
            }}
          >
            <Undo2 aria-hidden className="size-4" />
          </Button>
          <Button
            size="icon"
            className="size-9!"
            aria-label={t('Redo')}
            disabled={history.after.length === 0}
            onClick={() => {
              setHistory(redone);
            }}
          >
            <Redo2 aria-hidden className="size-4" />
          </Button>
          <Button look="primary" busy={act.busy} disabled={saved || act.busy} onClick={() => void save()}>
            <Save aria-hidden className="size-4" />
            {t('Save')}
          </Button>
        </>
      }
    >
      <ActProblem act={act} />
      {map.version > base.version && !act.busy && (
        <div className="mb-4">
          <Note tone="warn" title={t('Somebody else saved this map meanwhile')}>
            {t('It cannot be saved over theirs. Open it again and draw once more what is missing.')}
          </Note>
        </div>
      )}
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-x-5 xl:grid-cols-[minmax(0,1fr)_18rem]">
        <Section flush>
          <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-3">
            <span className="mr-1 text-sm text-faint">{t('Add')}</span>
            {shapes.map((kind) => (
              <Button
                key={kind}
                size="sm"
                onClick={() => {
                  change({ do: 'add', shape: kind, ...(kind === 'label' ? { text: t('Words') } : {}) });
                  setSelected({ kind: 'shape', at: drawing.shapes.length });
                }}
              >
                {t(kindWord(kind))}
              </Button>
            ))}
          </div>
          <Floor
            drawing={drawing}
            selected={selected}
            onSelect={setSelected}
            mark={(id) => {
              const seat = known.get(id);
              return seat
                ? { label: seat.label, look: seat.status === 'in_service' ? 'plain' : 'off', said: '' }
                : null;
            }}
            onKey={onKey}
            onDrag={(item, { dx, dy }, going) => {
              if (!going) start.current = boxOf(drawing, item) ?? { x: 0, y: 0 };
              const { x, y } = start.current;
              change({ do: 'move', item, x: snap(x + dx), y: snap(y + dy) }, going);
            }}
          />
        </Section>
        <div>
          <Section title={t('Seats without a place')}>
            {missing.length === 0 ? (
              <p className="text-sm text-soft">
                {seats.length === 0
                  ? t('This branch has no seats yet: add them on its page.')
                  : t('All {n} seats have one.', { n: number(seats.length) })}
              </p>
            ) : (
              <>
                <div className="flex max-h-48 flex-wrap gap-1.5 overflow-y-auto">
                  {missing.map((seat) => (
                    <Button
                      key={seat.id}
                      size="sm"
                      aria-label={t('Place seat {label}', { label: seat.label })}
                      onClick={() => {
                        change({ do: 'place', seat: seat.id });
                        setSelected({ kind: 'seat', id: seat.id });
                      }}
                    >
                      {seat.label}
                    </Button>
                  ))}
                </div>
                <Button
                  size="sm"
                  look="primary"
                  className="mt-3 w-full"
                  onClick={() => {
                    change({ do: 'arrange', seats: missing });
                  }}
                >
                  <WandSparkles aria-hidden className="size-4" />
                  {t('Place all in rows')}
                </Button>
              </>
            )}
          </Section>
          {selected && box && (
            <Section
              title={
                selected.kind === 'seat'
                  ? t('Seat {label}', { label: known.get(selected.id)?.label ?? '' })
                  : t(kindWord(shape?.kind ?? 'block'))
              }
            >
              <div className="flex flex-col gap-4">
                <div className="grid grid-cols-2 gap-3">
                  <Measure
                    label={t('From the left')}
                    value={box.x}
                    onChange={(x) => {
                      change({ do: 'move', item: selected, x, y: box.y });
                    }}
                  />
                  <Measure
                    label={t('From the top')}
                    value={box.y}
                    onChange={(y) => {
                      change({ do: 'move', item: selected, x: box.x, y });
                    }}
                  />
                  {shape && (
                    <>
                      <Measure
                        label={t('Width')}
                        value={shape.width}
                        onChange={(width) => {
                          change({ do: 'resize', item: selected, width, height: shape.height });
                        }}
                      />
                      <Measure
                        label={t('Height')}
                        value={shape.height}
                        onChange={(height) => {
                          change({ do: 'resize', item: selected, width: shape.width, height });
                        }}
                      />
                    </>
                  )}
                </div>
                {shape && (
                  <TextField
                    name="text"
                    label={t('Words on it')}
                    maxLength={80}
                    value={shape.text ?? ''}
                    onChange={(event) => {
                      change({ do: 'word', item: selected, text: event.target.value });
                    }}
                  />
                )}
                <div className="flex gap-2">
                  <Button
                    size="sm"
                    onClick={() => {
                      change({ do: 'turn', item: selected });
                    }}
                  >
                    <RotateCw aria-hidden className="size-4" />
                    {t('Turn')}
                  </Button>
                  <Button
                    size="sm"
                    onClick={() => {
                      remove(selected);
                    }}
                  >
                    <Trash2 aria-hidden className="size-4" />
                    {selected.kind === 'seat' ? t('Take off the map') : t('Remove')}
                  </Button>
                </div>
              </div>
            </Section>
          )}
          <Section title={t('Size of the map')}>
            <div className="grid grid-cols-2 gap-3">
              <Measure
                label={t('Width')}
                value={drawing.width}
                onChange={(width) => {
                  change({ do: 'frame', width, height: drawing.height });
                }}
              />
              <Measure
                label={t('Height')}
                value={drawing.height}
                onChange={(height) => {
                  change({ do: 'frame', width: drawing.width, height });
                }}
              />
            </div>
            <p className="mt-2 text-sm text-faint">{t('In steps; a seat is four wide.')}</p>
          </Section>
          <Button
            className="w-full"
            onClick={() =>
              void navigate({
                to: '/w/$workspace/spaces/seats/$branch',
                params: { workspace: tenant, branch },
              })
            }
          >
            {t('Seats now')}
          </Button>
        </div>
      </div>
      {leaving.status === 'blocked' && (
        <FormDialog
          title={t('Leave without saving the map?')}
          intro={t('What you have drawn since it was saved last is lost.')}
          danger
          submit={t('Leave')}
          onClose={leaving.reset}
          run={() => {
            leaving.proceed();
            return Promise.resolve();
          }}
        />
      )}
    </Page>
  );
}

function Measure({
  label,
  value,
  onChange,
}: {
  label: string;
  value: number;
  onChange: (value: number) => void;
}) {
  return (
    <TextField
      name={label}
      label={label}
      type="number"
      min={0}
      max={10_000}
      step={1}
      value={value}
      onChange={(event) => {
        const next = event.target.valueAsNumber;
        if (!Number.isNaN(next)) onChange(next);
      }}
    />
  );
}

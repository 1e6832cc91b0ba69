/** The seats of a branch as they are: at this moment, or for a shift on some dates. */
import type { Drawing, Seat } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { Armchair, PencilRuler } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useFormat, useT } from '@/i18n';
import { Filters } from '@/layout/filters';
import { Loaded } from '@/layout/loaded';
import { Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { useUnits } from '@/pages/workspace/grants';
import { useWorkspace } from '@/shell/workspace';
import { LinkButton } from '@/ui/button';
import { Select } from '@/ui/field';
import { changed, EMPTY, type Item } from './drawing';
import { Floor, type Look } from './floor';
import { hoursOf, later, todayIn } from './hours';
import {
  availabilityQuery,
  branchQuery,
  mapQuery,
  nowQuery,
  seatsQuery,
  shiftsQuery,
  zonesQuery,
} from './queries';
import { SeatPanel } from './seat-panel';
import { atMoment, onDates, tally, type Seated } from './state';
import { lookWord } from './words';

const KEPT = 'gantry.branch';

/** The branch that was looked at last, or the first that one may see. */
function useBranch(): string | undefined {
  const units = useUnits();
  const { branch } = useParams({ strict: false });
  const kept = localStorage.getItem(KEPT);
  return branch ?? units.find(({ id }) => id === kept)?.id ?? units[0]?.id;
}

export function SeatsPage() {
  const t = useT();
  const workspace = useWorkspace();
  const branch = useBranch();
  if (branch === undefined) {
    return (
      <Page title={t('Seats')}>
        <Section>
          <Empty
            icon={<Armchair aria-hidden />}
            title={t('No branch yet')}
            action={
              <LinkButton to="/w/$workspace/spaces/branches" params={{ workspace: workspace.slug }}>
                {t('Branches')}
              </LinkButton>
            }
          >
            {t('Seats belong to a branch. Add one first.')}
          </Empty>
        </Section>
      </Page>
    );
  }
  return <Seats key={branch} branch={branch} />;
}

function Seats({ branch }: { branch: string }) {
  const t = useT();
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const units = useUnits();
  const tenant = workspace.slug;
  const [selected, setSelected] = useState<string | null>(null);
  const hall = useQuery(branchQuery(tenant, branch));
  const zone = hall.data?.time_zone ?? 'UTC';
  const shifts = useQuery(shiftsQuery(tenant, branch));
  const offered = shifts.data?.items.filter(({ active }) => active) ?? [];
  const [shift, setShift] = useState('');
  const [asked, setAsked] = useState<{ from: string; last: string } | null>(null);
  const today = todayIn(zone);
  const from = asked?.from ?? today;
  const last = asked === null || asked.last < from ? from : asked.last;
  const dates = { from, until: later(last, 1) };
  const now = useQuery({ ...nowQuery(tenant, branch), enabled: shift === '' });
  const free = useQuery({
    ...availabilityQuery(tenant, branch, { ...dates, shift }),
    enabled: shift !== '',
  });
  const seats = useQuery(seatsQuery(tenant, branch));
  const zones = useQuery(zonesQuery(tenant, branch));
  const map = useQuery(mapQuery(tenant, branch));
  const stateOf = (seat: Seat): Seated | null =>
    shift === ''
      ? now.data
        ? atMoment(now.data, seat)
        : null
      : free.data
        ? onDates(free.data, shift, seat, dates)
        : null;
  const chosen = seats.data?.items.find(({ id }) => id === selected);
  const params = { workspace: tenant, branch };
  const lay = { to: '/w/$workspace/spaces/branches/$branch' as const, params };
  const known = (children: () => ReactNode) =>
    shift === '' ? (
      <Loaded query={now} height="h-96">
        {children}
      </Loaded>
    ) : (
      <Loaded query={free} height="h-96">
        {children}
      </Loaded>
    );
  return (
    <Page
      title={t('Seats')}
      description={
        shift === ''
          ? t('Who has which seat at this moment. It follows by itself.')
          : t('A seat is free if it can be had on all of these days.')
      }
      actions={
        workspace.can('spaces.seat.write') && (
          <LinkButton to="/w/$workspace/spaces/branches/$branch/map" params={params}>
            <PencilRuler aria-hidden className="size-4" />
            {t('Draw the map')}
          </LinkButton>
        )
      }
    >
      <Filters>
        <Select
          aria-label={t('Branch')}
          className="sm:w-48!"
          value={branch}
          onChange={(event) => {
            localStorage.setItem(KEPT, event.target.value);
            void navigate({
              to: '/w/$workspace/spaces/seats/$branch',
              params: { workspace: tenant, branch: event.target.value },
            });
          }}
          choices={units.map(({ id, name }) => ({ value: id, label: name }))}
        />
        <Select
          aria-label={t('When')}
          className="sm:w-60!"
          value={shift}
          onChange={(event) => {
            setShift(event.target.value);
          }}
          choices={[
            { value: '', label: t('At this moment') },
            ...offered.map((one) => ({ value: one.id, label: `${one.name} · ${hoursOf(one, t)}` })),
          ]}
        />
        {shift !== '' && (
          <>
            <input
              type="date"
              aria-label={t('First day')}
              className="field-box sm:w-40!"
              value={from}
              onChange={(event) => {
                if (event.target.value !== '') setAsked({ from: event.target.value, last });
              }}
            />
            <input
              type="date"
              aria-label={t('Last day')}
              className="field-box sm:w-40!"
              min={from}
              max={later(from, 91)}
              value={last}
              onChange={(event) => {
                if (event.target.value !== '') setAsked({ from, last: event.target.value });
              }}
            />
          </>
        )}
      </Filters>
      <Loaded query={seats} height="h-96">
        {({ items }) =>
          items.length === 0 ? (
            <Section>
              <Empty
                icon={<Armchair aria-hidden />}
                title={t('No seat yet')}
                action={
                  workspace.can('spaces.seat.write') && (
                    <LinkButton look="primary" {...lay}>
                      {t('Set up this branch')}
                    </LinkButton>
                  )
                }
              >
                {t('Zones, seats and shifts are set up on the page of the branch.')}
              </Empty>
            </Section>
          ) : (
            known(() => (
              <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-x-5 xl:grid-cols-[minmax(0,1fr)_20rem]">
                <Section flush>
                  <Legend states={items.map(stateOf)} />
                  <Loaded query={map} height="h-80" className="p-5">
                    {({ drawing }) => (
                      <Plan
                        drawing={drawing}
                        seats={items}
                        stateOf={stateOf}
                        selected={selected}
                        onSelect={setSelected}
                      />
                    )}
                  </Loaded>
                </Section>
                <SeatPanel
                  // What was begun for one seat is not for the next.
                  key={chosen?.id ?? ''}
                  seat={chosen ?? null}
                  seated={chosen ? stateOf(chosen) : null}
                  zones={zones.data?.items ?? []}
                  shifts={shifts.data?.items ?? []}
                  moment={shift === '' ? (now.data ?? null) : null}
                  wanted={shift === '' ? null : { shift, ...dates }}
                  onGone={() => {
                    setSelected(null);
                  }}
                />
              </div>
            ))
          )
        }
      </Loaded>
    </Page>
  );
}

const swatches: Record<Seated['look'], string> = {
  free: 'border-ok bg-ok-soft',
  held: 'border-warn bg-warn-soft border-dashed',
  taken: 'border-accent-fill bg-accent-fill',
  off: 'border-edge bg-sunken',
};

function Legend({ states }: { states: readonly (Seated | null)[] }) {
  const t = useT();
  const { number } = useFormat();
  const counts = tally(states.filter((state) => state !== null));
  const names: Record<Seated['look'], string> = {
    free: t('Free'),
    held: t('Held'),
    taken: t('Taken'),
    off: t('Not to be had'),
  };
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-2 border-b border-line px-5 py-3.5 text-sm">
      {(Object.keys(names) as Seated['look'][]).map((look) => (
        <div key={look} className="flex items-center gap-2">
          <span aria-hidden className={`size-3 rounded-sm border ${swatches[look]}`} />
          <dt className="text-soft">{names[look]}</dt>
          <dd className="font-semibold tabular-nums">{number(counts[look])}</dd>
        </div>
      ))}
    </dl>
  );
}

/** As the owner drew it. What was not drawn yet stands in rows below. */
function Plan({
  drawing,
  seats,
  stateOf,
  selected,
  onSelect,
}: {
  drawing: Drawing;
  seats: readonly Seat[];
  stateOf: (seat: Seat) => Seated | null;
  selected: string | null;
  onSelect: (seat: string | null) => void;
}) {
  const t = useT();
  const known = new Map(seats.map((seat) => [seat.id, seat]));
  const drawn = drawing.width === 0 ? { ...EMPTY, height: 0 } : drawing;
  const whole = changed(drawn, { do: 'arrange', seats });
  const item: Item | null = selected === null ? null : { kind: 'seat', id: selected };
  return (
    <Floor
      drawing={whole}
      selected={item}
      onSelect={(next) => {
        onSelect(next?.kind === 'seat' ? next.id : null);
      }}
      mark={(id) => {
        const seat = known.get(id);
        if (!seat) return null;
        const state = stateOf(seat);
        const look: Look = state?.look ?? 'plain';
        return { label: seat.label, look, said: state ? lookWord(state, t) : '' };
      }}
    />
  );
}

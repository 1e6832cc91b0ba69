/** Choosing a student by typing: of a form's fields the one that knows people. */
import { call, type Student } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import clsx from 'clsx';
import { Search, X } from 'lucide-react';
import { useDeferredValue, useId, useState, type KeyboardEvent, type ReactNode } from 'react';
import { api } from '@/api';
import { useFormat, useT } from '@/i18n';
import { useWorkspace } from '@/shell/workspace';
import { described, Frame, useFieldError } from '@/ui/field';

const studentQuery = (tenant: string, student: string) => ({
  queryKey: ['students', tenant, student],
  queryFn: () =>
    call(
      api.GET('/api/v1/tenants/{tenant}/spaces/students/{student}', {
        params: { path: { tenant, student } },
      }),
    ),
});

/** Their name, and the way to their page, for those who may see them. */
export function StudentName({ student }: { student: string }) {
  const t = useT();
  const workspace = useWorkspace();
  const sees = workspace.can('spaces.student.read');
  const { data } = useQuery({ ...studentQuery(workspace.slug, student), enabled: sees });
  if (!sees) return <>{t('A student')}</>;
  return (
    <Link
      to="/w/$workspace/spaces/students/$student"
      params={{ workspace: workspace.slug, student }}
      className="hover:text-accent hover:underline"
    >
      {data?.name ?? '…'}
    </Link>
  );
}

export function StudentField({
  name,
  label,
  hint,
  branch,
  required = false,
  value,
  onPick,
}: {
  name: string;
  label: ReactNode;
  hint?: ReactNode;
  /** Only students of this branch. */
  branch?: string;
  required?: boolean;
  /** The id of who is chosen at the beginning. */
  value?: string | undefined;
  onPick?: (student: string | null) => void;
}) {
  const t = useT();
  const id = useId();
  const { phone } = useFormat();
  const { slug: tenant } = useWorkspace();
  const error = useFieldError(name, undefined);
  const [picked, setPicked] = useState<string | null>(value ?? null);
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const asked = useDeferredValue(typed.trim());
  const chosen = useQuery({ ...studentQuery(tenant, picked ?? ''), enabled: picked !== null });
  const found = useQuery({
    queryKey: ['students', tenant, 'field', branch ?? '', asked],
    queryFn: () =>
      call(
        api.GET('/api/v1/tenants/{tenant}/spaces/students', {
          params: {
            path: { tenant },
            query: { q: asked, page_size: 6, ...(branch === undefined ? {} : { branch }) },
          },
        }),
      ),
    enabled: picked === null && asked !== '',
  });
  const hits = asked === '' ? [] : (found.data?.items ?? []);
  const pick = (student: Student | null) => {
    setPicked(student?.id ?? null);
    setTyped('');
    setAt(0);
    onPick?.(student?.id ?? null);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setAt(Math.max(0, Math.min(hits.length - 1, at + step)));
    }
    if (event.key === 'Enter' && typed !== '') {
      // Not the form: somebody is being chosen.
      event.preventDefault();
      const hit = hits[at];
      if (hit) pick(hit);
    }
  };
  if (picked !== null) {
    return (
      <Frame id={id} label={label} hint={hint} error={error}>
        <input type="hidden" name={name} value={picked} />
        <div className="flex h-9 items-center gap-2 rounded-md border border-edge bg-sunken pl-2.5">
          <output id={id} className="min-w-0 flex-1 truncate" {...described(id, hint, error)}>
            {chosen.data ? `${chosen.data.name} · ${chosen.data.code}` : '…'}
          </output>
          <button
            type="button"
            aria-label={t('Choose another')}
            className="grid size-9 place-items-center text-faint hover:text-ink"
            onClick={() => {
              pick(null);
            }}
          >
            <X aria-hidden className="size-4" />
          </button>
        </div>
      </Frame>
    );
  }
  const options = `${id}-options`;
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <div className="relative">
        <Search aria-hidden className="absolute top-2.5 left-2.5 size-4 text-faint" />
        <input
          id={id}
          role="combobox"
          aria-expanded={hits.length > 0}
          aria-controls={options}
          aria-autocomplete="list"
          aria-activedescendant={hits[at] ? `${options}-${String(at)}` : undefined}
          autoComplete="off"
          placeholder={t('Name, code or phone')}
          required={required}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={keys}
          className="field-box pl-8!"
          {...described(id, hint, error)}
        />
      </div>
      <div
        id={options}
        role="listbox"
        aria-label={t('Students')}
        className={clsx('overflow-hidden rounded-md border border-line', hits.length === 0 && 'hidden')}
      >
        {hits.map((student, place) => (
          <div
            key={student.id}
            id={`${options}-${String(place)}`}
            role="option"
            aria-selected={place === at}
            className={clsx(
              'flex cursor-pointer justify-between gap-3 px-2.5 py-1.5 text-sm',
              place === at ? 'bg-accent-soft' : 'hover:bg-hover',
            )}
            onPointerDown={(event) => {
              event.preventDefault();
              pick(student);
            }}
          >
            <span className="truncate font-medium">{student.name}</span>
            <span className="shrink-0 text-soft tabular-nums">{phone(student.phone)}</span>
          </div>
        ))}
      </div>
      {asked !== '' && found.data?.items.length === 0 && (
        <p role="status" className="text-sm text-soft">
          {t('Nobody fits.')}
        </p>
      )}
    </Frame>
  );
}

import { all, call, type AuditRecord, type Member } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import {
  Bot,
  CircleSlash,
  Cog,
  Download,
  Link2,
  LifeBuoy,
  UserRound,
  UserRoundCog,
  type LucideIcon,
} from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api';
import { useFormat, useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { Filters as FilterRow } from '@/layout/filters';
import { text } from '@/layout/form';
import { useList } from '@/layout/list';
import { Page, Section } from '@/layout/page';
import { Empty, Problem } from '@/layout/problem';
import { Timeline } from '@/layout/timeline';
import { save } from '@/pages/account/profile';
import { useWorkspace } from '@/shell/workspace';
import { Badge, Skeleton } from '@/ui/bits';
import { Button } from '@/ui/button';
import { Select } from '@/ui/field';

const icons: Record<string, LucideIcon> = {
  identity: UserRound,
  service: Bot,
  system: Cog,
  operator: UserRoundCog,
  impersonator: UserRoundCog,
  rescue: LifeBuoy,
};

interface Filters {
  action: string;
  actor: string;
  outcome: '' | 'done' | 'denied';
  from: string;
  until: string;
}

/** Rows that a browser is asked to fetch for one file: a hundred requests. */
const MOST_EXPORTED = 10_000;

const nothing: Filters = { action: '', actor: '', outcome: '', from: '', until: '' };

export function AuditPage() {
  const t = useT();
  const workspace = useWorkspace();
  const tenant = workspace.slug;
  const [filters, setFilters] = useState(nothing);
  const people = useQuery({
    queryKey: ['people', tenant],
    queryFn: () =>
      all((page_token) =>
        call(
          api.GET('/api/v1/tenants/{tenant}/identity/members', {
            params: {
              path: { tenant },
              query: { page_size: 100, ...(page_token === undefined ? {} : { page_token }) },
            },
          }),
        ),
      ),
    enabled: workspace.can('identity.member.read'),
  });
  const act = useAct();
  const load = (page_size: number, page_token: string | undefined) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/identity/audit', {
        params: {
          path: { tenant },
          query: {
            page_size,
            ...(filters.action === '' ? {} : { action: filters.action }),
            ...(filters.actor === '' ? {} : { actor: filters.actor }),
            ...(filters.outcome === '' ? {} : { outcome: filters.outcome }),
            ...(filters.from === '' ? {} : { from: new Date(`${filters.from}T00:00`).toISOString() }),
            ...(filters.until === '' ? {} : { until: new Date(`${filters.until}T24:00`).toISOString() }),
            ...(page_token === undefined ? {} : { page_token }),
          },
        },
      }),
    );
  const list = useList(['audit', tenant, filters], (page_token) => load(50, page_token));
  /** The rows that the filters let through, one JSON object a line, as the API gives them. */
  const exported = async () => {
    let rows: AuditRecord[];
    try {
      rows = await all((page_token) => load(100, page_token), MOST_EXPORTED);
    } catch (caught) {
      if (!(caught instanceof RangeError)) throw caught;
      throw new Error(t('These are more than {n} rows: narrow the days.', { n: MOST_EXPORTED }));
    }
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
    save(`audit-${tenant}.jsonl`, new Blob(lines, { type: 'application/jsonl' }));
  };
  const set = (change: Partial<Filters>) => {
    setFilters({ ...filters, ...change });
  };
  const filtered = Object.values(filters).some((value) => value !== '');
  return (
    <Page
      title={t('Audit log')}
      description={t('What was done here, by whom, and what was refused. Nobody can change it.')}
      actions={
        <Button busy={act.busy} onClick={() => act.run(exported)}>
          <Download aria-hidden className="size-4" />
          {t('Export')}
        </Button>
      }
    >
      <ActProblem act={act} />
      <FilterRow
        onSubmit={(data) => {
          set({ action: text(data, 'action')?.trim() ?? '' });
        }}
      >
        <input
          name="action"
          aria-label={t('Act')}
          placeholder={t('Act, e.g. identity.member.removed')}
          key={filters.action}
          defaultValue={filters.action}
          onBlur={(event) => {
            if (event.target.value.trim() !== filters.action) set({ action: event.target.value.trim() });
          }}
          className="field-box sm:w-64!"
        />
        {people.data && (
          <Select
            aria-label={t('Who')}
            className="sm:w-44!"
            value={filters.actor}
            onChange={(event) => {
              set({ actor: event.target.value });
            }}
            choices={[
              { value: '', label: t('Everybody') },
              ...people.data.map((member) => ({ value: member.identity, label: member.name })),
            ]}
          />
        )}
        <Select
          aria-label={t('Outcome')}
          className="sm:w-40!"
          value={filters.outcome}
          onChange={(event) => {
            set({ outcome: event.target.value as Filters['outcome'] });
          }}
          choices={[
            { value: '', label: t('Any outcome') },
            { value: 'done', label: t('Done') },
            { value: 'denied', label: t('Refused') },
          ]}
        />
        <input
          type="date"
          aria-label={t('From day')}
          className="field-box sm:w-36!"
          value={filters.from}
          onChange={(event) => {
            set({ from: event.target.value });
          }}
        />
        <input
          type="date"
          aria-label={t('Until day')}
          className="field-box sm:w-36!"
          value={filters.until}
          onChange={(event) => {
            set({ until: event.target.value });
          }}
        />
        {filtered && (
          <Button
            look="ghost"
            onClick={() => {
              setFilters(nothing);
            }}
          >
            {t('Clear')}
          </Button>
        )}
      </FilterRow>
      <Section flush>
        {list.error !== null && (
          <div className="p-4">
            <Problem error={list.error} retry={list.again} />
          </div>
        )}
        {list.loading && <Skeleton className="m-5 h-40" />}
        {!list.loading && list.error === null && list.rows.length === 0 && (
          <Empty icon={<CircleSlash aria-hidden />} title={t('Nothing was done that fits')}>
            {filtered ? t('Take a filter away to see more.') : t('What people do here appears at once.')}
          </Empty>
        )}
        <Timeline
          label={t('Audit log')}
          happenings={list.rows.map((row) => {
            const Icon = icons[row.actor_kind] ?? Cog;
            return {
              id: row.id,
              at: row.at,
              icon: <Icon aria-hidden />,
              content: <Entry row={row} people={people.data ?? []} />,
            };
          })}
        />
        {list.more && (
          <div className="border-t border-line p-3 text-center">
            <Button size="sm" busy={list.loadingMore} onClick={list.loadMore}>
              {t('Show more')}
            </Button>
          </div>
        )}
      </Section>
    </Page>
  );
}

function Entry({ row, people }: { row: AuditRecord; people: readonly Member[] }) {
  const t = useT();
  const { clock } = useFormat();
  const [open, setOpen] = useState(false);
  const kinds: Record<string, string> = {
    system: t('Gantry itself'),
    anonymous: t('Somebody unknown'),
    identity: t('A person who left'),
    operator: t('Platform staff'),
    service: t('A service account'),
    impersonator: t('Platform staff acting as somebody'),
    rescue: t('The server’s owner'),
  };
  const name =
    people.find((member) => member.identity === row.actor_id)?.name ??
    kinds[row.actor_kind] ??
    row.actor_kind;
  const facts: readonly (readonly [string, string | null])[] = [
    [t('On'), [row.target_kind, row.target_id].filter(Boolean).join(' ')],
    [t('From'), row.ip],
    [t('With'), row.user_agent],
    [t('Request'), row.request_id],
  ];
  return (
    <div className="text-sm">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => {
          setOpen(!open);
        }}
        className="flex w-full flex-wrap items-center gap-x-2 gap-y-0.5 text-left"
      >
        <span className="font-medium">{name}</span>
        <code className="font-mono text-xs text-soft">{row.action}</code>
        {row.outcome === 'denied' && <Badge tone="danger">{t('Refused')}</Badge>}
        <span className="ml-auto flex items-center gap-1.5 text-xs text-faint">
          {row.sealed && <Link2 role="img" aria-label={t('In the chain')} className="size-3.5" />}
          {clock(row.at)}
        </span>
      </button>
      {open && (
        <div className="mt-2 mb-1 rounded-lg border border-line bg-canvas p-3">
          <dl className="grid gap-x-6 gap-y-1 sm:grid-cols-2">
            {facts.map(([label, value]) => (
              <div key={label} className="flex min-w-0 gap-2">
                <dt className="text-faint">{label}</dt>
                <dd className="min-w-0 break-words">{value ?? '–'}</dd>
              </div>
            ))}
          </dl>
          <div className="mt-3 grid gap-3 sm:grid-cols-2">
            {row.before != null && <Facts title={t('Before')} value={row.before} />}
            {row.after != null && <Facts title={t('After')} value={row.after} />}
          </div>
          {!row.sealed && (
            <p className="mt-2 text-faint">
              {t('Not yet in the chain: rows are sealed about a second later.')}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

function Facts({ title, value }: { title: string; value: unknown }) {
  return (
    <div className="min-w-0">
      <p className="text-xs font-medium text-faint">{title}</p>
      <pre className="mt-1 overflow-x-auto font-mono text-xs whitespace-pre-wrap">
        {JSON.stringify(value, null, 2)}
      </pre>
    </div>
  );
}

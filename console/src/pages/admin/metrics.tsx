/** What the process that answers has measured, and how much it logs. */
import { call, type Route, type Table, type Window as Measured } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Activity } from 'lucide-react';
import { api, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { given, ListTable } from '@/layout/list';
import { Loaded } from '@/layout/loaded';
import { useNumbers } from '@/layout/numbers';
import { Page, Section, Stats } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { SeriesChart, type SeriesPoint } from '@/layout/series';
import { Badge, type Tone } from '@/ui/bits';
import { LogLevel } from './log-level';

export function MetricsPage() {
  const t = useT();
  const me = useMe();
  const measured = useQuery({
    queryKey: ['admin', 'metrics'],
    queryFn: () => call(api.GET('/api/v1/health/metrics')),
    refetchInterval: 10_000,
  });
  return (
    <Page
      title={t('Metrics')}
      description={t('Of the process that answers. Asked again every 10 seconds.')}
      mark={measured.data && <Wellness health={measured.data.health} />}
    >
      <Loaded query={measured} height="h-96">
        {(data) => (
          <>
            <Now data={data} />
            <Charts data={data} />
            <Routes routes={data.routes} />
            <Tables tables={data.tables} />
            <Caches data={data} />
          </>
        )}
      </Loaded>
      {me.platform_permissions.includes('telemetry.log.read') && <LogLevel />}
    </Page>
  );
}

function Wellness({ health }: { health: Measured['health'] }) {
  const t = useT();
  const words: Record<Measured['health'], readonly [Tone, string]> = {
    healthy: ['ok', t('Well')],
    degraded: ['warn', t('Slow or failing')],
    unhealthy: ['danger', t('Not well')],
  };
  return <Badge tone={words[health][0]}>{words[health][1]}</Badge>;
}

function Now({ data }: { data: Measured }) {
  const t = useT();
  const { number } = useFormat();
  const { bytes, milliseconds, percent, span } = useNumbers();
  const { usage, http } = data;
  const or = (value: number | null, show: (value: number) => string) => (value === null ? '–' : show(value));
  return (
    <Section
      title={t('Now')}
      description={t('Requests and statements of the last {span}.', { span: span(data.seconds) })}
    >
      <Stats
        stats={[
          [t('Requests'), number(http.count)],
          [t('95 of 100 are answered within'), or(http.p95_ms, milliseconds)],
          [
            t('Failed with 5xx'),
            number(http.errors),
            http.count > 0 ? percent(http.errors / http.count) : undefined,
          ],
          [t('Being answered'), number(data.in_progress)],
          [t('Processor'), or(usage.cpu, percent), t('of one core')],
          [t('Memory'), or(usage.memory_bytes, bytes)],
          [t('Open tenants'), or(usage.open_tenants, number)],
          [t('Running for'), or(usage.uptime_seconds, span)],
          [t('Jobs waiting'), or(usage.jobs_due, number)],
          [t('Jobs given up'), or(usage.jobs_dead, number)],
          [t('Mails held'), or(usage.mail_held, number)],
          [t('Password hashes waiting'), or(usage.hashes_waiting, number)],
        ]}
      />
    </Section>
  );
}

function Charts({ data }: { data: Measured }) {
  const t = useT();
  const { number } = useFormat();
  const { bytes, milliseconds, percent } = useNumbers();
  const series = (of: (point: Measured['points'][number]) => number | null): SeriesPoint[] =>
    data.points.flatMap((point) => (point.at === null ? [] : [{ at: point.at, value: of(point) }]));
  const charts = [
    [t('Requests a minute'), series(({ http }) => http.count), number],
    [t('95 of 100 requests within'), series(({ http }) => http.p95_ms), milliseconds],
    [t('Requests failed with 5xx, a minute'), series(({ http }) => http.errors), number],
    [t('Statements a minute'), series(({ database }) => database.count), number],
    [t('Memory'), series(({ usage }) => usage.memory_bytes), bytes],
    [t('Processor, of one core'), series(({ usage }) => usage.cpu), percent],
  ] as const;
  return (
    <Section title={t('The last hours')} description={t('A point a minute, for up to six hours.')}>
      <div className="grid gap-x-8 gap-y-7 sm:grid-cols-2">
        {charts.map(([title, points, show]) => (
          <SeriesChart key={title} title={title} points={points} show={show} />
        ))}
      </div>
    </Section>
  );
}

/** What happened, how often and how long, with what it failed. */
function useColumns() {
  const t = useT();
  const { number } = useFormat();
  const { milliseconds } = useNumbers();
  const right = 'tabular-nums whitespace-nowrap';
  const time = (value: number | null) => (value === null ? '–' : milliseconds(value));
  return <T extends Pick<Route, 'count' | 'mean_ms' | 'p95_ms' | 'errors'>>() => [
    { key: 'count', head: t('How often'), className: right, cell: (row: T) => number(row.count) },
    { key: 'mean', head: t('Mean'), roomy: true, className: right, cell: (row: T) => time(row.mean_ms) },
    { key: 'p95', head: t('95 of 100 within'), className: right, cell: (row: T) => time(row.p95_ms) },
    {
      key: 'errors',
      head: t('Failed'),
      className: right,
      cell: (row: T) => (row.errors > 0 ? <Badge tone="danger">{number(row.errors)}</Badge> : '0'),
    },
  ];
}

function Routes({ routes }: { routes: readonly Route[] }) {
  const t = useT();
  const columns = useColumns();
  const { number } = useFormat();
  return (
    <Section title={t('Routes')} description={t('The most frequent first.')} flush>
      <ListTable
        label={t('Routes')}
        list={given(routes.slice(0, 20))}
        rowKey={(route) => `${route.method} ${route.route}`}
        empty={<Empty icon={<Activity aria-hidden />} title={t('No requests yet')} />}
        columns={[
          {
            key: 'route',
            head: t('Route'),
            cell: (route) => (
              <code className="font-mono text-xs break-all">
                {route.method} {route.route}
              </code>
            ),
          },
          ...columns<Route>(),
          {
            key: 'refused',
            head: t('Refused with 4xx'),
            roomy: true,
            className: 'tabular-nums',
            cell: (route) => number(route.refused),
          },
        ]}
      />
    </Section>
  );
}

function Tables({ tables }: { tables: readonly Table[] }) {
  const t = useT();
  const columns = useColumns();
  return (
    <Section title={t('Statements')} description={t('Those that took the most time together first.')} flush>
      <ListTable
        label={t('Statements')}
        list={given(tables)}
        rowKey={(table) => `${table.operation} ${table.table}`}
        empty={<Empty icon={<Activity aria-hidden />} title={t('No statements yet')} />}
        columns={[
          {
            key: 'table',
            head: t('Statement'),
            cell: (table) => (
              <code className="font-mono text-xs">
                {table.operation} {table.table}
              </code>
            ),
          },
          ...columns<Table>(),
        ]}
      />
    </Section>
  );
}

function Caches({ data }: { data: Measured }) {
  const t = useT();
  const { number } = useFormat();
  const { percent } = useNumbers();
  if (data.caches.length === 0) return null;
  return (
    <Section title={t('Caches')} flush>
      <ListTable
        label={t('Caches')}
        list={given(data.caches)}
        rowKey={({ cache }) => cache}
        empty={null}
        columns={[
          {
            key: 'cache',
            head: t('Cache'),
            cell: ({ cache }) => <code className="font-mono text-xs">{cache}</code>,
          },
          {
            key: 'share',
            head: t('Had the answer'),
            className: 'tabular-nums',
            cell: ({ hits, misses }) => (hits + misses === 0 ? '–' : percent(hits / (hits + misses))),
          },
          {
            key: 'asked',
            head: t('Asked'),
            className: 'tabular-nums',
            cell: ({ hits, misses }) => number(hits + misses),
          },
        ]}
      />
    </Section>
  );
}

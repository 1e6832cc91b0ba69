/** All tenants' databases: where they are, how far their schema is, which are open. */
import { call, type Fleet, type FleetFailure } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Meter } from '@/layout/chart';
import { FormDialog } from '@/layout/form';
import { given, ListTable } from '@/layout/list';
import { Loaded } from '@/layout/loaded';
import { useNumbers } from '@/layout/numbers';
import { Page, Section, Stats } from '@/layout/page';
import { Progress } from '@/layout/wizard';
import { Note } from '@/ui/bits';
import { Button } from '@/ui/button';
import { toast } from '@/ui/toast';
import { fleetQuery, useHomeName } from './homes';

export function FleetPage() {
  const t = useT();
  const me = useMe();
  const [asked, setAsked] = useState(false);
  const fleet = useQuery({
    ...fleetQuery,
    refetchInterval: ({ state }) => (state.data !== undefined && followers(state.data) > 0 ? 2_000 : 10_000),
  });
  const moves = me.platform_permissions.includes('tenancy.tenant.move');
  return (
    <Page
      title={t('Fleet')}
      description={t('The databases of all tenants: their schema, their homes, and what is open.')}
      actions={
        moves &&
        fleet.data !== undefined &&
        fleet.data.schema.behind > 0 && (
          <Button
            look="primary"
            onClick={() => {
              setAsked(true);
            }}
          >
            {t('Bring all to the schema')}
          </Button>
        )
      }
    >
      <Loaded query={fleet} height="h-96">
        {(data) => (
          <>
            <Schema fleet={data} />
            {data.failed.length > 0 && <Failures failed={data.failed} />}
            <Homes fleet={data} />
            <Open fleet={data} />
          </>
        )}
      </Loaded>
      {asked && (
        <FormDialog
          title={t('Bring all tenants to the schema now?')}
          intro={t(
            'Those that failed before are tried again. Each tenant waits for its own database alone, and others work on.',
          )}
          submit={t('Begin')}
          onClose={() => {
            setAsked(false);
          }}
          run={async () => {
            await call(api.POST('/api/v1/admin/fleet/migration'));
            await queries.invalidateQueries({ queryKey: fleetQuery.queryKey });
            toast(t('It has begun.'));
          }}
        />
      )}
    </Page>
  );
}

/** Tenants that are still to follow by themselves. */
const followers = ({ schema }: Fleet): number => schema.behind - schema.failed;

function Schema({ fleet: { schema } }: { fleet: Fleet }) {
  const t = useT();
  const { number } = useFormat();
  return (
    <Section
      title={t('Schema')}
      description={t('A tenant’s database follows this program when it is opened, or in the background.')}
    >
      <Stats
        stats={[
          [t('Migrations of this program'), number(schema.version)],
          [t('Tenants with a database'), number(schema.tenants)],
          [t('Behind'), number(schema.behind)],
          [t('Failed'), number(schema.failed)],
        ]}
      />
      {schema.behind > 0 && (
        <div className="mt-5">
          <Progress
            label={t('Tenants with the present schema')}
            done={schema.tenants - schema.behind}
            total={schema.tenants}
          />
        </div>
      )}
    </Section>
  );
}

function Failures({ failed }: { failed: readonly FleetFailure[] }) {
  const t = useT();
  const { number, time } = useFormat();
  return (
    <Section
      title={t('Could not follow')}
      description={t('These tenants stay with their former schema and answer nothing until they follow.')}
      flush
    >
      <ListTable
        label={t('Could not follow')}
        list={given(failed)}
        rowKey={(one) => one.tenant_id}
        empty={null}
        columns={[
          {
            key: 'tenant',
            head: t('Tenant'),
            cell: (one) => (
              <Link
                to="/admin/tenants/$tenant"
                params={{ tenant: one.tenant_id }}
                className="font-mono text-xs break-all hover:text-accent hover:underline"
              >
                {one.tenant_id}
              </Link>
            ),
          },
          { key: 'error', head: t('Last error'), cell: (one) => one.error },
          { key: 'tries', head: t('Tries'), roomy: true, cell: (one) => number(one.failures) },
          { key: 'at', head: t('Last tried'), roomy: true, cell: (one) => time(one.failed_at) },
        ]}
      />
    </Section>
  );
}

function Homes({ fleet }: { fleet: Fleet }) {
  const t = useT();
  const { number } = useFormat();
  const homeName = useHomeName();
  return (
    <Section title={t('Homes')} description={t('Where databases of tenants can be.')} flush>
      <ListTable
        label={t('Homes')}
        list={given(fleet.homes)}
        rowKey={({ name }) => name}
        empty={null}
        columns={[
          {
            key: 'name',
            head: t('Home'),
            cell: ({ name }) => <span className="font-medium">{homeName(name)}</span>,
          },
          {
            key: 'tenants',
            head: t('Tenants'),
            className: 'tabular-nums',
            cell: ({ tenants }) => (tenants === 1 ? t('1 tenant') : t('{n} tenants', { n: number(tenants) })),
          },
        ]}
      />
      {fleet.homes.length === 1 && (
        <div className="border-t border-line p-4">
          <Note>{t('Further servers are added in the configuration, as database.clusters.')}</Note>
        </div>
      )}
    </Section>
  );
}

function Open({ fleet: { open } }: { fleet: Fleet }) {
  const t = useT();
  const { number } = useFormat();
  const { percent } = useNumbers();
  const wanted = open.hits + open.misses;
  return (
    <Section title={t('Open databases')} description={t('In the process that answers, since its start.')}>
      <Meter label={t('Open now')} used={open.now} most={open.most} />
      <div className="mt-5">
        <Stats
          stats={[
            [t('Found open'), wanted === 0 ? '–' : percent(open.hits / wanted), t('of those wanted')],
            [t('Had to be opened'), number(open.misses)],
            [t('Closed to make room'), number(open.closed)],
            [t('Turned away'), number(open.refused)],
          ]}
        />
      </div>
    </Section>
  );
}

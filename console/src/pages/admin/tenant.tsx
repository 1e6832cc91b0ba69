import { call, type TenantView } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Loaded } from '@/layout/loaded';
import { Facts, Page, Section } from '@/layout/page';
import { limitTitle } from '@/pages/workspace/limits';
import { Note } from '@/ui/bits';
import { Button } from '@/ui/button';
import { Moves } from './moves';
import { TenantActDialog, type TenantAct } from './tenant-acts';
import { TenantBadge } from './tenants';

export function TenantPage() {
  const t = useT();
  const me = useMe();
  const { time, number } = useFormat();
  const { tenant = '' } = useParams({ strict: false });
  const [asked, setAsked] = useState<TenantAct | null>(null);
  const found = useQuery({
    queryKey: ['admin', 'tenants', tenant],
    queryFn: () => call(api.GET('/api/v1/admin/tenants/{tenant}', { params: { path: { tenant } } })),
    // Its database is being made meanwhile.
    refetchInterval: ({ state }) => (state.data?.state === 'provisioning' ? 1_000 : false),
  });
  const back = { label: t('Tenants'), to: '/admin/tenants' as const };
  const { data } = found;
  if (!data) {
    return (
      <Page title={t('Tenant')} back={back} width="narrow">
        <Loaded query={found} height="h-72">
          {() => null}
        </Loaded>
      </Page>
    );
  }
  const may = (permission: string) => me.platform_permissions.includes(permission);
  const removed = data.closure !== null && data.closure.removed_at !== null;
  const offered: readonly (readonly [TenantAct, boolean, string])[] = [
    ['edit', may('tenancy.tenant.edit'), t('Change')],
    ['suspend', may('tenancy.tenant.suspend') && data.state === 'active', t('Suspend')],
    ['resume', may('tenancy.tenant.suspend') && data.state === 'suspended', t('Resume')],
    ['retry', may('tenancy.tenant.create') && data.state === 'failed', t('Try to set up again')],
    [
      'close',
      may('tenancy.tenant.close') && (data.state === 'active' || data.state === 'suspended'),
      t('Close'),
    ],
    [
      'reopen',
      may('tenancy.tenant.close') && data.state === 'closed' && data.closure !== null && !removed,
      t('Open again'),
    ],
  ];
  return (
    <Page
      title={data.name}
      back={back}
      width="narrow"
      unwatched={['admin', 'tenants', tenant]}
      mark={<TenantBadge state={data.state} />}
      actions={offered
        .filter(([, shown]) => shown)
        .map(([act, , label]) => (
          <Button
            key={act}
            onClick={() => {
              setAsked(act);
            }}
          >
            {label}
          </Button>
        ))}
    >
      {data.closure !== null && <Closed closure={data.closure} />}
      {data.reason !== null && (
        <div className="mb-5">
          <Note tone="warn" title={t('Reason')}>
            {data.reason}
          </Note>
        </div>
      )}
      <Section title={t('Tenant')}>
        <Facts
          facts={[
            [t('Address'), data.slug],
            [
              t('Id'),
              <code key="id" className="font-mono text-sm break-all">
                {data.id}
              </code>,
            ],
            [t('Made'), time(data.created_at)],
            [t('Last changed'), time(data.updated_at)],
          ]}
        />
      </Section>
      {data.provisioning !== null && <SetUp provisioning={data.provisioning} />}
      {!removed && data.state !== 'provisioning' && data.state !== 'failed' && <Moves tenant={data} />}
      <Section
        title={t('Limits of its own')}
        description={t('What this tenant may have instead of what the platform allows everybody.')}
        actions={
          may('tenancy.tenant.edit') && (
            <Button
              size="sm"
              onClick={() => {
                setAsked('limits');
              }}
            >
              {t('Change')}
            </Button>
          )
        }
      >
        {data.limits.length === 0 ? (
          <p className="text-soft">{t('None: the limits of the platform hold.')}</p>
        ) : (
          <Facts
            facts={data.limits.map((limit) => [limitTitle(limit.name, t), number(limit.value)] as const)}
          />
        )}
      </Section>
      {asked !== null && (
        <TenantActDialog
          act={asked}
          tenant={data}
          onClose={() => {
            setAsked(null);
          }}
        />
      )}
    </Page>
  );
}

function Closed({ closure }: { closure: NonNullable<TenantView['closure']> }) {
  const t = useT();
  const { time } = useFormat();
  const { closed_at, remove_at, removed_at } = closure;
  return (
    <div className="mb-5">
      {removed_at === null ? (
        <Note tone="danger" title={t('Closed since {time}', { time: time(closed_at) })}>
          {t('Nobody gets in. Its database is removed on {time}; until then it can be opened again.', {
            time: time(remove_at),
          })}
        </Note>
      ) : (
        <Note title={t('Removed on {time}', { time: time(removed_at) })}>
          {t('Its database is gone. Its address and id are never given to another.')}
        </Note>
      )}
    </div>
  );
}

function SetUp({ provisioning }: { provisioning: NonNullable<TenantView['provisioning']> }) {
  const t = useT();
  const { time, number } = useFormat();
  const states: Record<string, string> = {
    requested: t('Under way'),
    done: t('Done'),
    failed: t('Failed'),
  };
  return (
    <Section title={t('Set-up')}>
      <Facts
        facts={[
          [t('State'), states[provisioning.state] ?? provisioning.state],
          [t('Failures'), number(provisioning.failures)],
          [t('Asked for'), time(provisioning.requested_at)],
          [t('Last error'), provisioning.last_error],
        ]}
      />
    </Section>
  );
}

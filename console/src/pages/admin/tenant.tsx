import { call, version, type UpdateTenant } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog, required, text } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Facts, Page, Section } from '@/layout/page';
import { limitNames, limitTitle } from '@/pages/workspace/limits';
import { Note } from '@/ui/bits';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';
import { SlugField, TenantBadge } from './tenants';

export function TenantPage() {
  const t = useT();
  const me = useMe();
  const { time, number } = useFormat();
  const { tenant = '' } = useParams({ strict: false });
  const [asked, setAsked] = useState<'edit' | 'limits' | 'suspend' | 'resume' | 'retry' | null>(null);
  const path = { params: { path: { tenant } } };
  const found = useQuery({
    queryKey: ['admin', 'tenants', tenant],
    queryFn: () => call(api.GET('/api/v1/admin/tenants/{tenant}', path)),
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
  const renew = () => queries.invalidateQueries({ queryKey: ['admin', 'tenants'] });
  const change = async (body: UpdateTenant) => {
    const params = { ...path.params, header: version(data.version) };
    await call(api.PATCH('/api/v1/admin/tenants/{tenant}', { params, body }));
    await renew();
  };
  const close = () => {
    setAsked(null);
  };
  const states: Record<string, string> = {
    requested: t('Under way'),
    done: t('Done'),
    failed: t('Failed'),
  };
  const edits = me.platform_permissions.includes('tenancy.tenant.edit');
  const suspends = me.platform_permissions.includes('tenancy.tenant.suspend');
  const creates = me.platform_permissions.includes('tenancy.tenant.create');
  return (
    <Page
      title={data.name}
      back={back}
      width="narrow"
      mark={<TenantBadge state={data.state} />}
      actions={
        <>
          {edits && (
            <Button
              onClick={() => {
                setAsked('edit');
              }}
            >
              {t('Change')}
            </Button>
          )}
          {suspends && data.state === 'active' && (
            <Button
              onClick={() => {
                setAsked('suspend');
              }}
            >
              {t('Suspend')}
            </Button>
          )}
          {suspends && data.state === 'suspended' && (
            <Button
              onClick={() => {
                setAsked('resume');
              }}
            >
              {t('Resume')}
            </Button>
          )}
          {creates && data.state === 'failed' && (
            <Button
              onClick={() => {
                setAsked('retry');
              }}
            >
              {t('Try to set up again')}
            </Button>
          )}
        </>
      }
    >
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
      {data.provisioning !== null && (
        <Section title={t('Set-up')}>
          <Facts
            facts={[
              [t('State'), states[data.provisioning.state] ?? data.provisioning.state],
              [t('Failures'), number(data.provisioning.failures)],
              [t('Asked for'), time(data.provisioning.requested_at)],
              [t('Last error'), data.provisioning.last_error],
            ]}
          />
        </Section>
      )}
      <Section
        title={t('Limits of its own')}
        description={t('What this tenant may have instead of what the platform allows everybody.')}
        actions={
          edits && (
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
      {asked === 'edit' && (
        <FormDialog
          title={t('Change {name}', { name: data.name })}
          submit={t('Save')}
          onClose={close}
          run={async (form) => {
            await change({ name: required(form, 'name'), slug: required(form, 'slug') });
          }}
        >
          <TextField name="name" label={t('Name')} required maxLength={120} defaultValue={data.name} />
          <SlugField required hint={t('Links with the old address stop working.')} value={data.slug} />
        </FormDialog>
      )}
      {asked === 'limits' && (
        <FormDialog
          title={t('Limits of {name}', { name: data.name })}
          intro={t('Empty: what the platform allows everybody.')}
          submit={t('Save')}
          onClose={close}
          run={async (form) => {
            const wanted = limitNames.map((name) => {
              const value = text(form, name);
              return [name, value === undefined ? null : Number(value)] as const;
            });
            await change({ limits: Object.fromEntries(wanted) });
          }}
        >
          {limitNames.map((name) => (
            <TextField
              key={name}
              name={name}
              type="number"
              min={0}
              step={1}
              label={limitTitle(name, t)}
              pointer={`/limits/${name}`}
              defaultValue={data.limits.find((limit) => limit.name === name)?.value}
            />
          ))}
        </FormDialog>
      )}
      {asked === 'suspend' && (
        <FormDialog
          title={t('Suspend {name}?', { name: data.name })}
          intro={t('Its members can read everything and change nothing, until it is resumed.')}
          danger
          submit={t('Suspend')}
          onClose={close}
          run={async (form) => {
            const body = { reason: required(form, 'reason') };
            await call(api.POST('/api/v1/admin/tenants/{tenant}/suspension', { ...path, body }));
            await renew();
          }}
        >
          <TextField
            name="reason"
            label={t('Reason')}
            required
            maxLength={200}
            hint={t('Its members read it.')}
          />
        </FormDialog>
      )}
      {asked === 'resume' && (
        <FormDialog
          title={t('Resume {name}?', { name: data.name })}
          submit={t('Resume')}
          onClose={close}
          run={async () => {
            await call(api.DELETE('/api/v1/admin/tenants/{tenant}/suspension', path));
            await renew();
          }}
        />
      )}
      {asked === 'retry' && (
        <FormDialog
          title={t('Set {name} up again?', { name: data.name })}
          submit={t('Try again')}
          onClose={close}
          run={async () => {
            await call(api.POST('/api/v1/admin/tenants/{tenant}/provisioning', path));
            await renew();
          }}
        />
      )}
    </Page>
  );
}

import { call, type TenantState } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Building2 } from 'lucide-react';
import { useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog, required } from '@/layout/form';
import { ListTable, useList } from '@/layout/list';
import { Facts, Page, Section } from '@/layout/page';
import { Empty, Problem } from '@/layout/problem';
import { Badge, Note, Skeleton, type Tone } from '@/ui/bits';
import { Button } from '@/ui/button';
import { Select, TextField } from '@/ui/field';

const tones: Record<TenantState, Tone> = {
  provisioning: 'accent',
  active: 'ok',
  suspended: 'warn',
  closed: 'plain',
  failed: 'danger',
};

function TenantBadge({ state }: { state: TenantState }) {
  const t = useT();
  const names: Record<TenantState, string> = {
    provisioning: t('Being set up'),
    active: t('Active'),
    suspended: t('Suspended'),
    closed: t('Closed'),
    failed: t('Failed'),
  };
  return <Badge tone={tones[state]}>{names[state]}</Badge>;
}

export function TenantsPage() {
  const t = useT();
  const { time } = useFormat();
  const [state, setState] = useState<'' | TenantState>('');
  const [slug, setSlug] = useState('');
  const list = useList(['admin', 'tenants', state, slug], (page_token) =>
    call(
      api.GET('/api/v1/admin/tenants', {
        params: {
          query: {
            page_size: 50,
            ...(state === '' ? {} : { state }),
            ...(slug === '' ? {} : { slug }),
            ...(page_token === undefined ? {} : { page_token }),
          },
        },
      }),
    ),
  );
  return (
    <Page title={t('Tenants')}>
      <form
        role="search"
        className="mb-4 flex flex-wrap gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          const typed = new FormData(event.currentTarget).get('slug');
          setSlug(typeof typed === 'string' ? typed.trim() : '');
        }}
      >
        <input
          name="slug"
          aria-label={t('Address')}
          placeholder={t('Address, e.g. north-hall')}
          className="field-box w-60!"
        />
        <Select
          aria-label={t('State')}
          className="w-44!"
          value={state}
          onChange={(event) => {
            setState(event.target.value as '' | TenantState);
          }}
          choices={[
            { value: '', label: t('Any state') },
            { value: 'active', label: t('Active') },
            { value: 'provisioning', label: t('Being set up') },
            { value: 'suspended', label: t('Suspended') },
            { value: 'failed', label: t('Failed') },
          ]}
        />
        <Button type="submit">{t('Find')}</Button>
      </form>
      <Section flush>
        <ListTable
          label={t('Tenants')}
          list={list}
          rowKey={(tenant) => tenant.id}
          empty={
            <Empty icon={<Building2 aria-hidden />} title={t('No tenant fits')}>
              {t('Tenants appear when an owner has confirmed their address.')}
            </Empty>
          }
          columns={[
            {
              key: 'name',
              head: t('Name'),
              cell: (tenant) => (
                <>
                  <Link
                    to="/admin/tenants/$tenant"
                    params={{ tenant: tenant.id }}
                    className="font-medium hover:text-accent hover:underline"
                  >
                    {tenant.name}
                  </Link>
                  <span className="block font-mono text-xs text-faint">{tenant.slug}</span>
                </>
              ),
            },
            { key: 'state', head: t('State'), cell: (tenant) => <TenantBadge state={tenant.state} /> },
            { key: 'reason', head: t('Reason'), roomy: true, cell: (tenant) => tenant.reason ?? '–' },
            { key: 'made', head: t('Made'), roomy: true, cell: (tenant) => time(tenant.created_at) },
          ]}
        />
      </Section>
    </Page>
  );
}

export function TenantPage() {
  const t = useT();
  const me = useMe();
  const { time, number } = useFormat();
  const { tenant = '' } = useParams({ strict: false });
  const [asked, setAsked] = useState<'suspend' | 'resume' | 'retry' | null>(null);
  const path = { params: { path: { tenant } } };
  const found = useQuery({
    queryKey: ['admin', 'tenants', tenant],
    queryFn: () => call(api.GET('/api/v1/admin/tenants/{tenant}', path)),
  });
  const back = { label: t('Tenants'), to: '/admin/tenants' as const };
  const { data } = found;
  if (!data) {
    return (
      <Page title={t('Tenant')} back={back} width="narrow">
        {found.error ? (
          <Problem error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Skeleton className="h-72 w-full" />
        )}
      </Page>
    );
  }
  const renew = () => queries.invalidateQueries({ queryKey: ['admin', 'tenants'] });
  const close = () => {
    setAsked(null);
  };
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
              [t('State'), data.provisioning.state],
              [t('Failures'), number(data.provisioning.failures)],
              [t('Asked for'), time(data.provisioning.requested_at)],
              [t('Last error'), data.provisioning.last_error],
            ]}
          />
        </Section>
      )}
      <Section title={t('Limits of its own')}>
        {data.limits.length === 0 ? (
          <p className="text-soft">{t('None: the limits of the platform hold.')}</p>
        ) : (
          <Facts facts={data.limits.map((limit) => [limit.name, number(limit.value)] as const)} />
        )}
      </Section>
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

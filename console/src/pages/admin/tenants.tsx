import { call, once, type TenantState } from '@gantry/client';
import { Link, useNavigate } from '@tanstack/react-router';
import { Building2, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Filters } from '@/layout/filters';
import { FormDialog, required, text } from '@/layout/form';
import { ListTable, useList } from '@/layout/list';
import { Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { Badge, type Tone } from '@/ui/bits';
import { Button } from '@/ui/button';
import { Select, TextField } from '@/ui/field';
import { useHomeName } from './homes';

const tones: Record<TenantState, Tone> = {
  provisioning: 'accent',
  active: 'ok',
  suspended: 'warn',
  closed: 'plain',
  failed: 'danger',
};

export function TenantBadge({ state }: { state: TenantState }) {
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
  const homeName = useHomeName();
  const [state, setState] = useState<'' | TenantState>('');
  const [slug, setSlug] = useState('');
  const me = useMe();
  const [making, setMaking] = useState(false);
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
    <Page
      title={t('Tenants')}
      description={t('Every workspace of this installation, each with a database of its own.')}
      unwatched={['admin', 'tenants']}
      actions={
        me.platform_permissions.includes('tenancy.tenant.create') && (
          <Button
            look="primary"
            onClick={() => {
              setMaking(true);
            }}
          >
            <Plus aria-hidden className="size-4" />
            {t('Make a tenant')}
          </Button>
        )
      }
    >
      <Filters
        onSubmit={(data) => {
          setSlug(text(data, 'slug')?.trim() ?? '');
        }}
      >
        <input
          name="slug"
          aria-label={t('Address')}
          placeholder={t('Address, e.g. north-hall')}
          className="field-box sm:w-60!"
        />
        <Select
          aria-label={t('State')}
          className="sm:w-44!"
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
            { value: 'closed', label: t('Closed') },
          ]}
        />
        <Button type="submit">{t('Find')}</Button>
      </Filters>
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
            { key: 'home', head: t('Home'), roomy: true, cell: (tenant) => homeName(tenant.home) },
            { key: 'reason', head: t('Reason'), roomy: true, cell: (tenant) => tenant.reason ?? '–' },
            { key: 'made', head: t('Made'), roomy: true, cell: (tenant) => time(tenant.created_at) },
          ]}
        />
      </Section>
      {making && (
        <TenantDialog
          onClose={() => {
            setMaking(false);
          }}
        />
      )}
    </Page>
  );
}

/** Begins a tenant for somebody who has an account. */
function TenantDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const navigate = useNavigate();
  const [key] = useState(once);
  return (
    <FormDialog
      title={t('Make a tenant')}
      intro={t('Its database is made in the background; it is ready a moment later.')}
      submit={t('Make')}
      onClose={onClose}
      run={async (data) => {
        const email = required(data, 'owner');
        const found = await call(api.GET('/api/v1/admin/people', { params: { query: { email } } }));
        const owner = found.items[0];
        if (!owner) throw new Error(t('Nobody has an account with the address {email}.', { email }));
        const address = text(data, 'slug');
        const made = await call(
          api.POST('/api/v1/admin/tenants', {
            params: { header: key },
            body: {
              name: required(data, 'name'),
              owner_identity: owner.id,
              ...(address === undefined ? {} : { slug: address }),
            },
          }),
        );
        await queries.invalidateQueries({ queryKey: ['admin', 'tenants'] });
        await navigate({ to: '/admin/tenants/$tenant', params: { tenant: made.id } });
      }}
    >
      <TextField name="name" label={t('Name')} required maxLength={120} autoComplete="off" />
      <TextField
        name="owner"
        type="email"
        label={t('Address of its owner')}
        pointer="/owner_identity"
        required
        autoComplete="off"
        hint={t('Somebody with an account whose address is confirmed.')}
      />
      <SlugField required={false} hint={t('Empty: made from the name.')} />
    </FormDialog>
  );
}

/** A tenant's name in addresses. */
export function SlugField({
  required: needed,
  hint,
  value,
}: {
  required: boolean;
  hint: string;
  value?: string;
}) {
  const t = useT();
  return (
    <TextField
      name="slug"
      label={t('Address')}
      required={needed}
      minLength={3}
      maxLength={40}
      pattern="[a-z][a-z0-9]*(-[a-z0-9]+)*"
      autoComplete="off"
      className="font-mono"
      hint={hint}
      defaultValue={value}
    />
  );
}

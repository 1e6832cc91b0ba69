import { call, once, version, type ServiceAccount } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Bot, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog, required, useOpened } from '@/layout/form';
import { ListTable, useList } from '@/layout/list';
import { Loaded } from '@/layout/loaded';
import { Facts, Page, Section } from '@/layout/page';
import { Empty, Problem } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Badge } from '@/ui/bits';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';
import { GrantBadges, GrantEditor, rolesQuery, useGrants } from './grants';
import { Keys } from './keys';

export function ServicesPage() {
  const t = useT();
  const workspace = useWorkspace();
  const { day } = useFormat();
  const tenant = workspace.slug;
  const manages = workspace.can('identity.service.manage');
  const [making, setMaking] = useState(false);
  const list = useList(['services', tenant], (page_token) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/identity/service-accounts', {
        params: { path: { tenant }, query: page_token === undefined ? {} : { page_token } },
      }),
    ),
  );
  const make = manages && (
    <Button
      look="primary"
      onClick={() => {
        setMaking(true);
      }}
    >
      <Plus aria-hidden className="size-4" />
      {t('Make a service account')}
    </Button>
  );
  return (
    <Page
      title={t('Service accounts')}
      description={t('Accounts of programs. Each has roles like a person, and keys instead of a password.')}
      actions={make}
    >
      <Section flush>
        <ListTable
          label={t('Service accounts')}
          list={list}
          rowKey={(account) => account.id}
          empty={
            <Empty icon={<Bot aria-hidden />} title={t('No program has access yet')}>
              {t('Make an account for a program, then a key for it.')}
            </Empty>
          }
          columns={[
            {
              key: 'name',
              head: t('Name'),
              cell: (account) => (
                <Link
                  to="/w/$workspace/services/$service"
                  params={{ workspace: tenant, service: account.id }}
                  className="font-medium hover:text-accent hover:underline"
                >
                  {account.name}
                </Link>
              ),
            },
            { key: 'roles', head: t('Roles'), cell: (account) => <GrantBadges grants={account.grants} /> },
            {
              key: 'state',
              head: t('State'),
              cell: (account) =>
                account.disabled_at === null ? (
                  <Badge tone="ok">{t('On')}</Badge>
                ) : (
                  <Badge tone="warn">{t('Off')}</Badge>
                ),
            },
            { key: 'made', head: t('Made'), roomy: true, cell: (account) => day(account.created_at) },
          ]}
        />
      </Section>
      {making && (
        <AccountDialog
          account={null}
          onClose={() => {
            setMaking(false);
          }}
        />
      )}
    </Page>
  );
}

function AccountDialog({ account: found, onClose }: { account: ServiceAccount | null; onClose: () => void }) {
  const t = useT();
  const account = useOpened(found);
  const { slug: tenant } = useWorkspace();
  const roles = useQuery(rolesQuery(tenant));
  const [grants, setGrants] = useGrants(account?.grants ?? []);
  const [key] = useState(once);
  return (
    <FormDialog
      title={account ? t('Change {name}', { name: account.name }) : t('Make a service account')}
      submit={t('Save')}
      disabled={!roles.data}
      onClose={onClose}
      run={async (data) => {
        const name = required(data, 'name');
        await (account
          ? call(
              api.PUT('/api/v1/tenants/{tenant}/identity/service-accounts/{service}', {
                params: { path: { tenant, service: account.id }, header: version(account.version) },
                body: { name, grants, disabled: account.disabled_at !== null },
              }),
            )
          : call(
              api.POST('/api/v1/tenants/{tenant}/identity/service-accounts', {
                params: { path: { tenant }, header: key },
                body: { name, grants },
              }),
            ));
        await queries.invalidateQueries({ queryKey: ['services', tenant] });
      }}
    >
      <TextField name="name" label={t('Name')} required maxLength={80} defaultValue={account?.name} />
      {roles.error && <Problem error={roles.error} />}
      {roles.data && <GrantEditor roles={roles.data} grants={grants} onChange={setGrants} />}
    </FormDialog>
  );
}

export function ServicePage() {
  const t = useT();
  const workspace = useWorkspace();
  const { day } = useFormat();
  const tenant = workspace.slug;
  const { service = '' } = useParams({ strict: false });
  const manages = workspace.can('identity.service.manage');
  const [open, setOpen] = useState<'edit' | 'flip' | 'remove' | null>(null);
  const path = { params: { path: { tenant, service } } };
  const account = useQuery({
    queryKey: ['services', tenant, service],
    queryFn: () => call(api.GET('/api/v1/tenants/{tenant}/identity/service-accounts/{service}', path)),
  });
  const back = {
    label: t('Service accounts'),
    to: '/w/$workspace/services' as const,
    params: { workspace: tenant },
  };
  if (!account.data) {
    return (
      <Page title={t('Service account')} back={back}>
        <Loaded query={account}>{() => null}</Loaded>
      </Page>
    );
  }
  const { data } = account;
  const off = data.disabled_at !== null;
  const close = () => {
    setOpen(null);
  };
  return (
    <Page
      title={data.name}
      back={back}
      mark={off ? <Badge tone="warn">{t('Off')}</Badge> : <Badge tone="ok">{t('On')}</Badge>}
      actions={
        manages && (
          <>
            <Button
              onClick={() => {
                setOpen('edit');
              }}
            >
              {t('Change')}
            </Button>
            <Button
              onClick={() => {
                setOpen('flip');
              }}
            >
              {off ? t('Turn on') : t('Turn off')}
            </Button>
            <Button
              onClick={() => {
                setOpen('remove');
              }}
            >
              {t('Remove')}
            </Button>
          </>
        )
      }
    >
      <Section>
        <Facts
          facts={[
            [t('Roles'), <GrantBadges key="roles" grants={data.grants} />],
            [t('Made'), day(data.created_at)],
          ]}
        />
      </Section>
      <Keys service={service} manages={manages} />
      {open === 'edit' && <AccountDialog account={data} onClose={close} />}
      {open === 'flip' && (
        <FormDialog
          title={off ? t('Turn {name} on?', { name: data.name }) : t('Turn {name} off?', { name: data.name })}
          intro={off ? t('Its keys work again at once.') : t('All its keys stop working within a second.')}
          danger={!off}
          submit={off ? t('Turn on') : t('Turn off')}
          onClose={close}
          run={async () => {
            await call(
              api.PUT('/api/v1/tenants/{tenant}/identity/service-accounts/{service}', {
                params: { ...path.params, header: version(data.version) },
                body: { name: data.name, grants: data.grants, disabled: !off },
              }),
            );
            await queries.invalidateQueries({ queryKey: ['services', tenant] });
          }}
        />
      )}
      {open === 'remove' && (
        <FormDialog
          title={t('Remove {name}?', { name: data.name })}
          intro={t('The account and all its keys are gone for ever.')}
          danger
          submit={t('Remove')}
          onClose={close}
          run={async () => {
            await call(api.DELETE('/api/v1/tenants/{tenant}/identity/service-accounts/{service}', path));
            await queries.invalidateQueries({ queryKey: ['services', tenant] });
          }}
        />
      )}
    </Page>
  );
}

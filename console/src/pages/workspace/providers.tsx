/** The workspace's own sign-in providers (OpenID Connect). */
import { call, once, version, type ClientAuthKind, type WorkspaceProvider } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { LogIn, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useT } from '@/i18n';
import { Entries, Entry, EntryActs } from '@/layout/entries';
import { FormDialog, required, text, useOpened } from '@/layout/form';
import { Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { CALLBACK } from '@/pages/auth/departure';
import { useWorkspace } from '@/shell/workspace';
import { Badge, SecretBox } from '@/ui/bits';
import { Button } from '@/ui/button';
import { PasswordField, SelectField, TextField } from '@/ui/field';

const providersKey = (tenant: string) => ['workspace', tenant, 'providers'];

export function Providers() {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const [making, setMaking] = useState(false);
  const providers = useQuery({
    queryKey: providersKey(tenant),
    queryFn: () =>
      call(api.GET('/api/v1/tenants/{tenant}/identity/providers', { params: { path: { tenant } } })),
  });
  return (
    <Section
      title={t('Own providers')}
      description={t(
        'Members link an account there to theirs, and sign in with it. What such a provider says opens this workspace alone.',
      )}
      flush
      actions={
        <Button
          size="sm"
          onClick={() => {
            setMaking(true);
          }}
        >
          <Plus aria-hidden className="size-3.5" />
          {t('Add a provider')}
        </Button>
      }
    >
      <Entries
        query={providers}
        empty={
          <Empty icon={<LogIn aria-hidden />} title={t('No provider of your own')}>
            {t('Okta, Entra ID, Keycloak and others: whatever speaks OpenID Connect.')}
          </Empty>
        }
      >
        {(provider) => <Row key={provider.id} provider={provider} />}
      </Entries>
      {making && (
        <ProviderDialog
          provider={null}
          onClose={() => {
            setMaking(false);
          }}
        />
      )}
    </Section>
  );
}

function Row({ provider }: { provider: WorkspaceProvider }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const [asked, setAsked] = useState<'edit' | 'flip' | 'remove' | null>(null);
  const { name, enabled } = provider;
  const path = { tenant, provider: provider.id };
  const close = () => {
    setAsked(null);
  };
  const renew = () => queries.invalidateQueries({ queryKey: providersKey(tenant) });
  return (
    <Entry
      icon={<LogIn aria-hidden />}
      title={name}
      mark={enabled ? <Badge tone="ok">{t('On')}</Badge> : <Badge tone="warn">{t('Off')}</Badge>}
      detail={<span className="break-all">{provider.issuer}</span>}
      acts={
        <EntryActs
          acts={[
            { act: 'edit', label: t('Change'), full: t('Change {name}', { name }) },
            {
              act: 'flip',
              label: enabled ? t('Turn off') : t('Turn on'),
              full: enabled ? t('Turn off {name}', { name }) : t('Turn on {name}', { name }),
            },
            { act: 'remove', label: t('Remove'), full: t('Remove {name}', { name }) },
          ]}
          onAct={setAsked}
        />
      }
    >
      {asked === 'edit' && <ProviderDialog provider={provider} onClose={close} />}
      {asked === 'flip' && (
        <FormDialog
          title={enabled ? t('Turn {name} off?', { name }) : t('Turn {name} on?', { name })}
          intro={
            enabled
              ? t('Nobody signs in by it, and whoever did is signed out. What was linked stays.')
              : t('Members who linked it can sign in by it again.')
          }
          danger={enabled}
          submit={enabled ? t('Turn off') : t('Turn on')}
          onClose={close}
          run={async () => {
            const { client_id, client_auth } = provider;
            await call(
              api.PUT('/api/v1/tenants/{tenant}/identity/providers/{provider}', {
                params: { path, header: version(provider.version) },
                body: { name, client_id, client_auth, enabled: !enabled },
              }),
            );
            await renew();
          }}
        />
      )}
      {asked === 'remove' && (
        <FormDialog
          title={t('Remove {name}?', { name })}
          intro={t('What members linked goes with it, and whoever signed in by it is signed out.')}
          danger
          submit={t('Remove')}
          onClose={close}
          run={async () => {
            await call(
              api.DELETE('/api/v1/tenants/{tenant}/identity/providers/{provider}', { params: { path } }),
            );
            await renew();
          }}
        />
      )}
    </Entry>
  );
}

function ProviderDialog({
  provider: found,
  onClose,
}: {
  provider: WorkspaceProvider | null;
  onClose: () => void;
}) {
  const t = useT();
  const provider = useOpened(found);
  const { slug: tenant } = useWorkspace();
  const [key] = useState(once);
  const [auth, setAuth] = useState<ClientAuthKind>(provider?.client_auth ?? 'basic');
  const kinds: readonly { value: ClientAuthKind; label: string }[] = [
    { value: 'basic', label: t('Secret in the header (usual)') },
    { value: 'post', label: t('Secret in the form') },
    { value: 'none', label: t('No secret: a public client') },
  ];
  const send = (data: FormData) => {
    const secret = auth === 'none' ? undefined : text(data, 'client_secret');
    const body = {
      name: required(data, 'name'),
      client_id: required(data, 'client_id'),
      client_auth: auth,
      ...(secret === undefined ? {} : { client_secret: secret }),
    };
    return provider
      ? call(
          api.PUT('/api/v1/tenants/{tenant}/identity/providers/{provider}', {
            params: { path: { tenant, provider: provider.id }, header: version(provider.version) },
            body: { ...body, enabled: provider.enabled },
          }),
        )
      : call(
          api.POST('/api/v1/tenants/{tenant}/identity/providers', {
            params: { path: { tenant }, header: key },
            body: { ...body, issuer: required(data, 'issuer') },
          }),
        );
  };
  return (
    <FormDialog
      title={provider ? t('Change {name}', { name: provider.name }) : t('Add a provider')}
      wide
      submit={provider ? t('Save') : t('Add')}
      onClose={onClose}
      run={async (data) => {
        await send(data);
        await queries.invalidateQueries({ queryKey: providersKey(tenant) });
      }}
    >
      <div>
        <p className="mb-1.5 text-sm font-medium">{t('Redirect address, to be registered there')}</p>
        <SecretBox text={`${location.origin}${CALLBACK}`} label={t('Copy the redirect address')} />
      </div>
      <TextField
        name="name"
        label={t('Name')}
        required
        maxLength={60}
        defaultValue={provider?.name}
        hint={t('Members read it on the button.')}
      />
      {provider === null && (
        <TextField
          name="issuer"
          type="url"
          label={t('Issuer')}
          required
          maxLength={512}
          placeholder="https://example.okta.com"
          hint={t('Letter by letter as the provider writes it. It cannot be changed later.')}
        />
      )}
      <TextField
        name="client_id"
        label={t('Client id')}
        required
        maxLength={255}
        defaultValue={provider?.client_id}
        autoComplete="off"
      />
      <SelectField
        name="client_auth"
        label={t('How Gantry shows that it is the client')}
        choices={kinds}
        value={auth}
        onChange={(event) => {
          const chosen = kinds.find(({ value }) => value === event.target.value);
          if (chosen) setAuth(chosen.value);
        }}
      />
      {auth !== 'none' && (
        <PasswordField
          name="client_secret"
          label={t('Client secret')}
          required={provider === null}
          autoComplete="off"
          hint={provider ? t('Empty: the one that is there stays.') : undefined}
        />
      )}
    </FormDialog>
  );
}

/** What operators do with a tenant: each act in its dialog, with what follows from it. */
import { call, version, type TenantView, type UpdateTenant } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog, required, text, useOpened } from '@/layout/form';
import { ReasonField } from '@/layout/reason';
import { limitNames, limitTitle } from '@/pages/workspace/limits';
import { TextField } from '@/ui/field';
import { configurationQuery } from './configuration';
import { SlugField } from './tenants';

export type TenantAct = 'edit' | 'limits' | 'suspend' | 'resume' | 'retry' | 'close' | 'reopen';

const renew = () => queries.invalidateQueries({ queryKey: ['admin', 'tenants'] });

interface Props {
  tenant: TenantView;
  onClose: () => void;
}

export function TenantActDialog({ act, ...props }: Props & { act: TenantAct }) {
  switch (act) {
    case 'edit':
      return <Edit {...props} />;
    case 'limits':
      return <OwnLimits {...props} />;
    case 'suspend':
      return <Suspend {...props} />;
    case 'close':
      return <CloseForGood {...props} />;
    case 'resume':
    case 'retry':
    case 'reopen':
      return <Undo act={act} {...props} />;
  }
}

async function change(tenant: TenantView, body: UpdateTenant): Promise<void> {
  const params = { path: { tenant: tenant.id }, header: version(tenant.version) };
  await call(api.PATCH('/api/v1/admin/tenants/{tenant}', { params, body }));
  await renew();
}

function Edit({ tenant: found, onClose }: Props) {
  const t = useT();
  const tenant = useOpened(found);
  return (
    <FormDialog
      title={t('Change {name}', { name: tenant.name })}
      submit={t('Save')}
      onClose={onClose}
      run={(form) => change(tenant, { name: required(form, 'name'), slug: required(form, 'slug') })}
    >
      <TextField name="name" label={t('Name')} required maxLength={120} defaultValue={tenant.name} />
      <SlugField required hint={t('Links with the old address stop working.')} value={tenant.slug} />
    </FormDialog>
  );
}

function OwnLimits({ tenant: found, onClose }: Props) {
  const t = useT();
  const tenant = useOpened(found);
  return (
    <FormDialog
      title={t('Limits of {name}', { name: tenant.name })}
      intro={t('Empty: what the platform allows everybody.')}
      submit={t('Save')}
      onClose={onClose}
      run={(form) => {
        const wanted = limitNames.map((name) => {
          const value = text(form, name);
          return [name, value === undefined ? null : Number(value)] as const;
        });
        return change(tenant, { limits: Object.fromEntries(wanted) });
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
          defaultValue={tenant.limits.find((limit) => limit.name === name)?.value}
        />
      ))}
    </FormDialog>
  );
}

function Suspend({ tenant, onClose }: Props) {
  const t = useT();
  const path = { params: { path: { tenant: tenant.id } } };
  return (
    <FormDialog
      title={t('Suspend {name}?', { name: tenant.name })}
      intro={t('Its members can read everything and change nothing, until it is resumed.')}
      danger
      submit={t('Suspend')}
      onClose={onClose}
      run={async (form) => {
        const body = { reason: required(form, 'reason') };
        await call(api.POST('/api/v1/admin/tenants/{tenant}/suspension', { ...path, body }));
        await renew();
      }}
    >
      <ReasonField hint={t('Its members read it.')} />
    </FormDialog>
  );
}

/** How long a closed tenant is kept, as the configuration says it: `720h`. */
function useGrace(): string | null {
  const me = useMe();
  const enabled = me.platform_permissions.includes('telemetry.configuration.read');
  const { data } = useQuery({ ...configurationQuery, enabled });
  const value = data?.items.find(({ key }) => key === 'tenancy.deletion_grace')?.value;
  return value?.replaceAll('"', '') ?? null;
}

function CloseForGood({ tenant, onClose }: Props) {
  const t = useT();
  const grace = useGrace();
  const [typed, setTyped] = useState('');
  const path = { params: { path: { tenant: tenant.id } } };
  const points = [
    t('Nobody gets into the workspace from now on: no member, no service account, no open session.'),
    grace === null
      ? t('Until the waiting time is over, it can be called off, and everything is as before.')
      : t('For {time} it can be called off, and everything is as before.', { time: grace }),
    t('Then its database is removed with all that is in it. Backups that were taken before keep it.'),
    t('Its address is never given to another.'),
  ];
  return (
    <FormDialog
      title={t('Close {name} and delete it?', { name: tenant.name })}
      intro={
        <ul className="list-disc space-y-1 pl-4">
          {points.map((point) => (
            <li key={point}>{point}</li>
          ))}
        </ul>
      }
      danger
      submit={t('Close it')}
      disabled={typed !== tenant.slug}
      onClose={onClose}
      run={async (form) => {
        const body = { reason: required(form, 'reason') };
        await call(api.POST('/api/v1/admin/tenants/{tenant}/closure', { ...path, body }));
        await renew();
      }}
    >
      <ReasonField hint={t('For operators; no personal data.')} />
      <TextField
        name="address"
        label={t('Type {address} to go on', { address: tenant.slug })}
        required
        autoComplete="off"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
        }}
      />
    </FormDialog>
  );
}

function Undo({ act, tenant, onClose }: Props & { act: 'resume' | 'retry' | 'reopen' }) {
  const t = useT();
  const { time } = useFormat();
  const { name, closure } = tenant;
  const path = { params: { path: { tenant: tenant.id } } };
  const acts = {
    resume: {
      title: t('Resume {name}?', { name }),
      submit: t('Resume'),
      run: () => call(api.DELETE('/api/v1/admin/tenants/{tenant}/suspension', path)),
    },
    retry: {
      title: t('Set {name} up again?', { name }),
      submit: t('Try again'),
      run: () => call(api.POST('/api/v1/admin/tenants/{tenant}/provisioning', path)),
    },
    reopen: {
      title: t('Open {name} again?', { name }),
      intro:
        closure && t('It is as it was before it was closed on {time}.', { time: time(closure.closed_at) }),
      submit: t('Open it again'),
      run: () => call(api.DELETE('/api/v1/admin/tenants/{tenant}/closure', path)),
    },
  };
  const { run, ...words } = acts[act];
  return (
    <FormDialog
      {...words}
      onClose={onClose}
      run={async () => {
        await run();
        await renew();
      }}
    />
  );
}

import { call, once, type NewKeyShown } from '@gantry/client';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog, required, text } from '@/layout/form';
import { ListTable, useList } from '@/layout/list';
import { Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Badge, Note, SecretBox } from '@/ui/bits';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { AreaField, SelectField, TextField } from '@/ui/field';

/** The keys of a service account: made, shown once, revoked. */
export function Keys({ service, manages }: { service: string; manages: boolean }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const { day, time } = useFormat();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<NewKeyShown | null>(null);
  const [ending, setEnding] = useState<{ id: string; name: string } | null>(null);
  const list = useList(['services', tenant, service, 'keys'], (page_token) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/identity/service-accounts/{service}/keys', {
        params: { path: { tenant, service }, query: page_token === undefined ? {} : { page_token } },
      }),
    ),
  );
  const [now] = useState(() => Date.now());
  return (
    <Section
      title={t('Keys')}
      flush
      actions={
        manages && (
          <Button
            size="sm"
            onClick={() => {
              setMaking(true);
            }}
          >
            <Plus aria-hidden className="size-3.5" />
            {t('Make a key')}
          </Button>
        )
      }
    >
      <ListTable
        label={t('Keys')}
        list={list}
        rowKey={(key) => key.id}
        empty={
          <Empty icon={<KeyRound aria-hidden />} title={t('No keys yet')}>
            {t('The program cannot call until it has one.')}
          </Empty>
        }
        columns={[
          {
            key: 'name',
            head: t('Name'),
            cell: (key) => (
              <>
                <span className="font-medium">{key.name}</span>
                <span className="block font-mono text-xs text-faint">{key.prefix}…</span>
              </>
            ),
          },
          {
            key: 'state',
            head: t('State'),
            cell: (key) =>
              key.revoked_at !== null ? (
                <Badge tone="danger">{t('Revoked')}</Badge>
              ) : Date.parse(key.expires_at) < now ? (
                <Badge>{t('Expired')}</Badge>
              ) : (
                <Badge tone="ok">{t('Works')}</Badge>
              ),
          },
          {
            key: 'networks',
            head: t('From'),
            roomy: true,
            cell: (key) =>
              key.networks === null ? (
                <span className="text-soft">{t('Anywhere')}</span>
              ) : (
                <span className="font-mono text-xs break-all">{key.networks.join(', ')}</span>
              ),
          },
          { key: 'until', head: t('Until'), cell: (key) => day(key.expires_at) },
          {
            key: 'used',
            head: t('Last used'),
            roomy: true,
            cell: (key) => (key.last_used_at === null ? t('Never') : time(key.last_used_at)),
          },
          {
            key: 'acts',
            head: t('Acts'),
            silent: true,
            className: 'text-right',
            cell: (key) =>
              manages &&
              key.revoked_at === null && (
                <Button
                  look="ghost"
                  size="sm"
                  onClick={() => {
                    setEnding(key);
                  }}
                >
                  {t('Revoke')}
                </Button>
              ),
          },
        ]}
      />
      {making && (
        <FormDialog
          title={t('Make a key')}
          submit={t('Make the key')}
          onClose={() => {
            setMaking(false);
          }}
          run={async (data) => {
            const days = Number(required(data, 'days'));
            const networks = (text(data, 'networks') ?? '').split(/[\s,]+/).filter(Boolean);
            const made = await call(
              api.POST('/api/v1/tenants/{tenant}/identity/service-accounts/{service}/keys', {
                params: { path: { tenant, service }, header: once() },
                body: {
                  name: required(data, 'name'),
                  expires_at: new Date(Date.now() + days * 86_400_000).toISOString(),
                  ...(networks.length > 0 ? { networks } : {}),
                },
              }),
            );
            await queries.invalidateQueries({ queryKey: ['services', tenant] });
            setMade(made);
          }}
        >
          <TextField
            name="name"
            label={t('Name')}
            required
            maxLength={80}
            hint={t('Where the key will be used.')}
          />
          <SelectField
            name="days"
            label={t('Works for')}
            pointer="/expires_at"
            defaultValue="90"
            choices={[30, 90, 180, 364].map((n) => ({ value: String(n), label: t('{n} days', { n }) }))}
          />
          <AreaField
            name="networks"
            label={t('Networks it may be used from')}
            rows={2}
            placeholder="192.0.2.0/24"
            className="font-mono"
            hint={t('Networks or single addresses, one a line; empty for anywhere.')}
          />
        </FormDialog>
      )}
      {made && (
        <Dialog
          title={t('Your new key')}
          onClose={() => {
            setMade(null);
          }}
          wide
        >
          <Note tone="warn" title={t('It is shown this once.')}>
            {t('Put it where the program reads it. Nobody can show it again; a lost key is replaced.')}
          </Note>
          <div className="mt-4">
            <SecretBox text={made.secret} label={t('Copy the key')} />
          </div>
        </Dialog>
      )}
      {ending && (
        <FormDialog
          title={t('Revoke {name}?', { name: ending.name })}
          intro={t('What calls with this key is refused within a second. There is no way back.')}
          danger
          submit={t('Revoke')}
          onClose={() => {
            setEnding(null);
          }}
          run={async () => {
            await call(
              api.DELETE('/api/v1/tenants/{tenant}/identity/service-accounts/{service}/keys/{key}', {
                params: { path: { tenant, service, key: ending.id } },
              }),
            );
            await queries.invalidateQueries({ queryKey: ['services', tenant] });
          }}
        />
      )}
    </Section>
  );
}

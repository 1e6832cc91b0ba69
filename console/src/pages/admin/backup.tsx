/** One backup: what is in it, the proof of each database, and the way back to it for one tenant. */
import { call, type BackupView, type DatabaseView } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { DatabaseBackup } from 'lucide-react';
import { useState } from 'react';
import { api, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog, required } from '@/layout/form';
import { ListTable, useList } from '@/layout/list';
import { Loaded } from '@/layout/loaded';
import { useNumbers } from '@/layout/numbers';
import { Facts, Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { ReasonField } from '@/layout/reason';
import { Badge, Note } from '@/ui/bits';
import { Button } from '@/ui/button';
import { Answers } from './backup-answers';
import { Copies } from './backup-copies';
import { BackupBadge, renewBackups, statusQuery } from './backups';

export function BackupPage() {
  const t = useT();
  const me = useMe();
  const navigate = useNavigate();
  const { time, number } = useFormat();
  const { bytes } = useNumbers();
  const { backup = '' } = useParams({ strict: false });
  const [asked, setAsked] = useState<{ act: 'verify' } | { act: 'restore'; tenant: string } | null>(null);
  const params = { path: { backup } };
  const may = (permission: string) => me.platform_permissions.includes(permission);
  const found = useQuery({
    queryKey: ['admin', 'backups', backup],
    queryFn: () => call(api.GET('/api/v1/admin/backups/{backup}', { params })),
  });
  const databases = useList(['admin', 'backups', backup, 'databases'], (page_token) =>
    call(
      api.GET('/api/v1/admin/backups/{backup}/databases', {
        params: { ...params, query: { page_size: 50, ...(page_token === undefined ? {} : { page_token }) } },
      }),
    ),
  );
  const status = useQuery(statusQuery);
  const causes: Record<BackupView['cause'], string> = {
    schedule: t('The schedule'),
    operator: t('An operator'),
    command: t('gantry backup now'),
  };
  const nameOf = ({ place }: DatabaseView) => (place === 'control' ? t('Control database') : place);
  const back = { label: t('Backups and drills'), to: '/admin/backups' as const };
  const close = () => {
    setAsked(null);
  };
  const begun = async () => {
    await renewBackups();
    await navigate({ to: '/admin/backups' });
  };
  const { data } = found;
  if (!data) {
    return (
      <Page title={t('Backup')} back={back}>
        <Loaded query={found} height="h-72">
          {() => null}
        </Loaded>
      </Page>
    );
  }
  const there = data.removed_at === null && data.state !== 'running';
  return (
    <Page
      title={time(data.started_at)}
      back={back}
      mark={data.removed_at === null ? <BackupBadge state={data.state} /> : <Badge>{t('Removed')}</Badge>}
      actions={
        there &&
        may('backup.backup.run') && (
          <Button
            onClick={() => {
              setAsked({ act: 'verify' });
            }}
          >
            {t('Check it again')}
          </Button>
        )
      }
    >
      {data.error !== null && (
        <div className="mb-5">
          <Note tone="danger" title={t('What went wrong')}>
            {data.error}
          </Note>
        </div>
      )}
      <Section>
        <Facts
          facts={[
            [
              t('Name'),
              <code key="name" className="font-mono text-sm break-all">
                {data.name}
              </code>,
            ],
            [t('Size'), bytes(data.bytes)],
            [t('Proven'), t('{n} of {most}', { n: number(data.proven), most: number(data.databases) })],
            [t('Finished'), data.finished_at === null ? null : time(data.finished_at)],
            [t('Last looked at again'), data.verified_at === null ? null : time(data.verified_at)],
            [t('Wanted by'), causes[data.cause]],
            [t('Taken by version'), data.program],
          ]}
        />
      </Section>
      {data.state !== 'running' && (
        <Copies copies={data.copies} expected={(status.data?.stores.length ?? 1) - 1} />
      )}
      <Section
        title={t('Databases')}
        description={t('Each was restored to scratch and compared, and the API was asked over the copy.')}
        flush
      >
        <ListTable
          label={t('Databases')}
          list={databases}
          rowKey={(one) => one.place}
          empty={<Empty icon={<DatabaseBackup aria-hidden />} title={t('Nothing is in it')} />}
          columns={[
            {
              key: 'place',
              head: t('Database'),
              cell: (one) => (
                <>
                  <code className="font-mono text-xs break-all">{nameOf(one)}</code>
                  {one.error !== null && <span className="block text-danger">{one.error}</span>}
                </>
              ),
            },
            {
              key: 'proven',
              head: t('Proof'),
              cell: (one) =>
                one.proven ? <Badge tone="ok">{t('Equal')}</Badge> : <Badge tone="danger">{t('None')}</Badge>,
            },
            {
              key: 'answers',
              head: t('Answers'),
              cell: (one) => <Answers of={one} name={nameOf(one)} />,
            },
            {
              key: 'at',
              head: t('Proven'),
              roomy: true,
              cell: (one) => (one.proven_at === null ? '–' : time(one.proven_at)),
            },
            { key: 'rows', head: t('Rows'), roomy: true, cell: (one) => number(one.rows) },
            { key: 'size', head: t('Size'), roomy: true, cell: (one) => bytes(one.bytes) },
            {
              key: 'acts',
              head: t('Acts'),
              silent: true,
              className: 'text-right',
              cell: (one) =>
                there &&
                one.proven &&
                one.place !== 'control' &&
                may('backup.backup.restore') && (
                  <Button
                    look="ghost"
                    size="sm"
                    onClick={() => {
                      setAsked({ act: 'restore', tenant: one.place });
                    }}
                  >
                    {t('Restore')}
                  </Button>
                ),
            },
          ]}
        />
      </Section>
      {asked?.act === 'verify' && (
        <FormDialog
          title={t('Check this backup again?')}
          intro={t('All its files are read, and each database is restored to scratch and compared.')}
          submit={t('Check it')}
          onClose={close}
          run={async () => {
            await call(api.POST('/api/v1/admin/backups/{backup}/verifications', { params }));
            await begun();
          }}
        />
      )}
      {asked?.act === 'restore' && (
        <FormDialog
          title={t('Take this tenant back?')}
          intro={t(
            'It begins a new life with what it held at {time}. What was written since is left behind in its former database, which is kept. Mail that waited is held for review. Other tenants are not touched.',
            { time: time(data.started_at) },
          )}
          danger
          submit={t('Take it back')}
          onClose={close}
          run={async (form) => {
            const body = { tenant: asked.tenant, reason: required(form, 'reason') };
            await call(api.POST('/api/v1/admin/backups/{backup}/restores', { params, body }));
            await begun();
          }}
        >
          <ReasonField most={500} hint={t('For the audit log.')} />
        </FormDialog>
      )}
    </Page>
  );
}

/** Backups of the installation, their proofs, and what operators asked for. */
import { call, type BackupStatus, type BackupView, type WorkView } from '@gantry/client';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { DatabaseBackup, HardDriveDownload } from 'lucide-react';
import { useEffect, useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog } from '@/layout/form';
import { ListTable, useList } from '@/layout/list';
import { Loaded } from '@/layout/loaded';
import { useNumbers } from '@/layout/numbers';
import { Facts, Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { Progress } from '@/layout/wizard';
import { Badge, Note, type Tone } from '@/ui/bits';
import { Button } from '@/ui/button';
import { CopyBadges, useStores } from './backup-copies';

const tones: Record<BackupView['state'], Tone> = {
  running: 'accent',
  done: 'ok',
  partial: 'warn',
  failed: 'danger',
};

export function BackupBadge({ state }: { state: BackupView['state'] }) {
  const t = useT();
  const names: Record<BackupView['state'], string> = {
    running: t('Being taken'),
    done: t('Proven'),
    partial: t('Partly proven'),
    failed: t('Failed'),
  };
  return <Badge tone={tones[state]}>{names[state]}</Badge>;
}

export const statusQuery = queryOptions({
  queryKey: ['admin', 'backups', 'status'],
  queryFn: () => call(api.GET('/api/v1/admin/backup-status')),
});

export const renewBackups = () => queries.invalidateQueries({ queryKey: ['admin', 'backups'] });

export function BackupsPage() {
  const t = useT();
  const me = useMe();
  const [taking, setTaking] = useState(false);
  const status = useQuery({
    ...statusQuery,
    refetchInterval: ({ state }) => ((state.data?.under_way.length ?? 0) > 0 ? 1_000 : 10_000),
  });
  // The status is asked for again and again; what it tells of that is new is in the lists below, too.
  const { under_way = [], last = null } = status.data ?? {};
  const news = JSON.stringify([under_way.map(({ id, state }) => [id, state]), last]);
  useEffect(() => {
    for (const about of ['list', 'works']) {
      void queries.invalidateQueries({ queryKey: ['admin', 'backups', about] });
    }
  }, [news]);
  const runs = me.platform_permissions.includes('backup.backup.run') && status.data?.configured === true;
  return (
    <Page
      title={t('Backups and drills')}
      description={t('A backup counts when each of its databases was restored elsewhere and found equal.')}
      actions={
        runs && (
          <Button
            look="primary"
            onClick={() => {
              setTaking(true);
            }}
          >
            <HardDriveDownload aria-hidden className="size-4" />
            {t('Take a backup now')}
          </Button>
        )
      }
    >
      <Loaded query={status} height="h-28">
        {(known) => <Status status={known} />}
      </Loaded>
      <Backups />
      <Works />
      {taking && (
        <FormDialog
          title={t('Take a backup now?')}
          intro={t(
            'Every database is copied and each copy is restored for proof. It runs beside other work.',
          )}
          submit={t('Take it')}
          onClose={() => {
            setTaking(false);
          }}
          run={async () => {
            await call(api.POST('/api/v1/admin/backups'));
            await renewBackups();
          }}
        />
      )}
    </Page>
  );
}

function Status({ status }: { status: BackupStatus }) {
  const t = useT();
  const stores = useStores();
  const { time, number } = useFormat();
  if (!status.configured) {
    return (
      <div className="mb-5">
        <Note tone="warn" title={t('No place for backups is configured')}>
          {t('None are taken until there is one: see “Backups” in the operating manual.')}
        </Note>
      </div>
    );
  }
  return (
    <Section title={t('Now')}>
      <Facts
        facts={[
          [t('Last backup'), status.last === null ? t('None yet') : time(status.last.started_at)],
          [
            t('Last that was proven whole'),
            status.last_done === null ? t('None yet') : time(status.last_done.started_at),
          ],
          [
            t('Last proof of any database'),
            status.last_proof_at === null ? t('None yet') : time(status.last_proof_at),
          ],
          [t('Stores'), status.stores.map((store) => stores[store]).join(', ')],
          [t('Taken every'), t('{n} hours', { n: number(status.every_seconds / 3600) })],
        ]}
      />
      {status.under_way.length > 0 && (
        <div className="mt-5 flex flex-col gap-4">
          {status.under_way.map((work) => (
            <WorkProgress key={work.id} work={work} />
          ))}
        </div>
      )}
    </Section>
  );
}

function useKinds(): Record<WorkView['kind'], string> {
  const t = useT();
  return { take: t('Taking a backup'), verify: t('Checking a backup'), restore: t('Restoring a tenant') };
}

function WorkProgress({ work }: { work: WorkView }) {
  const kinds = useKinds();
  return <Progress label={kinds[work.kind]} done={work.steps_done} total={work.steps} />;
}

function Backups() {
  const t = useT();
  const { time, number } = useFormat();
  const { bytes } = useNumbers();
  const list = useList(['admin', 'backups', 'list'], (page_token) =>
    call(
      api.GET('/api/v1/admin/backups', {
        params: { query: { page_size: 20, ...(page_token === undefined ? {} : { page_token }) } },
      }),
    ),
  );
  return (
    <Section title={t('Backups')} flush>
      <ListTable
        label={t('Backups')}
        list={list}
        rowKey={(backup) => backup.id}
        empty={
          <Empty icon={<DatabaseBackup aria-hidden />} title={t('No backup yet')}>
            {t('The first is taken by the schedule, or by you.')}
          </Empty>
        }
        columns={[
          {
            key: 'name',
            head: t('Backup'),
            cell: (backup) => (
              <Link
                to="/admin/backups/$backup"
                params={{ backup: backup.id }}
                className="font-medium hover:text-accent hover:underline"
              >
                {time(backup.started_at)}
              </Link>
            ),
          },
          {
            key: 'state',
            head: t('State'),
            cell: (backup) =>
              backup.removed_at === null ? (
                <BackupBadge state={backup.state} />
              ) : (
                <Badge>{t('Removed')}</Badge>
              ),
          },
          {
            key: 'proven',
            head: t('Proven'),
            cell: (backup) => (
              <span className="tabular-nums">
                {t('{n} of {most}', { n: number(backup.proven), most: number(backup.databases) })}
              </span>
            ),
          },
          { key: 'size', head: t('Size'), roomy: true, cell: (backup) => bytes(backup.bytes) },
          {
            key: 'copies',
            head: t('Copies'),
            roomy: true,
            cell: (backup) => <CopyBadges copies={backup.copies} />,
          },
        ]}
      />
    </Section>
  );
}

/** What operators asked for, and what became of it. */
function Works() {
  const t = useT();
  const { time } = useFormat();
  const kinds = useKinds();
  const list = useList(['admin', 'backups', 'works'], (page_token) =>
    call(
      api.GET('/api/v1/admin/backup-works', {
        params: { query: { page_size: 20, ...(page_token === undefined ? {} : { page_token }) } },
      }),
    ),
  );
  const states: Record<WorkView['state'], readonly [Tone, string]> = {
    queued: ['plain', t('Waiting')],
    running: ['accent', t('Under way')],
    done: ['ok', t('Done')],
    failed: ['danger', t('Failed')],
  };
  if (list.error === null && !list.loading && list.rows.length === 0) return null;
  return (
    <Section title={t('Asked for by operators')} flush>
      <ListTable
        label={t('Asked for by operators')}
        list={list}
        rowKey={(work) => work.id}
        empty={null}
        columns={[
          {
            key: 'kind',
            head: t('Work'),
            cell: (work) => (
              <>
                <span className="font-medium">{kinds[work.kind]}</span>
                {work.reason !== null && <span className="block text-soft">{work.reason}</span>}
                {work.error !== null && <span className="block text-danger">{work.error}</span>}
                {work.restored !== null && (
                  <span className="block text-soft">
                    {t('Taken back to {time}; {n} mails are held.', {
                      time: time(work.restored.taken_at),
                      n: work.restored.mails_held,
                    })}
                  </span>
                )}
              </>
            ),
          },
          {
            key: 'state',
            head: t('State'),
            cell: (work) => <Badge tone={states[work.state][0]}>{states[work.state][1]}</Badge>,
          },
          { key: 'at', head: t('Asked'), roomy: true, cell: (work) => time(work.asked_at) },
          {
            key: 'end',
            head: t('Ended'),
            roomy: true,
            cell: (work) => (work.ended_at === null ? '–' : time(work.ended_at)),
          },
        ]}
      />
    </Section>
  );
}

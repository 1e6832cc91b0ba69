/** Work that waits for a person: mails that are held or failed, and jobs that were given up. */
import { call, type OutboxState } from '@gantry/client';
import { Mail, Skull } from 'lucide-react';
import { useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { Filters } from '@/layout/filters';
import { ListTable, useList } from '@/layout/list';
import { Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { Badge, type Tone } from '@/ui/bits';
import { Button } from '@/ui/button';
import { Select } from '@/ui/field';
import { toast } from '@/ui/toast';

const tones: Partial<Record<OutboxState, Tone>> = {
  sent: 'ok',
  held: 'warn',
  dead: 'danger',
  sending: 'accent',
};

/** Runs an act on one row, and shows the list as it is afterwards. */
function useRowAct(key: string) {
  const act = useAct();
  const run = (work: () => Promise<unknown>, said: string) =>
    act.run(async () => {
      await work();
      await queries.invalidateQueries({ queryKey: ['admin', key] });
      toast(said);
    });
  return { act, run };
}

export function MailsPage() {
  const t = useT();
  const me = useMe();
  const { time, number } = useFormat();
  const { act, run } = useRowAct('mails');
  const [state, setState] = useState<'' | OutboxState>('');
  const names: Record<OutboxState, string> = {
    queued: t('Waiting'),
    held: t('Held'),
    sending: t('Being sent'),
    sent: t('Sent'),
    skipped: t('Not needed any more'),
    dead: t('Given up'),
  };
  const list = useList(['admin', 'mails', state], (page_token) =>
    call(
      api.GET('/api/v1/admin/mails', {
        params: {
          query: {
            page_size: 50,
            ...(state === '' ? {} : { state }),
            ...(page_token === undefined ? {} : { page_token }),
          },
        },
      }),
    ),
  );
  return (
    <Page
      title={t('Mail')}
      description={t('Mails of the platform: to whom and of what kind, never their content.')}
      unwatched={['admin', 'mails']}
    >
      <Filters>
        <Select
          aria-label={t('State')}
          className="sm:w-52!"
          value={state}
          onChange={(event) => {
            setState(event.target.value as '' | OutboxState);
          }}
          choices={[
            { value: '', label: t('Any state') },
            ...Object.entries(names).map(([value, label]) => ({ value, label })),
          ]}
        />
      </Filters>
      <ActProblem act={act} />
      <Section flush>
        <ListTable
          label={t('Mail')}
          list={list}
          rowKey={(mail) => mail.id}
          empty={<Empty icon={<Mail aria-hidden />} title={t('No mail fits')} />}
          columns={[
            {
              key: 'to',
              head: t('To'),
              cell: (mail) => (
                <>
                  {mail.recipient}
                  <span className="block font-mono text-xs text-faint">{mail.template}</span>
                </>
              ),
            },
            {
              key: 'state',
              head: t('State'),
              cell: (mail) => (
                <>
                  <Badge tone={tones[mail.state] ?? 'plain'}>{names[mail.state]}</Badge>
                  {mail.last_error !== null && mail.state !== 'sent' && (
                    <span className="mt-1 block text-xs text-danger">{mail.last_error}</span>
                  )}
                </>
              ),
            },
            { key: 'tries', head: t('Tries'), roomy: true, cell: (mail) => number(mail.attempts) },
            { key: 'at', head: t('Made'), roomy: true, cell: (mail) => time(mail.created_at) },
            {
              key: 'acts',
              head: t('Acts'),
              silent: true,
              className: 'text-right',
              cell: (mail) =>
                me.platform_permissions.includes('notify.mail.retry') &&
                (mail.state === 'held' || mail.state === 'dead') && (
                  <Button
                    look="ghost"
                    size="sm"
                    onClick={() =>
                      run(
                        () =>
                          call(
                            api.POST('/api/v1/admin/mails/{id}/retry', { params: { path: { id: mail.id } } }),
                          ),
                        t('The mail is tried again.'),
                      )
                    }
                  >
                    {t('Try again')}
                  </Button>
                ),
            },
          ]}
        />
      </Section>
    </Page>
  );
}

export function JobsPage() {
  const t = useT();
  const me = useMe();
  const { time, number } = useFormat();
  const { act, run } = useRowAct('jobs');
  const list = useList(['admin', 'jobs'], (page_token) =>
    call(
      api.GET('/api/v1/admin/jobs/dead', {
        params: { query: { page_size: 50, ...(page_token === undefined ? {} : { page_token }) } },
      }),
    ),
  );
  return (
    <Page
      title={t('Dead jobs')}
      description={t('Work of the platform that was given up after its last attempt.')}
      unwatched={['admin', 'jobs']}
    >
      <ActProblem act={act} />
      <Section flush>
        <ListTable
          label={t('Dead jobs')}
          list={list}
          rowKey={(job) => job.id}
          empty={
            <Empty icon={<Skull aria-hidden />} title={t('Nothing was given up')}>
              {t('Jobs that fail are tried again by themselves; only those that never succeed end here.')}
            </Empty>
          }
          columns={[
            {
              key: 'kind',
              head: t('Kind'),
              cell: (job) => <code className="font-mono text-xs">{job.kind}</code>,
            },
            { key: 'error', head: t('Last error'), cell: (job) => job.last_error ?? '–' },
            { key: 'tries', head: t('Tries'), roomy: true, cell: (job) => number(job.attempts) },
            { key: 'at', head: t('Given up'), roomy: true, cell: (job) => time(job.updated_at) },
            {
              key: 'acts',
              head: t('Acts'),
              silent: true,
              className: 'text-right',
              cell: (job) =>
                me.platform_permissions.includes('notify.job.replay') && (
                  <Button
                    look="ghost"
                    size="sm"
                    onClick={() =>
                      run(
                        () =>
                          call(
                            api.POST('/api/v1/admin/jobs/{id}/replay', { params: { path: { id: job.id } } }),
                          ),
                        t('The job is run again.'),
                      )
                    }
                  >
                    {t('Run again')}
                  </Button>
                ),
            },
          ]}
        />
      </Section>
    </Page>
  );
}

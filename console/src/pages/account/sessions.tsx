import { call, type Session } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Monitor, TerminalSquare } from 'lucide-react';
import { useState } from 'react';
import { api, queries, signOut } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog } from '@/layout/form';
import { Page, Section } from '@/layout/page';
import { Problem } from '@/layout/problem';
import { Badge, Skeleton } from '@/ui/bits';
import { Button } from '@/ui/button';

/** The browser and system of a user agent, as far as people care. */
export function agentName(agent: string | null): string | null {
  if (agent === null) return null;
  const browser = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'].find((name) => agent.includes(`${name}/`));
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) =>
    agent.includes(name),
  );
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera' };
  if (browser === undefined) return agent.slice(0, 60);
  const shown = names[browser] ?? browser;
  return system === undefined ? shown : `${shown}, ${system}`;
}

export function SessionsPage() {
  const t = useT();
  const sessions = useQuery({
    queryKey: ['me', 'sessions'],
    queryFn: () => call(api.GET('/api/v1/me/sessions')),
  });
  const [asked, setAsked] = useState(false);
  return (
    <Page
      title={t('Sessions')}
      description={t(
        'Where you are signed in. End what you do not recognise, and change your password then.',
      )}
      width="narrow"
      actions={
        <Button
          onClick={() => {
            setAsked(true);
          }}
        >
          {t('Sign out everywhere')}
        </Button>
      }
    >
      <Section flush>
        {sessions.error && (
          <div className="p-4">
            <Problem error={sessions.error} retry={() => void sessions.refetch()} />
          </div>
        )}
        {sessions.isPending && <Skeleton className="m-5 h-16" />}
        <ul className="divide-y divide-line">
          {sessions.data?.items.map((session) => (
            <Row key={session.id} session={session} />
          ))}
        </ul>
      </Section>
      {asked && (
        <FormDialog
          title={t('Sign out everywhere?')}
          intro={t('Every session ends, this one too.')}
          danger
          submit={t('Sign out everywhere')}
          onClose={() => {
            setAsked(false);
          }}
          run={async () => {
            await call(api.DELETE('/api/v1/me/sessions'));
            await queries.invalidateQueries({ queryKey: ['me'] });
          }}
        />
      )}
    </Page>
  );
}

function Row({ session }: { session: Session }) {
  const t = useT();
  const { time } = useFormat();
  const [error, setError] = useState<unknown>(null);
  const Icon = session.kind === 'browser' || session.kind === 'cookie' ? Monitor : TerminalSquare;
  return (
    <li className="flex flex-wrap items-center gap-3 px-5 py-3.5">
      <Icon aria-hidden className="size-5 text-faint" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {agentName(session.user_agent) ?? t('Unknown program')}
          {session.current && <Badge tone="accent">{t('This one')}</Badge>}
          {session.impersonated && <Badge tone="danger">{t('Staff acting as you')}</Badge>}
        </p>
        <p className="text-sm text-soft">
          {session.ip ?? t('unknown address')} · {t('last used {time}', { time: time(session.last_seen_at) })}
        </p>
        {error !== null && <Problem error={error} />}
      </div>
      <Button
        size="sm"
        onClick={async () => {
          setError(null);
          try {
            if (session.current) await signOut();
            else {
              await call(
                api.DELETE('/api/v1/me/sessions/{session}', { params: { path: { session: session.id } } }),
              );
              await queries.invalidateQueries({ queryKey: ['me', 'sessions'] });
            }
          } catch (caught) {
            setError(caught);
          }
        }}
      >
        {session.current ? t('Sign out') : t('End')}
      </Button>
    </li>
  );
}

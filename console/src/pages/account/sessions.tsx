import { call, type Session } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Monitor, TerminalSquare } from 'lucide-react';
import { useState } from 'react';
import { api, queries, signOut } from '@/api';
import { useFormat, useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { FormDialog } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Page, Section } from '@/layout/page';
import { Badge } from '@/ui/bits';
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
        <Loaded query={sessions} height="h-16" className="p-5">
          {({ items }) => (
            <ul className="divide-y divide-line">
              {items.map((session) => (
                <Row key={session.id} session={session} />
              ))}
            </ul>
          )}
        </Loaded>
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
  const act = useAct();
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
        <ActProblem act={act} />
      </div>
      <Button
        size="sm"
        disabled={act.busy}
        onClick={() =>
          act.run(async () => {
            if (session.current) return signOut();
            const params = { path: { session: session.id } };
            await call(api.DELETE('/api/v1/me/sessions/{session}', { params }));
            return queries.invalidateQueries({ queryKey: ['me', 'sessions'] });
          })
        }
      >
        {session.current ? t('Sign out') : t('End')}
      </Button>
    </li>
  );
}

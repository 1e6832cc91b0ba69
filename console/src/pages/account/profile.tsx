import { call } from '@gantry/client';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, queries, sessionOver, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { Form, FormDialog, required } from '@/layout/form';
import { Facts, Page, Section } from '@/layout/page';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';

export function ProfilePage() {
  const t = useT();
  const me = useMe();
  const { day } = useFormat();
  return (
    <Page title={t('Profile')} width="narrow">
      <Section title={t('You')}>
        <Facts
          facts={[
            [t('Name'), me.name],
            [t('E-mail address'), me.email],
          ]}
        />
      </Section>
      <ChangeAddress />
      <Section
        title={t('Memberships')}
        description={t('What you may do in each workspace is decided there.')}
        flush
      >
        <ul className="divide-y divide-line">
          {me.memberships.map((membership) => (
            <li
              key={membership.tenant}
              className="flex flex-wrap items-center justify-between gap-2 px-5 py-3"
            >
              <span>
                <span className="font-medium">{membership.name}</span>{' '}
                <span className="text-sm text-faint">
                  {t('since {day}', { day: day(membership.joined_at) })}
                </span>
              </span>
              <Leave slug={membership.slug} name={membership.name} />
            </li>
          ))}
          {me.memberships.length === 0 && <li className="px-5 py-3 text-soft">{t('None yet.')}</li>}
        </ul>
      </Section>
      <Export />
      <Close />
    </Page>
  );
}

function ChangeAddress() {
  const t = useT();
  const [sent, setSent] = useState<string | null>(null);
  return (
    <Section
      title={t('Change your address')}
      description={t('The new mailbox gets a link; until it is followed you sign in with the old address.')}
    >
      <Form
        submit={t('Send the link')}
        run={async (data) => {
          const email = required(data, 'email');
          await call(api.POST('/api/v1/me/email-changes', { body: { email } }));
          setSent(email);
        }}
      >
        <TextField name="email" type="email" label={t('New address')} required autoComplete="off" />
        {sent !== null && (
          <p role="status" className="text-sm text-ok">
            {t('A mail to {email} is on its way.', { email: sent })}
          </p>
        )}
      </Form>
    </Section>
  );
}

function Leave({ slug, name }: { slug: string; name: string }) {
  const t = useT();
  const [asked, setAsked] = useState(false);
  return (
    <>
      <Button
        size="sm"
        onClick={() => {
          setAsked(true);
        }}
      >
        {t('Leave')}
      </Button>
      {asked && (
        <FormDialog
          title={t('Leave {name}?', { name })}
          intro={t('You lose access at once. Somebody there has to invite you to come back.')}
          danger
          submit={t('Leave')}
          onClose={() => {
            setAsked(false);
          }}
          run={async () => {
            await call(
              api.DELETE('/api/v1/me/memberships/{workspace}', { params: { path: { workspace: slug } } }),
            );
            await queries.invalidateQueries();
          }}
        />
      )}
    </>
  );
}

/** Hands bytes to the browser as a file. */
export function save(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

function Export() {
  const t = useT();
  const act = useAct();
  return (
    <Section
      title={t('Your data')}
      description={t(
        'A file with all that is kept about you as a person. What belongs to a workspace is not in it.',
      )}
    >
      <ActProblem act={act} />
      <Button
        busy={act.busy}
        onClick={() =>
          act.run(async () => {
            const blob = await call(api.GET('/api/v1/me/export', { parseAs: 'blob' }));
            save('gantry-account.json', blob);
          })
        }
      >
        {t('Download')}
      </Button>
    </Section>
  );
}

function Close() {
  const t = useT();
  const navigate = useNavigate();
  const [asked, setAsked] = useState(false);
  return (
    <Section
      title={t('Close the account')}
      description={t(
        'Your name and address are erased, you leave every workspace and are signed out. There is no way back.',
      )}
    >
      <Button
        look="danger"
        onClick={() => {
          setAsked(true);
        }}
      >
        {t('Close the account…')}
      </Button>
      {asked && (
        <FormDialog
          title={t('Close your account?')}
          intro={t(
            'Your name and address are erased at once. What you did stays in the audit logs, without your name.',
          )}
          danger
          submit={t('Close for ever')}
          onClose={() => {
            setAsked(false);
          }}
          run={async () => {
            await call(api.POST('/api/v1/me/closure'));
            sessionOver();
            await navigate({ to: '/sign-in' });
          }}
        />
      )}
    </Section>
  );
}

import { call, type Inspection, type Joined } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, meQuery, queries } from '@/api';
import { useT } from '@/i18n';
import { Form, required } from '@/layout/form';
import { Problem } from '@/layout/problem';
import { Skeleton } from '@/ui/bits';
import { LinkButton } from '@/ui/button';
import { PasswordField, TextField } from '@/ui/field';
import { AuthPage } from './frame';
import { forgetInvitation, keepInvitation, keptInvitation, linkToken } from './link';
import { NewPasswordField } from './new-password';

export function InvitationPage() {
  const t = useT();
  const [token] = useState(() => linkToken() ?? keptInvitation());
  const { data: me } = useQuery(meQuery);
  const invitation = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => call(api.POST('/api/v1/auth/invitations/inspect', { body: { token: token ?? '' } })),
    enabled: token !== null,
    staleTime: Infinity,
  });
  const [joined, setJoined] = useState<Joined | null>(null);
  const home = <Link to="/">{t('Go to the start page')}</Link>;

  if (joined) {
    return (
      <AuthPage
        title={t('Welcome to {workspace}', { workspace: joined.name })}
        intro={t('You are a member now.')}
      >
        <LinkButton look="primary" className="w-full" to="/sign-in" search={{ next: `/w/${joined.slug}` }}>
          {t('Sign in')}
        </LinkButton>
      </AuthPage>
    );
  }
  if (token === null) {
    return (
      <AuthPage
        title={t('This link is incomplete')}
        intro={t('Open it from the mail again, whole, or ask for a new one.')}
        footer={home}
      />
    );
  }
  if (invitation.error) {
    return (
      <AuthPage title={t('This invitation cannot be opened')} footer={home}>
        <Problem error={invitation.error} />
      </AuthPage>
    );
  }
  if (!invitation.data || me === undefined) {
    return (
      <AuthPage title={t('Invitation')}>
        <Skeleton className="h-24 w-full" />
      </AuthPage>
    );
  }
  const { workspace_name: workspace, invited_by: inviter, role, email } = invitation.data;
  return (
    <AuthPage
      title={t('Join {workspace}', { workspace })}
      intro={t('{inviter} invites {email} as {role}.', { inviter, email, role })}
    >
      <Accept token={token} invitation={invitation.data} signedIn={me?.email ?? null} onJoined={setJoined} />
    </AuthPage>
  );
}

function Accept({
  token,
  invitation,
  signedIn,
  onJoined,
}: {
  token: string;
  invitation: Inspection;
  signedIn: string | null;
  onJoined: (joined: Joined) => void;
}) {
  const t = useT();
  const navigate = useNavigate();
  const { email } = invitation;

  if (signedIn !== null && signedIn.toLowerCase() === email.toLowerCase()) {
    return (
      <Form
        wide
        submit={t('Join')}
        run={async () => {
          const joined = await call(api.POST('/api/v1/me/invitations/accept', { body: { token } }));
          forgetInvitation();
          await queries.invalidateQueries();
          await navigate({ to: '/w/$workspace', params: { workspace: joined.slug } });
        }}
      />
    );
  }
  if (invitation.has_account) {
    return (
      <Form
        wide
        submit={t('Join')}
        run={async (data) => {
          const body = { token, password: required(data, 'password') };
          onJoined(await call(api.POST('/api/v1/auth/invitations/accept', { body })));
        }}
      >
        <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
        <PasswordField
          name="password"
          label={t('Your password')}
          required
          autoComplete="current-password"
          hint={t('You have an account with this address.')}
        />
        <p className="text-sm text-soft">
          {t('With a second factor,')}{' '}
          <Link
            to="/sign-in"
            search={{ next: '/invitation' }}
            className="text-accent underline"
            onClick={() => {
              keepInvitation(token);
            }}
          >
            {t('sign in first')}
          </Link>
          .
        </p>
      </Form>
    );
  }
  return (
    <Form
      wide
      submit={t('Make the account and join')}
      run={async (data) => {
        const body = { token, name: required(data, 'name'), password: required(data, 'password') };
        onJoined(await call(api.POST('/api/v1/auth/invitations/accept', { body })));
      }}
    >
      <TextField name="name" label={t('Your name')} required maxLength={120} autoComplete="name" />
      <NewPasswordField name="password" label={t('Password')} hints={[email]} />
    </Form>
  );
}

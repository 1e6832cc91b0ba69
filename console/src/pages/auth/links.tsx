/** The pages that links in mails open. Nothing happens by opening them: mail scanners follow links, too. */
import { call, type Verification } from '@gantry/client';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useT } from '@/i18n';
import { Form, required } from '@/layout/form';
import { TextField } from '@/ui/field';
import { LinkButton } from '@/ui/button';
import { AuthPage } from './frame';
import { linkToken } from './link';
import { NewPasswordField } from './new-password';

function Incomplete() {
  const t = useT();
  return (
    <AuthPage
      title={t('This link is incomplete')}
      intro={t('Open it from the mail again, whole, or ask for a new one.')}
      footer={<Link to="/sign-in">{t('Back to signing in')}</Link>}
    />
  );
}

export function VerifyPage() {
  const t = useT();
  const [token] = useState(linkToken);
  const [done, setDone] = useState<Verification | null>(null);
  if (done) {
    const workspace = done.tenant?.name;
    return (
      <AuthPage
        title={t('Your address is confirmed')}
        intro={
          workspace === undefined
            ? t('You can sign in now.')
            : t('{workspace} is being set up. Sign in to open it.', { workspace })
        }
      >
        <LinkButton
          look="primary"
          className="w-full"
          to="/sign-in"
          search={done.tenant ? { next: `/w/${done.tenant.slug}` } : {}}
        >
          {t('Sign in')}
        </LinkButton>
      </AuthPage>
    );
  }
  if (token === null) return <Incomplete />;
  return (
    <AuthPage
      title={t('Confirm your address')}
      intro={t('Go on only if it was you who signed up: whoever did chose the password.')}
    >
      <Form
        wide
        submit={t('Confirm')}
        run={async () => {
          setDone(await call(api.POST('/api/v1/auth/verifications', { body: { token } })));
        }}
      />
    </AuthPage>
  );
}

export function ForgotPasswordPage() {
  const t = useT();
  const [sent, setSent] = useState<string | null>(null);
  const back = <Link to="/sign-in">{t('Back to signing in')}</Link>;
  if (sent !== null) {
    return (
      <AuthPage
        title={t('Check your mail')}
        intro={t('If {email} has an account here, a mail with a link is on its way.', { email: sent })}
        footer={back}
      />
    );
  }
  return (
    <AuthPage
      title={t('Reset your password')}
      intro={t('We mail you a link that lets you choose a new one.')}
      footer={back}
    >
      <Form
        wide
        submit={t('Send the link')}
        run={async (data) => {
          const email = required(data, 'email');
          await call(api.POST('/api/v1/auth/password-resets', { body: { email } }));
          setSent(email);
        }}
      >
        <TextField name="email" type="email" label={t('E-mail address')} required autoComplete="username" />
      </Form>
    </AuthPage>
  );
}

export function ResetPasswordPage() {
  const t = useT();
  const [token] = useState(linkToken);
  const [done, setDone] = useState(false);
  if (done) {
    return (
      <AuthPage title={t('Your password is changed')} intro={t('You were signed out everywhere.')}>
        <LinkButton look="primary" className="w-full" to="/sign-in">
          {t('Sign in')}
        </LinkButton>
      </AuthPage>
    );
  }
  if (token === null) return <Incomplete />;
  return (
    <AuthPage title={t('Choose a new password')} intro={t('You will be signed out everywhere.')}>
      <Form
        wide
        submit={t('Change the password')}
        run={async (data) => {
          const password = required(data, 'password');
          await call(api.POST('/api/v1/auth/password-resets/confirm', { body: { token, password } }));
          await queries.invalidateQueries();
          setDone(true);
        }}
      >
        <NewPasswordField name="password" label={t('New password')} />
      </Form>
    </AuthPage>
  );
}

export function UnlockPage() {
  const t = useT();
  const [token] = useState(linkToken);
  const [done, setDone] = useState(false);
  if (done) {
    return (
      <AuthPage title={t('Your account is unlocked')} intro={t('You can sign in now.')}>
        <LinkButton look="primary" className="w-full" to="/sign-in">
          {t('Sign in')}
        </LinkButton>
      </AuthPage>
    );
  }
  if (token === null) return <Incomplete />;
  return (
    <AuthPage
      title={t('Unlock your account')}
      intro={t(
        'Somebody failed to sign in to your account several times, so signing in was locked for a while.',
      )}
    >
      <Form
        wide
        submit={t('Unlock')}
        run={async () => {
          await call(api.POST('/api/v1/auth/unlocks', { body: { token } }));
          setDone(true);
        }}
      />
    </AuthPage>
  );
}

export function ChangeEmailPage() {
  const t = useT();
  const [token] = useState(linkToken);
  const [done, setDone] = useState(false);
  if (done) {
    return (
      <AuthPage
        title={t('Your address is changed')}
        intro={t('From now on you sign in with the new one. Your other sessions have ended.')}
      >
        <LinkButton look="primary" className="w-full" to="/">
          {t('Go on')}
        </LinkButton>
      </AuthPage>
    );
  }
  if (token === null) return <Incomplete />;
  return (
    <AuthPage
      title={t('Move your account to this address')}
      intro={t('You will sign in with it from now on.')}
    >
      <Form
        wide
        submit={t('Move the account')}
        run={async () => {
          await call(api.POST('/api/v1/auth/email-changes/confirm', { body: { token } }));
          await queries.invalidateQueries();
          setDone(true);
        }}
      />
    </AuthPage>
  );
}

export function SetUpPage() {
  const t = useT();
  const [token] = useState(linkToken);
  const [done, setDone] = useState(false);
  if (done) {
    return (
      <AuthPage
        title={t('Gantry is yours')}
        intro={t('Sign in, then add a second factor: without one the pages of the platform stay closed.')}
      >
        <LinkButton look="primary" className="w-full" to="/sign-in" search={{ next: '/account/security' }}>
          {t('Sign in')}
        </LinkButton>
      </AuthPage>
    );
  }
  if (token === null) return <Incomplete />;
  return (
    <AuthPage title={t('Set up Gantry')} intro={t('Make the first operator of this installation.')}>
      <Form
        wide
        submit={t('Make the account')}
        run={async (data) => {
          const body = {
            token,
            email: required(data, 'email'),
            name: required(data, 'name'),
            password: required(data, 'password'),
          };
          await call(api.POST('/api/v1/auth/set-up', { body }));
          setDone(true);
        }}
      >
        <TextField name="name" label={t('Your name')} required maxLength={120} autoComplete="name" />
        <TextField name="email" type="email" label={t('E-mail address')} required autoComplete="username" />
        <NewPasswordField name="password" label={t('Password')} />
      </Form>
    </AuthPage>
  );
}

/** The pages that links in mails open. Nothing happens by opening them: mail scanners follow links, too. */
import { call, type Verification } from '@gantry/client';
import { Link, type LinkProps } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api, queries } from '@/api';
import { useT } from '@/i18n';
import { Form, required } from '@/layout/form';
import { TextField } from '@/ui/field';
import { LinkButton } from '@/ui/button';
import { AuthPage } from './frame';
import { linkToken } from './link';
import { NewPasswordField } from './new-password';

/** What follows when a link has done its work. */
interface Outcome {
  title: string;
  intro: string;
  /** The one way on; signing in, where nothing is said. */
  label?: string;
  to?: LinkProps['to'];
  search?: { next?: string };
}

/** A page that spends the token of its link when somebody presses its button. */
function LinkPage<T>({
  title,
  intro,
  submit,
  spend,
  outcome,
  children,
}: {
  title: string;
  intro: string;
  submit: string;
  spend: (token: string, data: FormData) => Promise<T>;
  outcome: (answer: T) => Outcome;
  /** Fields. */
  children?: ReactNode;
}) {
  const t = useT();
  const [token] = useState(linkToken);
  const [done, setDone] = useState<Outcome | null>(null);
  if (done) {
    return (
      <AuthPage title={done.title} intro={done.intro}>
        <LinkButton look="primary" className="w-full" to={done.to ?? '/sign-in'} search={done.search ?? {}}>
          {done.label ?? t('Sign in')}
        </LinkButton>
      </AuthPage>
    );
  }
  if (token === null) {
    return (
      <AuthPage
        title={t('This link is incomplete')}
        intro={t('Open it from the mail again, whole, or ask for a new one.')}
        footer={<Link to="/sign-in">{t('Back to signing in')}</Link>}
      />
    );
  }
  return (
    <AuthPage title={title} intro={intro}>
      <Form
        wide
        submit={submit}
        run={async (data) => {
          setDone(outcome(await spend(token, data)));
        }}
      >
        {children}
      </Form>
    </AuthPage>
  );
}

export function VerifyPage() {
  const t = useT();
  return (
    <LinkPage
      title={t('Confirm your address')}
      intro={t('Go on only if it was you who signed up: whoever did chose the password.')}
      submit={t('Confirm')}
      spend={(token) => call(api.POST('/api/v1/auth/verifications', { body: { token } }))}
      outcome={({ tenant }: Verification) => ({
        title: t('Your address is confirmed'),
        intro: tenant
          ? t('{workspace} is being set up. Sign in to open it.', { workspace: tenant.name })
          : t('You can sign in now.'),
        search: tenant ? { next: `/w/${tenant.slug}` } : {},
      })}
    />
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
  return (
    <LinkPage
      title={t('Choose a new password')}
      intro={t('You will be signed out everywhere.')}
      submit={t('Change the password')}
      spend={async (token, data) => {
        const password = required(data, 'password');
        await call(api.POST('/api/v1/auth/password-resets/confirm', { body: { token, password } }));
        await queries.invalidateQueries();
      }}
      outcome={() => ({
        title: t('Your password is changed'),
        intro: t('You were signed out everywhere.'),
      })}
    >
      <NewPasswordField name="password" label={t('New password')} />
    </LinkPage>
  );
}

export function UnlockPage() {
  const t = useT();
  return (
    <LinkPage
      title={t('Unlock your account')}
      intro={t(
        'Somebody failed to sign in to your account several times, so signing in was locked for a while.',
      )}
      submit={t('Unlock')}
      spend={(token) => call(api.POST('/api/v1/auth/unlocks', { body: { token } }))}
      outcome={() => ({ title: t('Your account is unlocked'), intro: t('You can sign in now.') })}
    />
  );
}

export function ChangeEmailPage() {
  const t = useT();
  return (
    <LinkPage
      title={t('Move your account to this address')}
      intro={t('You will sign in with it from now on.')}
      submit={t('Move the account')}
      spend={async (token) => {
        await call(api.POST('/api/v1/auth/email-changes/confirm', { body: { token } }));
        await queries.invalidateQueries();
      }}
      outcome={() => ({
        title: t('Your address is changed'),
        intro: t('From now on you sign in with the new one. Your other sessions have ended.'),
        label: t('Go on'),
        to: '/',
      })}
    />
  );
}

export function SetUpPage() {
  const t = useT();
  return (
    <LinkPage
      title={t('Set up Gantry')}
      intro={t('Make the first operator of this installation.')}
      submit={t('Make the account')}
      spend={(token, data) => {
        const body = {
          token,
          email: required(data, 'email'),
          name: required(data, 'name'),
          password: required(data, 'password'),
        };
        return call(api.POST('/api/v1/auth/set-up', { body }));
      }}
      outcome={() => ({
        title: t('Gantry is yours'),
        intro: t('Sign in, then add a second factor: without one the pages of the platform stay closed.'),
        search: { next: '/account/security' },
      })}
    >
      <TextField name="name" label={t('Your name')} required maxLength={120} autoComplete="name" />
      <TextField name="email" type="email" label={t('E-mail address')} required autoComplete="username" />
      <NewPasswordField name="password" label={t('Password')} />
    </LinkPage>
  );
}

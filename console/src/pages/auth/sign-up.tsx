import { call } from '@gantry/client';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '@/api';
import { useT } from '@/i18n';
import { Form, required } from '@/layout/form';
import { toast } from '@/ui/toast';
import { TextField } from '@/ui/field';
import { AuthPage } from './frame';
import { NewPasswordField } from './new-password';

export function SignUpPage() {
  const t = useT();
  const [about, setAbout] = useState<Record<string, string>>({});
  const [sent, setSent] = useState<string | null>(null);
  const note = (name: string) => (event: { target: { value: string } }) => {
    const { value } = event.target;
    setAbout((known) => ({ ...known, [name]: value }));
  };

  if (sent !== null) {
    return (
      <AuthPage
        title={t('Check your mail')}
        intro={t('We have written to {email}. The link in the mail makes your workspace.', { email: sent })}
        footer={<Link to="/sign-in">{t('Back to signing in')}</Link>}
      >
        <Form
          submit={t('Send the mail again')}
          run={async () => {
            await call(api.POST('/api/v1/auth/verifications/resend', { body: { email: sent } }));
            toast(t('If the address is waiting to be confirmed, a mail is on its way.'));
          }}
        />
      </AuthPage>
    );
  }
  return (
    <AuthPage
      title={t('Make a workspace')}
      intro={t('You will be its owner, and can invite others.')}
      footer={
        <>
          {t('Have an account?')} <Link to="/sign-in">{t('Sign in')}</Link>
        </>
      }
    >
      <Form
        wide
        submit={t('Go on')}
        run={async (data) => {
          const email = required(data, 'email');
          await call(
            api.POST('/api/v1/auth/sign-ups', {
              body: {
                email,
                name: required(data, 'name'),
                password: required(data, 'password'),
                workspace_name: required(data, 'workspace_name'),
              },
            }),
          );
          setSent(email);
        }}
      >
        <TextField
          name="name"
          label={t('Your name')}
          required
          maxLength={120}
          autoComplete="name"
          onBlur={note('name')}
        />
        <TextField
          name="email"
          type="email"
          label={t('E-mail address')}
          required
          autoComplete="username"
          onBlur={note('email')}
        />
        <TextField
          name="workspace_name"
          label={t('Name of the workspace')}
          required
          maxLength={120}
          autoComplete="organization"
          onBlur={note('workspace')}
        />
        <NewPasswordField name="password" label={t('Password')} hints={Object.values(about)} />
      </Form>
    </AuthPage>
  );
}

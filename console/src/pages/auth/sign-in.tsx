import { call, type SecondStep } from '@gantry/client';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api, sessionBegan } from '@/api';
import { useT } from '@/i18n';
import { Form, required } from '@/layout/form';
import { PasswordField, TextField } from '@/ui/field';
import { AuthPage } from './frame';
import { SecondStepForm } from './second-step';

export function SignInPage() {
  const t = useT();
  const navigate = useNavigate();
  const { next } = useSearch({ from: '/open/sign-in' });
  const [step, setStep] = useState<SecondStep | null>(null);

  const done = async () => {
    await sessionBegan();
    await navigate({ to: next ?? '/', replace: true });
  };
  if (step) {
    return (
      <AuthPage title={t('Second step')} intro={t('Your account is protected by a second factor.')}>
        <SecondStepForm
          methods={step.methods}
          submit={t('Sign in')}
          run={async (proof) => {
            await call(
              api.POST('/api/v1/auth/sessions/second-factor', {
                body: { challenge: step.challenge, ...proof },
              }),
            );
            await done();
          }}
          aside={
            <button
              type="button"
              className="text-sm text-soft underline"
              onClick={() => {
                setStep(null);
              }}
            >
              {t('Start again')}
            </button>
          }
        />
      </AuthPage>
    );
  }
  return (
    <AuthPage
      title={t('Sign in')}
      footer={
        <>
          {t('New here?')} <Link to="/sign-up">{t('Make a workspace')}</Link>
        </>
      }
    >
      <Form
        wide
        submit={t('Sign in')}
        run={async (data) => {
          const answer = await call(
            api.POST('/api/v1/auth/sessions', {
              body: { email: required(data, 'email'), password: required(data, 'password'), mode: 'cookie' },
            }),
          );
          if ('challenge' in answer) setStep(answer);
          else await done();
        }}
      >
        <TextField name="email" type="email" label={t('E-mail address')} required autoComplete="username" />
        <div className="relative">
          <PasswordField name="password" label={t('Password')} required autoComplete="current-password" />
          <Link to="/forgot-password" className="absolute top-0 right-0 text-sm text-accent hover:underline">
            {t('Forgot it?')}
          </Link>
        </div>
      </Form>
    </AuthPage>
  );
}

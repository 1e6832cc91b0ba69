import { call, type Answer, type SecondStep, type SignedIn } from '@gantry/client';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Fingerprint } from 'lucide-react';
import { useState } from 'react';
import { api, sessionBegan } from '@/api';
import { useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { Form, required } from '@/layout/form';
import { passkeysWork, showPasskey } from '@/passkeys';
import { Button } from '@/ui/button';
import { PasswordField, TextField } from '@/ui/field';
import { AuthPage } from './frame';
import { usePasskeyOffer } from './passkey-offer';
import { ProviderButtons } from './providers';
import { SecondStepForm } from './second-step';

/** What a first proof can be answered with, and where it leads: into the console, or to the second step. */
export function useSignIn(next: string | undefined) {
  const navigate = useNavigate();
  const [step, setStep] = useState<SecondStep | null>(null);
  const done = async () => {
    await sessionBegan();
    await navigate({ to: next ?? '/', replace: true });
  };
  const goOn = async (answer: SecondStep | SignedIn) => {
    if ('challenge' in answer) setStep(answer);
    else await done();
  };
  return { step, setStep, done, goOn };
}

/** The second of two steps. */
export function SecondStepPage({
  step,
  done,
  again,
}: {
  step: SecondStep;
  done: () => Promise<void>;
  again: () => void;
}) {
  const t = useT();
  const { challenge } = step;
  return (
    <AuthPage title={t('Second step')} intro={t('Your account is protected by a second factor.')}>
      <SecondStepForm
        methods={step.methods}
        submit={t('Sign in')}
        ask={() => call(api.POST('/api/v1/auth/passkey-ceremonies', { body: { challenge } }))}
        run={async (proof) => {
          await call(api.POST('/api/v1/auth/sessions/second-factor', { body: { challenge, ...proof } }));
          await done();
        }}
        aside={
          <button type="button" className="text-sm text-soft underline" onClick={again}>
            {t('Start again')}
          </button>
        }
      />
    </AuthPage>
  );
}

export function SignInPage() {
  const t = useT();
  const { next } = useSearch({ from: '/open/sign-in' });
  const { step, setStep, done, goOn } = useSignIn(next);
  const act = useAct();
  const [asking, setAsking] = useState(false);
  const byPasskey = async (passkey: Answer) => {
    await call(api.POST('/api/v1/auth/sessions/passkey', { body: { passkey, mode: 'cookie' } }));
    await done();
  };
  usePasskeyOffer(step === null && !asking, (answer) => void act.run(() => byPasskey(answer)));

  if (step) {
    return (
      <SecondStepPage
        step={step}
        done={done}
        again={() => {
          setStep(null);
        }}
      />
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
          await goOn(
            await call(
              api.POST('/api/v1/auth/sessions', {
                body: {
                  email: required(data, 'email'),
                  password: required(data, 'password'),
                  mode: 'cookie',
                },
              }),
            ),
          );
        }}
      >
        <TextField
          name="email"
          type="email"
          label={t('E-mail address')}
          required
          autoComplete="username webauthn"
        />
        <div className="relative">
          <PasswordField name="password" label={t('Password')} required autoComplete="current-password" />
          <Link to="/forgot-password" className="absolute top-0 right-0 text-sm text-accent hover:underline">
            {t('Forgot it?')}
          </Link>
        </div>
      </Form>
      <div className="mt-3 flex flex-col gap-3">
        <ActProblem act={act} />
        {passkeysWork() && (
          <Button
            className="w-full"
            busy={act.busy}
            onClick={async () => {
              setAsking(true);
              await act.run(async () => {
                const asked = await call(api.POST('/api/v1/auth/passkey-ceremonies', { body: {} }));
                await byPasskey(await showPasskey(asked));
              });
              setAsking(false);
            }}
          >
            <Fingerprint aria-hidden className="size-4 text-faint" />
            {t('Sign in with a passkey')}
          </Button>
        )}
        <ProviderButtons next={next} />
      </div>
    </AuthPage>
  );
}

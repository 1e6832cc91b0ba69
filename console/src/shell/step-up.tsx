import { call, type Factors, type SecondStep as Step } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, factorsQuery, queries, signOut } from '@/api';
import { useT } from '@/i18n';
import { Form, required } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { SecondStepForm, type Proof } from '@/pages/auth/second-step';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { PasswordField } from '@/ui/field';
import { useWantedProof } from './step-up-state';

/** What the account can be proven with. */
function kinds(factors: Factors): Step['methods'] {
  return [
    ...(factors.passkeys > 0 ? (['passkey'] as const) : []),
    ...(factors.totp_since !== null ? (['totp'] as const) : []),
    ...(factors.recovery_codes_left > 0 ? (['recovery_code'] as const) : []),
  ];
}

/** Asks for a fresh proof when the API wants one; the request that wanted it is then repeated. */
export function StepUpDialog() {
  const wanted = useWantedProof();
  return wanted && <Question settle={wanted.settle} />;
}

function Question({ settle }: { settle: (proven: boolean) => void }) {
  const t = useT();
  const navigate = useNavigate();
  const factors = useQuery(factorsQuery);
  const cancel = () => {
    settle(false);
  };
  const prove = async (proof: Proof | { password: string }) => {
    await call(api.POST('/api/v1/me/step-up', { body: proof }));
    await queries.invalidateQueries({ queryKey: ['me'] });
    settle(true);
  };
  const aside = <Button onClick={cancel}>{t('Cancel')}</Button>;
  const form = (known: Factors) => {
    if (known.second_factor_since !== null) {
      return (
        <SecondStepForm
          methods={kinds(known)}
          submit={t('Confirm')}
          ask={() => call(api.POST('/api/v1/me/step-up/passkey'))}
          run={prove}
          aside={aside}
        />
      );
    }
    if (known.password) {
      return (
        <Form
          submit={t('Confirm')}
          aside={aside}
          run={(data) => prove({ password: required(data, 'password') })}
        >
          <PasswordField
            name="password"
            label={t('Your password')}
            required
            autoComplete="current-password"
          />
        </Form>
      );
    }
    // Somebody who signs in by others has nothing else to show here: signing in is the proof.
    return (
      <Form
        submit={t('Sign in again')}
        aside={aside}
        run={async () => {
          const next = location.pathname;
          await signOut();
          settle(false);
          await navigate({ to: '/sign-in', search: { next } });
        }}
      >
        <p>{t('Your account has no password. Sign in again, then repeat what you began.')}</p>
      </Form>
    );
  };
  return (
    <Dialog title={t('Confirm that it is you')} onClose={cancel}>
      <p className="mb-4 text-soft">
        {t(
          'This is sensitive, and it is a while since you proved who you are. What you began goes on afterwards.',
        )}
      </p>
      <Loaded query={factors} height="h-20">
        {form}
      </Loaded>
    </Dialog>
  );
}

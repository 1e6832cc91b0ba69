import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { api, meQuery, queries } from '@/api';
import { useT } from '@/i18n';
import { Form, required } from '@/layout/form';
import { SecondStepForm, type Proof } from '@/pages/auth/second-step';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { PasswordField } from '@/ui/field';
import { useWantedProof } from './step-up-state';

/** Asks for a fresh proof when the API wants one; the request that wanted it is then repeated. */
export function StepUpDialog() {
  const t = useT();
  const wanted = useWantedProof();
  const { data: me } = useQuery(meQuery);
  if (!wanted) return null;
  const cancel = () => {
    wanted.settle(false);
  };
  const prove = async (proof: Proof | { password: string }) => {
    await call(api.POST('/api/v1/me/step-up', { body: proof }));
    await queries.invalidateQueries({ queryKey: ['me'] });
    wanted.settle(true);
  };
  const aside = <Button onClick={cancel}>{t('Cancel')}</Button>;
  return (
    <Dialog title={t('Confirm that it is you')} onClose={cancel}>
      <p className="mb-4 text-soft">
        {t(
          'This is sensitive, and it is a while since you proved who you are. What you began goes on afterwards.',
        )}
      </p>
      {me?.second_factor === true ? (
        <SecondStepForm methods={['totp', 'recovery_code']} submit={t('Confirm')} run={prove} aside={aside} />
      ) : (
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
      )}
    </Dialog>
  );
}

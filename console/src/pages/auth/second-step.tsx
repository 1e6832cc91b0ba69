import type { Kind } from '@gantry/client';
import { useState, type ReactNode } from 'react';
import { useT } from '@/i18n';
import { Form, required } from '@/layout/form';
import { TextField } from '@/ui/field';

export type Proof = { code: string } | { recovery_code: string };

/** A code of the authenticator app, or a recovery code. */
export function SecondStepForm({
  methods,
  submit,
  run,
  aside,
}: {
  methods: readonly Kind[];
  submit: string;
  run: (proof: Proof) => Promise<void>;
  aside?: ReactNode;
}) {
  const t = useT();
  const both = methods.includes('totp') && methods.includes('recovery_code');
  const [recovery, setRecovery] = useState(!methods.includes('totp'));
  return (
    <Form
      submit={submit}
      aside={aside}
      run={(data) =>
        run(
          recovery
            ? { recovery_code: required(data, 'recovery_code') }
            : { code: required(data, 'code').replaceAll(/\s/g, '') },
        )
      }
    >
      {recovery ? (
        <TextField
          key="recovery"
          name="recovery_code"
          label={t('Recovery code')}
          required
          autoComplete="off"
          className="font-mono"
          hint={t('Each works once.')}
        />
      ) : (
        <TextField
          key="code"
          name="code"
          label={t('Code of your authenticator app')}
          required
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="[0-9 ]{6,7}"
          className="font-mono tracking-widest"
        />
      )}
      {both && (
        <button
          type="button"
          className="self-start text-sm text-accent hover:underline"
          onClick={() => {
            setRecovery(!recovery);
          }}
        >
          {recovery ? t('Use the app instead') : t('Use a recovery code instead')}
        </button>
      )}
    </Form>
  );
}

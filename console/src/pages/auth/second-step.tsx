import type { Answer, Asked, SecondStep as Step } from '@gantry/client';
import { Fingerprint } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useT, type T } from '@/i18n';
import { Form, required } from '@/layout/form';
import { passkeysWork, showPasskey } from '@/passkeys';
import { TextField } from '@/ui/field';

export type Proof = { code: string } | { recovery_code: string } | { passkey: Answer };

/** A kind of second factor. */
type Kind = Step['methods'][number];

const instead: Record<Kind, (t: T) => string> = {
  passkey: (t) => t('Use a passkey instead'),
  totp: (t) => t('Use the app instead'),
  recovery_code: (t) => t('Use a recovery code instead'),
};

/** A passkey, a code of the authenticator app, or a recovery code: whatever the account has, the easiest first. */
export function SecondStepForm({
  methods,
  submit,
  ask,
  run,
  aside,
}: {
  methods: readonly Kind[];
  submit: string;
  /** Asks the API what the browser is to show its passkey for. */
  ask: () => Promise<Asked>;
  run: (proof: Proof) => Promise<void>;
  aside?: ReactNode;
}) {
  const t = useT();
  const order: readonly Kind[] = ['passkey', 'totp', 'recovery_code'];
  const ways = order.filter((kind) => methods.includes(kind) && (kind !== 'passkey' || passkeysWork()));
  const [way, setWay] = useState<Kind>(ways[0] ?? 'recovery_code');
  const prove = async (data: FormData): Promise<Proof> => {
    if (way === 'passkey') return { passkey: await showPasskey(await ask()) };
    if (way === 'totp') return { code: required(data, 'code').replaceAll(/\s/g, '') };
    return { recovery_code: required(data, 'recovery_code') };
  };
  return (
    <Form
      key={way}
      submit={way === 'passkey' ? t('Use your passkey') : submit}
      aside={aside}
      run={async (data) => run(await prove(data))}
    >
      {way === 'passkey' && (
        <div className="flex items-center gap-3 rounded-lg border border-line bg-sunken px-3.5 py-3">
          <Fingerprint aria-hidden className="size-5 shrink-0 text-faint" />
          <p className="text-sm text-soft">{t('Your browser asks for your face, finger, PIN or key.')}</p>
        </div>
      )}
      {way === 'totp' && (
        <TextField
          name="code"
          label={t('Code of your authenticator app')}
          required
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="[0-9 ]{6,7}"
          className="font-mono tracking-widest"
        />
      )}
      {way === 'recovery_code' && (
        <TextField
          name="recovery_code"
          label={t('Recovery code')}
          required
          autoComplete="off"
          className="font-mono"
          hint={t('Each works once.')}
        />
      )}
      {ways.length > 1 && (
        <div className="flex flex-col items-start gap-1.5">
          {ways
            .filter((other) => other !== way)
            .map((other) => (
              <button
                key={other}
                type="button"
                className="text-sm text-accent hover:underline"
                onClick={() => {
                  setWay(other);
                }}
              >
                {instead[other](t)}
              </button>
            ))}
        </div>
      )}
    </Form>
  );
}

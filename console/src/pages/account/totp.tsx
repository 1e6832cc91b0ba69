/** The authenticator app: set up by a QR code, turned on by its first code, removed. */
import { call, type Enrolment } from '@gantry/client';
import { Smartphone } from 'lucide-react';
import { useMemo, useState } from 'react';
import { encode } from 'uqr';
import { api, queries } from '@/api';
import { useFormat, useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { Entry } from '@/layout/entries';
import { Form, FormDialog, required } from '@/layout/form';
import { Badge, SecretBox } from '@/ui/bits';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { TextField } from '@/ui/field';

export function AuthenticatorApp({
  since,
  alone,
  onCodes,
}: {
  since: string | null;
  /** Nothing else is the account's second factor. */
  alone: boolean;
  onCodes: (codes: string[]) => void;
}) {
  const t = useT();
  const { day } = useFormat();
  const act = useAct();
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const [removing, setRemoving] = useState(false);
  return (
    <Entry
      icon={<Smartphone aria-hidden />}
      title={t('Authenticator app')}
      mark={since === null ? <Badge>{t('Off')}</Badge> : <Badge tone="ok">{t('On')}</Badge>}
      detail={
        since === null
          ? t('An app on your phone shows a new code every 30 seconds.')
          : t('Since {day}', { day: day(since) })
      }
      acts={
        since === null ? (
          <Button
            size="sm"
            busy={act.busy}
            onClick={() =>
              act.run(async () => {
                setEnrolment(await call(api.POST('/api/v1/me/totp')));
              })
            }
          >
            {t('Set up')}
          </Button>
        ) : (
          <Button
            size="sm"
            onClick={() => {
              setRemoving(true);
            }}
          >
            {t('Remove')}
          </Button>
        )
      }
    >
      <div className="basis-full empty:hidden">
        <ActProblem act={act} />
      </div>
      {enrolment && (
        <EnrolDialog
          enrolment={enrolment}
          onClose={() => {
            setEnrolment(null);
          }}
          onDone={async (given) => {
            setEnrolment(null);
            if (given.length > 0) onCodes(given);
            await queries.invalidateQueries({ queryKey: ['me'] });
          }}
        />
      )}
      {removing && (
        <FormDialog
          title={t('Remove the authenticator app?')}
          intro={
            alone
              ? t('Your password alone will sign you in again, and your recovery codes stop working.')
              : t('You confirm signing in by a passkey then.')
          }
          danger
          submit={t('Remove')}
          onClose={() => {
            setRemoving(false);
          }}
          run={async () => {
            await call(api.DELETE('/api/v1/me/totp'));
            await queries.invalidateQueries({ queryKey: ['me'] });
          }}
        />
      )}
    </Entry>
  );
}

/** The secret as squares that a phone reads, drawn here: it leaves this page for nowhere. */
function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = useMemo(() => encode(text, { border: 3 }), [text]);
  const path = data
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${String(x)} ${String(y)}h1v1h-1z` : '')))
    .join('');
  return (
    <svg
      viewBox={`0 0 ${String(size)} ${String(size)}`}
      role="img"
      aria-label={label}
      className="size-44 rounded-lg bg-white"
      shapeRendering="crispEdges"
    >
      <path d={path} fill="#000" />
    </svg>
  );
}

function EnrolDialog({
  enrolment,
  onClose,
  onDone,
}: {
  enrolment: Enrolment;
  onClose: () => void;
  onDone: (codes: string[]) => Promise<void>;
}) {
  const t = useT();
  return (
    <Dialog title={t('Set up an authenticator app')} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <p className="text-soft">{t('Scan this with the app, or type the key into it.')}</p>
        <div className="grid place-items-center">
          <QrCode text={enrolment.uri} label={t('QR code with the key')} />
        </div>
        <SecretBox text={enrolment.secret} label={t('Copy the key')} />
        <Form
          submit={t('Turn on')}
          aside={<Button onClick={onClose}>{t('Cancel')}</Button>}
          run={async (data) => {
            const code = required(data, 'code').replaceAll(/\s/g, '');
            const answer = await call(api.POST('/api/v1/me/totp/confirm', { body: { code } }));
            await onDone(answer.recovery_codes ?? []);
          }}
        >
          <TextField
            name="code"
            label={t('Code that the app shows')}
            required
            inputMode="numeric"
            autoComplete="one-time-code"
            pattern="[0-9 ]{6,7}"
            className="font-mono tracking-widest"
          />
        </Form>
      </div>
    </Dialog>
  );
}

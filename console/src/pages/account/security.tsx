import { call, type Enrolment } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { KeyRound, Smartphone } from 'lucide-react';
import { useMemo, useState } from 'react';
import { encode } from 'uqr';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Form, FormDialog, required } from '@/layout/form';
import { Page, Section } from '@/layout/page';
import { Problem } from '@/layout/problem';
import { NewPasswordField } from '@/pages/auth/new-password';
import { save } from '@/pages/account/profile';
import { Badge, CopyButton, Note, SecretBox, Skeleton } from '@/ui/bits';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { PasswordField, TextField } from '@/ui/field';
import { toast } from '@/ui/toast';

const factorsKey = ['me', 'factors'];

export function SecurityPage() {
  const t = useT();
  return (
    <Page title={t('Security')} width="narrow">
      <ChangePassword />
      <Factors />
    </Page>
  );
}

function ChangePassword() {
  const t = useT();
  const me = useMe();
  const [round, setRound] = useState(0);
  return (
    <Section title={t('Password')} description={t('Changing it signs you out everywhere else.')}>
      <Form
        key={round}
        submit={t('Change the password')}
        run={async (data) => {
          const body = {
            current_password: required(data, 'current_password'),
            new_password: required(data, 'new_password'),
          };
          await call(api.PUT('/api/v1/me/password', { body }));
          setRound(round + 1);
          toast(t('Your password is changed.'));
        }}
      >
        <PasswordField
          name="current_password"
          label={t('Current password')}
          required
          autoComplete="current-password"
        />
        <NewPasswordField name="new_password" label={t('New password')} hints={[me.name, me.email]} />
      </Form>
    </Section>
  );
}

function Factors() {
  const t = useT();
  const { day } = useFormat();
  const me = useMe();
  const factors = useQuery({ queryKey: factorsKey, queryFn: () => call(api.GET('/api/v1/me/factors')) });
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [asked, setAsked] = useState<'remove' | 'codes' | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const renew = () => Promise.all([queries.invalidateQueries({ queryKey: ['me'] })]);
  if (factors.error) return <Problem error={factors.error} retry={() => void factors.refetch()} />;
  if (!factors.data) return <Skeleton className="h-40 w-full" />;
  const { totp_since: since, recovery_codes_left: left } = factors.data;

  const begin = async () => {
    setBusy(true);
    setError(null);
    try {
      setEnrolment(await call(api.POST('/api/v1/me/totp')));
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Section
      title={t('Second factor')}
      description={t('With it, knowing your password is not enough to sign in as you.')}
    >
      {me.platform_permissions.length > 0 && since === null && (
        <div className="mb-4">
          <Note tone="warn" title={t('Operators need a second factor')}>
            {t('The pages of the platform stay closed without one.')}
          </Note>
        </div>
      )}
      {error !== null && (
        <div className="mb-4">
          <Problem error={error} />
        </div>
      )}
      <ul className="divide-y divide-line">
        <li className="flex flex-wrap items-center gap-3 pb-4">
          <Smartphone aria-hidden className="size-5 text-faint" />
          <div className="min-w-0 flex-1">
            <p className="flex items-center gap-2 font-medium">
              {t('Authenticator app')}
              {since === null ? <Badge>{t('Off')}</Badge> : <Badge tone="ok">{t('On')}</Badge>}
            </p>
            <p className="text-sm text-soft">
              {since === null
                ? t('An app on your phone shows a new code every 30 seconds.')
                : t('Since {day}', { day: day(since) })}
            </p>
          </div>
          {since === null ? (
            <Button look="primary" busy={busy} onClick={begin}>
              {t('Set up')}
            </Button>
          ) : (
            <Button
              onClick={() => {
                setAsked('remove');
              }}
            >
              {t('Remove')}
            </Button>
          )}
        </li>
        {since !== null && (
          <li className="flex flex-wrap items-center gap-3 pt-4">
            <KeyRound aria-hidden className="size-5 text-faint" />
            <div className="min-w-0 flex-1">
              <p className="flex items-center gap-2 font-medium">
                {t('Recovery codes')}
                <Badge tone={left < 3 ? 'warn' : 'plain'}>{t('{n} left', { n: left })}</Badge>
              </p>
              <p className="text-sm text-soft">{t('For when the phone is lost. Each works once.')}</p>
            </div>
            <Button
              onClick={() => {
                setAsked('codes');
              }}
            >
              {t('Make new ones')}
            </Button>
          </li>
        )}
      </ul>
      {enrolment && (
        <EnrolDialog
          enrolment={enrolment}
          onClose={() => {
            setEnrolment(null);
          }}
          onDone={async (given) => {
            setEnrolment(null);
            if (given.length > 0) setCodes(given);
            await renew();
          }}
        />
      )}
      {codes && (
        <CodesDialog
          codes={codes}
          onClose={() => {
            setCodes(null);
          }}
        />
      )}
      {asked === 'remove' && (
        <FormDialog
          title={t('Remove the authenticator app?')}
          intro={t('Your password alone will sign you in again, and your recovery codes stop working.')}
          danger
          submit={t('Remove')}
          onClose={() => {
            setAsked(null);
          }}
          run={async () => {
            await call(api.DELETE('/api/v1/me/totp'));
            await renew();
          }}
        />
      )}
      {asked === 'codes' && (
        <FormDialog
          title={t('Make new recovery codes?')}
          intro={t('The old ones stop working at once.')}
          submit={t('Make new ones')}
          onClose={() => {
            setAsked(null);
          }}
          run={async () => {
            const made = await call(api.POST('/api/v1/me/recovery-codes'));
            setCodes(made.recovery_codes);
            await renew();
          }}
        />
      )}
    </Section>
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

function CodesDialog({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const t = useT();
  const text = codes.join('\n');
  return (
    <Dialog title={t('Your recovery codes')} onClose={onClose} wide>
      <Note tone="warn" title={t('They are shown this once.')}>
        {t('Keep them where you would still find them without your phone.')}
      </Note>
      <ul className="my-4 grid gap-1 rounded-lg border border-line bg-sunken p-3 font-mono text-sm sm:grid-cols-2">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2">
        <Button
          size="sm"
          onClick={() => {
            save('gantry-recovery-codes.txt', new Blob([text + '\n'], { type: 'text/plain' }));
          }}
        >
          {t('Download')}
        </Button>
        <CopyButton text={text} label={t('Copy the codes')} />
        <Button look="primary" size="sm" className="ml-auto" onClick={onClose}>
          {t('I have kept them')}
        </Button>
      </div>
    </Dialog>
  );
}

import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, factorsQuery, useMe } from '@/api';
import { useT } from '@/i18n';
import { Form, required } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Page, Section } from '@/layout/page';
import { NewPasswordField } from '@/pages/auth/new-password';
import { Note } from '@/ui/bits';
import { LinkButton } from '@/ui/button';
import { PasswordField } from '@/ui/field';
import { toast } from '@/ui/toast';
import { LinkedAccounts } from './linked';
import { Passkeys } from './passkeys';
import { CodesDialog, RecoveryCodes } from './recovery-codes';
import { AuthenticatorApp } from './totp';

export function SecurityPage() {
  const t = useT();
  const factors = useQuery(factorsQuery);
  const [codes, setCodes] = useState<string[] | null>(null);
  return (
    <Page title={t('Security')} width="narrow">
      <Loaded query={factors} height="h-72">
        {(known) => (
          <>
            <Password exists={known.password} />
            <Section
              title={t('Second factor')}
              description={t('With it, knowing your password is not enough to sign in as you.')}
              flush
            >
              <OperatorNote />
              <ul className="divide-y divide-line">
                <AuthenticatorApp since={known.totp_since} alone={known.passkeys === 0} onCodes={setCodes} />
                {known.second_factor_since !== null && (
                  <RecoveryCodes left={known.recovery_codes_left} onCodes={setCodes} />
                )}
              </ul>
            </Section>
          </>
        )}
      </Loaded>
      <Passkeys onCodes={setCodes} />
      <LinkedAccounts />
      {codes && (
        <CodesDialog
          codes={codes}
          onClose={() => {
            setCodes(null);
          }}
        />
      )}
    </Page>
  );
}

function OperatorNote() {
  const t = useT();
  const me = useMe();
  if (me.second_factor || me.platform_permissions.length === 0) return null;
  return (
    <div className="px-5 pt-4">
      <Note tone="warn" title={t('Operators need a second factor')}>
        {t('The pages of the platform stay closed without one.')}
      </Note>
    </div>
  );
}

function Password({ exists }: { exists: boolean }) {
  const t = useT();
  const me = useMe();
  const [round, setRound] = useState(0);
  if (!exists) {
    return (
      <Section
        title={t('Password')}
        description={t('Your account has none. A link to your mailbox lets you choose one.')}
      >
        <LinkButton to="/forgot-password">{t('Choose a password')}</LinkButton>
      </Section>
    );
  }
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

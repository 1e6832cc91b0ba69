/** Passkeys: made with what the browser has at hand, named, removed. */
import { call, type PasskeyView } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Fingerprint, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Entries, Entry, EntryActs } from '@/layout/entries';
import { FormDialog, required } from '@/layout/form';
import { Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { makePasskey, passkeysWork, thisDevice } from '@/passkeys';
import { Badge, Note } from '@/ui/bits';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';

export function Passkeys({ onCodes }: { onCodes: (codes: string[]) => void }) {
  const t = useT();
  const [making, setMaking] = useState(false);
  const passkeys = useQuery({
    queryKey: ['me', 'passkeys'],
    queryFn: () => call(api.GET('/api/v1/me/passkeys')),
  });
  return (
    <Section
      title={t('Passkeys')}
      description={t(
        'A key in your device or a stick signs you in by face, finger or PIN, without a password.',
      )}
      flush
      actions={
        passkeysWork() && (
          <Button
            size="sm"
            onClick={() => {
              setMaking(true);
            }}
          >
            <Plus aria-hidden className="size-3.5" />
            {t('Add a passkey')}
          </Button>
        )
      }
    >
      {!passkeysWork() && (
        <div className="p-5 pb-0">
          <Note tone="warn" title={t('Not at this address')}>
            {t(
              'Browsers keep passkeys for a host name and https. Open Gantry by its name, or use another browser.',
            )}
          </Note>
        </div>
      )}
      <Entries
        query={passkeys}
        empty={
          <Empty icon={<Fingerprint aria-hidden />} title={t('No passkeys yet')}>
            {t('Once there is one, your password alone signs nobody in any more.')}
          </Empty>
        }
      >
        {(passkey) => <Row key={passkey.id} passkey={passkey} />}
      </Entries>
      {making && (
        <FormDialog
          title={t('Add a passkey')}
          intro={t('Your browser asks where to keep it, and for your face, finger, PIN or key.')}
          submit={t('Go on')}
          onClose={() => {
            setMaking(false);
          }}
          run={async (data) => {
            const asked = await call(api.POST('/api/v1/me/passkeys/ceremonies'));
            const made = await makePasskey(asked);
            const body = { ...made, name: required(data, 'name') };
            const { recovery_codes: codes } = await call(api.POST('/api/v1/me/passkeys', { body }));
            if (codes !== null) onCodes(codes);
            await queries.invalidateQueries({ queryKey: ['me'] });
          }}
        >
          <TextField
            name="name"
            label={t('Name')}
            required
            maxLength={60}
            hint={t('Tells your passkeys apart.')}
            defaultValue={thisDevice(navigator.userAgent)}
          />
        </FormDialog>
      )}
    </Section>
  );
}

function Row({ passkey }: { passkey: PasskeyView }) {
  const t = useT();
  const { day, time } = useFormat();
  const [asked, setAsked] = useState<'rename' | 'remove' | null>(null);
  const { name } = passkey;
  const params = { path: { passkey: passkey.id } };
  const close = () => {
    setAsked(null);
  };
  const used =
    passkey.last_used_at === null
      ? t('not used yet')
      : t('last used {time}', { time: time(passkey.last_used_at) });
  return (
    <Entry
      icon={<Fingerprint aria-hidden />}
      title={name}
      mark={
        <>
          {passkey.synced && <Badge>{t('Synced')}</Badge>}
          {passkey.copied_at !== null && <Badge tone="danger">{t('Perhaps copied')}</Badge>}
        </>
      }
      detail={
        <>
          {t('Added {day}', { day: day(passkey.created_at) })} · {used}
          {passkey.copied_at !== null && (
            <span className="block text-danger">
              {t('On {day} it was refused, because somebody seems to have a copy. Remove it.', {
                day: day(passkey.copied_at),
              })}
            </span>
          )}
        </>
      }
      acts={
        <EntryActs
          acts={[
            { act: 'rename', label: t('Rename'), full: t('Rename {name}', { name }) },
            { act: 'remove', label: t('Remove'), full: t('Remove {name}', { name }) },
          ]}
          onAct={setAsked}
        />
      }
    >
      {asked === 'rename' && (
        <FormDialog
          title={t('Rename the passkey')}
          submit={t('Save')}
          onClose={close}
          run={async (data) => {
            const body = { name: required(data, 'name') };
            await call(api.PUT('/api/v1/me/passkeys/{passkey}', { params, body }));
            await queries.invalidateQueries({ queryKey: ['me', 'passkeys'] });
          }}
        >
          <TextField name="name" label={t('Name')} required maxLength={60} defaultValue={name} />
        </FormDialog>
      )}
      {asked === 'remove' && (
        <FormDialog
          title={t('Remove {name}?', { name })}
          intro={t(
            'It signs in here no more, at once. Your device may go on offering it until you delete it there.',
          )}
          danger
          submit={t('Remove')}
          onClose={close}
          run={async () => {
            await call(api.DELETE('/api/v1/me/passkeys/{passkey}', { params }));
            await queries.invalidateQueries({ queryKey: ['me'] });
          }}
        />
      )}
    </Entry>
  );
}

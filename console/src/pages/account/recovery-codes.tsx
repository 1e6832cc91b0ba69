/** Codes for when a second factor is lost: shown once, counted, replaced. */
import { call } from '@gantry/client';
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useT } from '@/i18n';
import { Entry } from '@/layout/entries';
import { FormDialog } from '@/layout/form';
import { save } from '@/pages/account/profile';
import { Badge, CopyButton, Note } from '@/ui/bits';
import { Button } from '@/ui/button';
import { Dialog } from '@/ui/dialog';

export function RecoveryCodes({ left, onCodes }: { left: number; onCodes: (codes: string[]) => void }) {
  const t = useT();
  const [asked, setAsked] = useState(false);
  return (
    <Entry
      icon={<KeyRound aria-hidden />}
      title={t('Recovery codes')}
      mark={<Badge tone={left < 3 ? 'warn' : 'plain'}>{t('{n} left', { n: left })}</Badge>}
      detail={t('For when phone and keys are lost. Each works once.')}
      acts={
        <Button
          size="sm"
          onClick={() => {
            setAsked(true);
          }}
        >
          {t('Make new ones')}
        </Button>
      }
    >
      {asked && (
        <FormDialog
          title={t('Make new recovery codes?')}
          intro={t('The old ones stop working at once.')}
          submit={t('Make new ones')}
          onClose={() => {
            setAsked(false);
          }}
          run={async () => {
            const made = await call(api.POST('/api/v1/me/recovery-codes'));
            onCodes(made.recovery_codes);
            await queries.invalidateQueries({ queryKey: ['me'] });
          }}
        />
      )}
    </Entry>
  );
}

export function CodesDialog({ codes, onClose }: { codes: string[]; onClose: () => void }) {
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

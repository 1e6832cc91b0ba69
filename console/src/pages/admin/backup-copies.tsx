/** Where else a backup lies, and what was last seen of it there. */
import type { BackupCopyView, BackupStore } from '@gantry/client';
import { Cloud, Folder } from 'lucide-react';
import { useFormat, useT } from '@/i18n';
import { Entry } from '@/layout/entries';
import { Section } from '@/layout/page';
import { Badge } from '@/ui/bits';

export function useStores(): Record<BackupStore, string> {
  const t = useT();
  return {
    directory: t('Directory'),
    second_directory: t('Second directory'),
    s3: t('Bucket'),
  };
}

/** All copies of a backup in as few words as a row of a table has room for. */
export function CopyBadges({ copies }: { copies: readonly BackupCopyView[] }) {
  const t = useT();
  const stores = useStores();
  if (copies.length === 0) return <span className="text-faint">{t('None')}</span>;
  return (
    <span className="flex flex-wrap gap-1">
      {copies.map(({ store, state }) => (
        <Badge key={store} tone={state === 'whole' ? 'ok' : 'danger'}>
          {state === 'whole' ? stores[store] : t('{store}: not whole', { store: stores[store] })}
        </Badge>
      ))}
    </span>
  );
}

export function Copies({ copies, expected }: { copies: readonly BackupCopyView[]; expected: number }) {
  const t = useT();
  const { time } = useFormat();
  const stores = useStores();
  return (
    <Section
      title={t('Copies in other stores')}
      description={t('A copy counts when all of it was read there and found equal.')}
      flush
    >
      {copies.length === 0 ? (
        <p className="px-5 py-4 text-sm text-soft">
          {expected === 0
            ? t('No other store is configured: one failing disk takes the backups along.')
            : t('None was made of this backup.')}
        </p>
      ) : (
        <ul className="divide-y divide-line">
          {copies.map((copy) => (
            <Entry
              key={copy.store}
              icon={copy.store === 's3' ? <Cloud aria-hidden /> : <Folder aria-hidden />}
              title={stores[copy.store]}
              mark={
                copy.state === 'whole' ? (
                  <Badge tone="ok">{t('Whole')}</Badge>
                ) : (
                  <Badge tone="danger">{t('Not whole')}</Badge>
                )
              }
              detail={[
                copy.whole_at === null
                  ? t('Never found whole')
                  : t('Found whole {time}', { time: time(copy.whole_at) }),
                t('looked at {time}', { time: time(copy.looked_at) }),
              ].join(' · ')}
            >
              {copy.error !== null && (
                <p className="basis-full text-sm break-words text-danger">{copy.error}</p>
              )}
            </Entry>
          ))}
        </ul>
      )}
    </Section>
  );
}

/** The tray: the newest notices beside whatever page is open. */
import { X } from 'lucide-react';
import { useT } from '@/i18n';
import { LinkButton } from '@/ui/button';
import { Dialog } from '@/ui/dialog';
import { MarkAll, Notices } from './list';
import { useNotices } from './notices';

export function NoticesPanel({ onClose }: { onClose: () => void }) {
  const t = useT();
  const list = useNotices(false);
  return (
    <Dialog title={t('Notifications')} place="end" bare onClose={onClose}>
      <div className="flex h-full flex-col">
        <div className="flex items-center gap-2 border-b border-line px-5 py-3">
          <p aria-hidden className="flex-1 text-lg font-semibold">
            {t('Notifications')}
          </p>
          <MarkAll list={list} />
          <button
            type="button"
            onClick={onClose}
            aria-label={t('Close')}
            className="-mr-1 rounded p-1 text-faint hover:text-ink"
          >
            <X aria-hidden className="size-4" />
          </button>
        </div>
        <div className="min-h-0 flex-1 overflow-y-auto">
          <Notices list={list} onGo={onClose} />
        </div>
        <div className="border-t border-line p-3 text-center">
          <LinkButton size="sm" to="/notifications" onClick={onClose}>
            {t('All notifications')}
          </LinkButton>
        </div>
      </div>
    </Dialog>
  );
}

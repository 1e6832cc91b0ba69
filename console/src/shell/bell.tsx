/** The bell: how much was not read, and the way to it. */
import type { Me } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Bell as BellIcon } from 'lucide-react';
import { useT } from '@/i18n';
import { unreadQuery } from '@/pages/notices/notices';

/** Where nobody listens to a workspace, the bell asks. */
const ASK = 60_000;

/** The server counts to this. */
const MOST = 100;

export function Bell({ me, onOpen }: { me: Me; onOpen: () => void }) {
  const t = useT();
  const { data: unread = 0 } = useQuery({
    ...unreadQuery,
    refetchInterval: me.memberships.length === 0 ? ASK : false,
  });
  // Staff who act as somebody have no business with what that person was told.
  if (me.impersonation) return null;
  const shown = unread >= MOST ? `${String(MOST - 1)}+` : String(unread);
  return (
    <button
      type="button"
      aria-label={unread === 0 ? t('Notifications') : t('Notifications, {n} unread', { n: shown })}
      aria-haspopup="dialog"
      className="relative grid size-8 shrink-0 place-items-center rounded-md text-soft hover:bg-hover"
      onClick={onOpen}
    >
      <BellIcon aria-hidden className="size-4" />
      {unread > 0 && (
        <span
          aria-hidden
          className="absolute -top-0.5 -right-0.5 grid min-w-4 place-items-center rounded-full bg-accent-fill px-1 text-2xs leading-4 font-semibold text-white tabular-nums"
        >
          {shown}
        </span>
      )}
    </button>
  );
}

import type { Notice } from '@gantry/client';
import { Link } from '@tanstack/react-router';
import clsx from 'clsx';
import { BellOff, Check } from 'lucide-react';
import { useFormat, useT } from '@/i18n';
import { ActProblem, useAct, type Act } from '@/layout/act';
import type { List } from '@/layout/list';
import { Empty, Problem } from '@/layout/problem';
import { Timeline } from '@/layout/timeline';
import { Skeleton } from '@/ui/bits';
import { Button } from '@/ui/button';
import { markRead } from './notices';
import { wordsOf } from './words';

/** Notices by day. `onGo` is told when one is followed to its place. */
export function Notices({ list, onGo }: { list: List<Notice>; onGo?: () => void }) {
  const t = useT();
  const act = useAct();
  if (list.loading) return <Skeleton className="m-5 h-40" />;
  if (list.error !== null && list.rows.length === 0) {
    return (
      <div className="p-5">
        <Problem error={list.error} retry={list.again} />
      </div>
    );
  }
  if (list.rows.length === 0) {
    return (
      <Empty icon={<BellOff aria-hidden />} title={t('Nothing to tell')}>
        {t('What concerns you and must not be missed appears here by itself.')}
      </Empty>
    );
  }
  return (
    <>
      {act.error !== null && (
        <div className="p-5 pb-0">
          <ActProblem act={act} />
        </div>
      )}
      <Timeline
        label={t('Notifications')}
        happenings={list.rows.map((notice) => {
          const { icon: Icon, alarm } = wordsOf(notice, t);
          return {
            id: notice.id,
            at: notice.at,
            icon: <Icon aria-hidden className={clsx(alarm === true && 'text-danger')} />,
            content: <Content notice={notice} act={act} onGo={onGo} />,
          };
        })}
      />
      {list.more && (
        <div className="border-t border-line p-3 text-center">
          <Button size="sm" busy={list.loadingMore} onClick={list.loadMore}>
            {t('Show more')}
          </Button>
        </div>
      )}
    </>
  );
}

function Content({ notice, act, onGo }: { notice: Notice; act: Act; onGo: (() => void) | undefined }) {
  const t = useT();
  const { clock } = useFormat();
  const { title, detail, place } = wordsOf(notice, t);
  const unread = notice.read_at === null;
  const read = () => act.run(() => markRead({ ids: [notice.id] }));
  return (
    <div className="flex items-start gap-2">
      <div className="min-w-0 flex-1">
        <p className={clsx('break-words', unread && 'font-medium')}>
          {unread && <span className="sr-only">{t('Unread')}: </span>}
          {place ? (
            <Link
              to={place.to ?? '/'}
              params={place.params ?? true}
              className="hover:text-accent hover:underline"
              onClick={() => {
                if (unread) void read();
                onGo?.();
              }}
            >
              {title}
            </Link>
          ) : (
            title
          )}
        </p>
        {detail !== undefined && <p className="text-sm text-soft">{detail}</p>}
        <p className="text-xs text-faint">
          {[notice.tenant?.name, clock(notice.at)].filter(Boolean).join(' · ')}
        </p>
      </div>
      {unread && (
        <Button
          look="ghost"
          size="icon"
          aria-label={t('Mark as read: {title}', { title })}
          disabled={act.busy}
          onClick={() => void read()}
        >
          <Check aria-hidden className="size-4" />
        </Button>
      )}
    </div>
  );
}

/** Notes that everything until the newest was read. */
export function MarkAll({ list }: { list: List<Notice> }) {
  const t = useT();
  const act = useAct();
  const newest = list.rows[0];
  if (newest === undefined || list.rows.every((notice) => notice.read_at !== null)) return null;
  return (
    <Button size="sm" busy={act.busy} onClick={() => void act.run(() => markRead({ up_to: newest.id }))}>
      {t('Mark all as read')}
    </Button>
  );
}

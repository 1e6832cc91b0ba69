/** How old what is shown is, and the way to newer: for pages that nobody tells of changes. */
import { useIsFetching, useQueryClient, type QueryCache, type QueryKey } from '@tanstack/react-query';
import clsx from 'clsx';
import { RefreshCw } from 'lucide-react';
import { useCallback, useSyncExternalStore } from 'react';
import { useFormat, useT } from '@/i18n';
import { Button } from '@/ui/button';

/** When the oldest of what is shown was read; 0 before the first answer. */
export function readAt(cache: QueryCache, of: QueryKey): number {
  const times = cache
    .findAll({ queryKey: of, type: 'active' })
    .map(({ state }) => state.dataUpdatedAt)
    .filter((at) => at > 0);
  return times.length === 0 ? 0 : Math.min(...times);
}

export function Refresh({ of }: { of: QueryKey }) {
  const t = useT();
  const { clock } = useFormat();
  const queries = useQueryClient();
  const cache = queries.getQueryCache();
  const at = useSyncExternalStore(
    useCallback((told: () => void) => cache.subscribe(told), [cache]),
    () => readAt(cache, of),
  );
  const busy = useIsFetching({ queryKey: of, type: 'active' }) > 0;
  return (
    <div className="flex items-center gap-1.5">
      {at > 0 && (
        <span className="text-xs text-faint tabular-nums">
          {t('As of {time}', { time: clock(new Date(at).toISOString()) })}
        </span>
      )}
      <Button
        look="ghost"
        size="icon"
        aria-label={t('Refresh')}
        title={t('Refresh')}
        onClick={() => void queries.invalidateQueries({ queryKey: of })}
      >
        <RefreshCw aria-hidden className={clsx('size-4', busy && 'animate-spin')} />
      </Button>
    </div>
  );
}

/** Lists: pages of rows from the API, and the states a list can be in. */
import type { PageOf } from '@gantry/client';
import { useInfiniteQuery, type QueryKey } from '@tanstack/react-query';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { useT } from '@/i18n';
import { Button } from '@/ui/button';
import { Skeleton } from '@/ui/bits';
import { Problem } from './problem';

/** The rows of a list so far, and how to get more. */
export interface List<T> {
  rows: T[];
  loading: boolean;
  error: unknown;
  more: boolean;
  loadMore: () => void;
  loadingMore: boolean;
  again: () => void;
}

export function useList<T>(key: QueryKey, load: (token: string | undefined) => Promise<PageOf<T>>): List<T> {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_page_token ?? undefined,
  });
  return {
    rows: query.data?.pages.flatMap((page) => page.items) ?? [],
    loading: query.isPending,
    error: query.error,
    more: query.hasNextPage,
    loadMore: () => void query.fetchNextPage(),
    loadingMore: query.isFetchingNextPage,
    again: () => void query.refetch(),
  };
}

/** Rows that are there already, as a list. */
export const given = <T,>(rows: readonly T[]): List<T> => ({
  rows: [...rows],
  loading: false,
  error: null,
  more: false,
  loadMore: () => undefined,
  loadingMore: false,
  again: () => undefined,
});

export interface Column<T> {
  key: string;
  head: string;
  cell: (row: T) => ReactNode;
  /** Left out on phones, where the first column must say enough. */
  roomy?: boolean;
  className?: string;
  /** The heading is for those who cannot see the column. */
  silent?: boolean;
}

// On a phone a row is a small card: the first column on a line of its own, the others below it, acts at the right.
const rowClass =
  'flex flex-wrap items-center gap-x-3 gap-y-1.5 px-4 py-3 hover:bg-hover/60 md:table-row md:p-0';
const cellClass = 'min-w-0 align-middle first:basis-full last:not-first:ml-auto md:px-4 md:py-2.5';

export function ListTable<T>({
  label,
  list,
  columns,
  rowKey,
  empty,
}: {
  label: string;
  list: List<T>;
  columns: readonly Column<T>[];
  rowKey: (row: T) => string;
  empty: ReactNode;
}) {
  const t = useT();
  if (list.error !== null && list.rows.length === 0) {
    return (
      <div className="p-4">
        <Problem error={list.error} retry={list.again} />
      </div>
    );
  }
  if (!list.loading && list.rows.length === 0) return <>{empty}</>;
  const hidden = (column: Column<T>) => column.roomy === true && 'hidden md:table-cell';
  return (
    <>
      <div className="overflow-x-auto">
        <table
          className="block w-full text-left text-sm md:table"
          aria-label={label}
          aria-busy={list.loading}
        >
          <thead className="hidden border-b border-line text-xs text-faint md:table-header-group">
            <tr>
              {columns.map((column) => (
                <th key={column.key} scope="col" className={clsx('px-4 py-2 font-medium', hidden(column))}>
                  {column.silent === true ? <span className="sr-only">{column.head}</span> : column.head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="block divide-y divide-line md:table-row-group">
            {list.loading
              ? [1, 2, 3, 4].map((row) => (
                  <tr key={row} className={rowClass}>
                    {columns.map((column) => (
                      <td key={column.key} className={clsx(cellClass, hidden(column))}>
                        <Skeleton className="h-4 w-24" />
                      </td>
                    ))}
                  </tr>
                ))
              : list.rows.map((row) => (
                  <tr key={rowKey(row)} className={rowClass}>
                    {columns.map((column) => (
                      <td key={column.key} className={clsx(cellClass, hidden(column), column.className)}>
                        {column.cell(row)}
                      </td>
                    ))}
                  </tr>
                ))}
          </tbody>
        </table>
      </div>
      {list.error !== null && (
        <div className="border-t border-line p-3">
          <Problem error={list.error} retry={list.again} />
        </div>
      )}
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

/** What one query answers with: waiting for it, its failure, and what is made of it. */
import type { UseQueryResult } from '@tanstack/react-query';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { Skeleton } from '@/ui/bits';
import { Problem } from './problem';

export function Loaded<T>({
  query,
  height = 'h-40',
  className,
  children,
}: {
  query: UseQueryResult<T>;
  /** About as high as what will stand here, so that nothing jumps. */
  height?: string;
  /** Room around what is shown until the answer is there: in sections whose content reaches the edges. */
  className?: string;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  return (
    <div className={className}>
      {query.error === null ? (
        <Skeleton className={clsx('w-full', height)} />
      ) : (
        <Problem error={query.error} retry={() => void query.refetch()} />
      )}
    </div>
  );
}

/** The frame of every page, and the sections of a detail page. */
import { Link, type LinkProps } from '@tanstack/react-router';
import clsx from 'clsx';
import { ChevronLeft } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import type { QueryKey } from '@tanstack/react-query';
import { Refresh } from './refresh';

export interface PageProps {
  title: string;
  /** Beside the title: a state. */
  mark?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  back?: { label: string } & Pick<LinkProps, 'to' | 'params'>;
  /** What the page reads and nobody tells it of: it says how old that is, and reads it again when asked. */
  unwatched?: QueryKey;
  /** `narrow` for reading and forms, `wide` for tables. */
  width?: 'narrow' | 'wide';
  children: ReactNode;
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Gantry`;
  }, [title]);
}

export function Page({
  title,
  mark,
  description,
  actions,
  back,
  unwatched,
  width = 'wide',
  children,
}: PageProps) {
  useTitle(title);
  return (
    // Narrow or wide, a page begins at the same place.
    <div className="mx-auto max-w-6xl px-4 py-6 sm:px-8 sm:py-8">
      <div className={clsx(width === 'narrow' && 'max-w-3xl')}>
        {back && (
          <Link
            to={back.to ?? '/'}
            params={back.params ?? true}
            className="mb-2 inline-flex items-center gap-1 text-sm text-soft hover:text-ink"
          >
            <ChevronLeft aria-hidden className="size-3.5" />
            {back.label}
          </Link>
        )}
        <header className="mb-6 flex flex-col items-start justify-between gap-x-6 gap-y-3 sm:flex-row">
          <div className="min-w-0 flex-1">
            <div className="flex flex-wrap items-center gap-2.5">
              <h1 className="text-xl font-semibold tracking-tight break-words">{title}</h1>
              {mark}
            </div>
            {description !== undefined && <p className="mt-0.5 max-w-2xl text-soft">{description}</p>}
          </div>
          {(actions !== undefined || unwatched !== undefined) && (
            <div className="flex flex-wrap items-center gap-2 empty:hidden sm:shrink-0">
              {unwatched !== undefined && <Refresh of={unwatched} />}
              {actions}
            </div>
          )}
        </header>
        {children}
      </div>
    </div>
  );
}

/** A titled card of a detail page. */
export function Section({
  title,
  description,
  actions,
  flush = false,
  children,
}: {
  title?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  /** The content reaches the edges: tables. */
  flush?: boolean;
  children?: ReactNode;
}) {
  return (
    <section className="mb-5 rounded-xl border border-line bg-surface">
      {(title !== undefined || actions !== undefined) && (
        <div
          className={clsx(
            'flex justify-between gap-x-6 gap-y-3 px-5 pt-4',
            description === undefined ? 'items-center' : 'flex-col items-start sm:flex-row',
            flush && 'border-b border-line pb-4',
          )}
        >
          <div className="min-w-0 flex-1">
            <h2 className="font-semibold">{title}</h2>
            {description !== undefined && <p className="mt-0.5 max-w-xl text-sm text-soft">{description}</p>}
          </div>
          {actions !== undefined && <div className="flex shrink-0 gap-2 empty:hidden">{actions}</div>}
        </div>
      )}
      {children !== undefined && <div className={clsx(!flush && 'px-5 py-4')}>{children}</div>}
    </section>
  );
}

/** Numbers that are looked at together, the number before all. */
export function Stats({
  stats,
}: {
  stats: readonly (readonly [name: string, value: ReactNode, aside?: ReactNode])[];
}) {
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-5 sm:grid-cols-4">
      {stats.map(([name, value, aside]) => (
        <div key={name} className="flex min-w-0 flex-col-reverse">
          <dd className="text-lg font-semibold break-words tabular-nums">
            {value} {aside !== undefined && <span className="text-xs font-normal text-faint">{aside}</span>}
          </dd>
          <dt className="text-sm text-faint">{name}</dt>
        </div>
      ))}
    </dl>
  );
}

/** Names and values of one thing. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <div className="@container">
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 @4xl:grid-cols-4">
        {facts.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-sm text-faint">{name}</dt>
            <dd className="text-sm break-words sm:text-base">{value ?? '–'}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

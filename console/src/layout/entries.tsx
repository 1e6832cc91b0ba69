/** A short list of things with acts: what each is, its state, and buttons that ask before they do something. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Button } from '@/ui/button';
import { Loaded } from './loaded';

/** All of what a query answers with, inside a section whose content reaches the edges. */
export function Entries<T extends { id: string }>({
  query,
  empty,
  children,
}: {
  query: UseQueryResult<{ items: T[] }>;
  empty: ReactNode;
  children: (item: T) => ReactNode;
}) {
  return (
    <Loaded query={query} height="h-16" className="p-5">
      {({ items }) =>
        items.length === 0 ? empty : <ul className="divide-y divide-line">{items.map(children)}</ul>
      }
    </Loaded>
  );
}

export function Entry({
  icon,
  title,
  mark,
  detail,
  acts,
  children,
}: {
  icon: ReactNode;
  title: ReactNode;
  mark?: ReactNode;
  detail: ReactNode;
  acts?: ReactNode;
  /** Its dialogs, and what went wrong with it. */
  children?: ReactNode;
}) {
  return (
    <li className="flex items-start gap-3 px-5 py-3.5">
      <span className="mt-0.5 text-faint [&>svg]:size-5">{icon}</span>
      <div className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1 basis-48">
          <p className="flex flex-wrap items-center gap-2 font-medium break-words">
            {title}
            {mark}
          </p>
          <p className="text-sm break-words text-soft">{detail}</p>
        </div>
        {acts !== undefined && <div className="flex gap-2">{acts}</div>}
        {children}
      </div>
    </li>
  );
}

/** The buttons of an entry. `full` names the entry, too, for those who hear one button after the other. */
export function EntryActs<A extends string>({
  acts,
  onAct,
}: {
  acts: readonly { act: A; label: string; full: string }[];
  onAct: (act: A) => void;
}) {
  return acts.map(({ act, label, full }) => (
    <Button
      key={act}
      size="sm"
      aria-label={full}
      onClick={() => {
        onAct(act);
      }}
    >
      {label}
    </Button>
  ));
}

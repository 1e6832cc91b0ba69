/** One way to prove who somebody is: a row of the account's security. */
import type { ReactNode } from 'react';

export function Factor({
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
          <p className="text-sm text-soft">{detail}</p>
        </div>
        {acts !== undefined && <div className="flex gap-2">{acts}</div>}
        {children}
      </div>
    </li>
  );
}

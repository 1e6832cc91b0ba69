/** What a list is narrowed by: a row at a desk, two columns on a phone. The first of them, which is typed, gets its own line there. */
import type { ReactNode } from 'react';

export function Filters({
  children,
  onSubmit,
}: {
  children: ReactNode;
  /** For filters that apply when Enter is pressed. */
  onSubmit?: (data: FormData) => void;
}) {
  const className =
    'mb-4 grid grid-cols-2 items-end gap-2 *:first:col-span-2 [&>:nth-child(2):last-child]:col-span-2 sm:flex sm:flex-wrap';
  if (!onSubmit) {
    return (
      <div role="search" className={className}>
        {children}
      </div>
    );
  }
  return (
    <form
      role="search"
      className={className}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(new FormData(event.currentTarget));
      }}
    >
      {children}
    </form>
  );
}

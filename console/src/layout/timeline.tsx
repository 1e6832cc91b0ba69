/** What happened, newest first, grouped by day. */
import type { ReactNode } from 'react';
import { useFormat } from '@/i18n';

export interface Happening {
  id: string;
  at: string;
  icon: ReactNode;
  content: ReactNode;
}

export function Timeline({ label, happenings }: { label: string; happenings: readonly Happening[] }) {
  const { day } = useFormat();
  const days = new Map<string, Happening[]>();
  for (const one of happenings) {
    const key = day(one.at);
    days.set(key, [...(days.get(key) ?? []), one]);
  }
  return (
    <div aria-label={label} role="group">
      {[...days].map(([key, list]) => (
        <section key={key} className="mb-2">
          <h2 className="px-5 pt-3 pb-1 text-xs font-medium text-faint">{key}</h2>
          <ol>
            {list.map((one) => (
              <li key={one.id} className="relative flex gap-3 px-5 py-2 hover:bg-hover/60">
                <span className="mt-0.5 grid size-6 shrink-0 place-items-center rounded-full border border-line bg-canvas text-faint [&>svg]:size-3.5">
                  {one.icon}
                </span>
                <div className="min-w-0 flex-1">{one.content}</div>
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

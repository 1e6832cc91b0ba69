/** Short words about what has happened. What needs an act does not belong here. */
import { CircleCheck } from 'lucide-react';
import { useSyncExternalStore } from 'react';

interface Toast {
  id: number;
  text: string;
}

let toasts: readonly Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();
const set = (next: readonly Toast[]) => {
  toasts = next;
  for (const listener of listeners) listener();
};

export function toast(text: string): void {
  count += 1;
  const id = count;
  set([...toasts.slice(-2), { id, text }]);
  setTimeout(() => {
    set(toasts.filter((one) => one.id !== id));
  }, 4_000);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 bottom-4 z-50 grid justify-items-center gap-2 px-4"
    >
      {shown.map((one) => (
        <div
          key={one.id}
          className="animate-appear flex items-center gap-2 rounded-lg border border-line bg-raised px-3.5 py-2.5 text-sm shadow-xl"
        >
          <CircleCheck aria-hidden className="size-4 text-ok" />
          {one.text}
        </div>
      ))}
    </div>
  );
}

/** Whether the server can be reached, as the requests of the console show it. */
import { WifiOff } from 'lucide-react';
import { useEffect, useSyncExternalStore } from 'react';
import { useT } from '@/i18n';
import { queries } from '@/api';

let lost = false;
const listeners = new Set<() => void>();

function set(next: boolean): void {
  if (lost === next) return;
  lost = next;
  for (const listener of listeners) listener();
}

/** Calls back once the server that could not be reached can be; ends with the returned function. */
export function whenReachable(back: () => void): () => void {
  const listener = () => {
    if (!lost) back();
  };
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch('/healthz')).ok;
  } catch {
    return false;
  }
}

/** Something broke off: looks whether the server is there. */
export async function doubt(): Promise<void> {
  set(!(await answers()));
}

export const unreachable = (): void => {
  set(true);
};
export const reachable = (): void => {
  set(false);
};

export function OfflineBanner() {
  const t = useT();
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => lost,
  );
  useEffect(() => {
    if (!shown) return;
    const look = async () => {
      if (!(await answers())) return;
      reachable();
      await queries.invalidateQueries();
    };
    const timer = setInterval(() => void look(), 3_000);
    const now = () => void look();
    window.addEventListener('online', now);
    return () => {
      clearInterval(timer);
      window.removeEventListener('online', now);
    };
  }, [shown]);
  if (!shown) return null;
  return (
    <div
      role="alert"
      className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2 text-sm text-warn"
    >
      <WifiOff aria-hidden className="size-4" />
      {t('The server cannot be reached. What you see may be out of date; this goes on by itself.')}
    </div>
  );
}

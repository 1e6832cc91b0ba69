/** A request that wants a fresh proof waits here until the dialog is done. */
import { useSyncExternalStore } from 'react';

interface Wanted {
  answer: Promise<boolean>;
  settle: (proven: boolean) => void;
}

let wanted: Wanted | null = null;
const listeners = new Set<() => void>();

function set(next: Wanted | null): void {
  wanted = next;
  for (const listener of listeners) listener();
}

/** Asks the person; several requests at once share one question. */
export function askForProof(): Promise<boolean> {
  if (wanted) return wanted.answer;
  let resolve: (proven: boolean) => void = () => undefined;
  const promise = new Promise<boolean>((settled) => {
    resolve = settled;
  });
  set({
    answer: promise,
    settle: (proven) => {
      set(null);
      resolve(proven);
    },
  });
  return promise;
}

export const useWantedProof = (): Wanted | null =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => wanted,
  );

/**
 * One stream for all tabs of a browser. The tab that gets the lock reads it and tells the others; when it is closed, the next one gets the lock
 * and goes on after the last event it heard of. Where a browser has no locks or no channels, each tab reads for itself.
 */
import type { WorkspaceEvent } from '@gantry/client';

/** `over`: the server refuses, and no tab need ask again before something else has changed. */
export type Told = WorkspaceEvent | { type: 'over' };

/** What a browser brings. */
export interface Browser {
  locks?: Pick<LockManager, 'request'> | undefined;
  channel?: ((name: string) => BroadcastChannel) | undefined;
}

// Plain http on another machine's address has no locks, whatever the types say.
const here = (): Browser => ({
  locks: (navigator as Partial<Navigator>).locks,
  channel: typeof BroadcastChannel === 'undefined' ? undefined : (name) => new BroadcastChannel(name),
});

export interface Listening {
  /** The same for all tabs that may hear the same. */
  name: string;
  /** The stream, after this event; ends with the signal. */
  open: (after: string | undefined, signal: AbortSignal) => AsyncIterable<WorkspaceEvent>;
  take: (told: Told) => void;
}

/** Listens until the returned function is called. */
export function share({ name, open, take }: Listening, browser: Browser = here()): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const { locks } = browser;
  const channel = locks ? browser.channel?.(name) : undefined;
  let last: string | undefined;

  const hear = (told: Told): void => {
    if (signal.aborted) return;
    if ('id' in told) last = told.id;
    if (told.type === 'over') end();
    take(told);
  };
  const say = (told: Told): void => {
    if (signal.aborted) return;
    channel?.postMessage(told);
    hear(told);
  };
  const end = (): void => {
    stop.abort();
    channel?.close();
  };
  const read = async (): Promise<void> => {
    try {
      for await (const event of open(last, signal)) say(event);
    } catch {
      // Why, the next request of a page is told, too, and shows.
      say({ type: 'over' });
    }
  };
  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<Told>) => {
      hear(data);
    };
  }
  if (locks && channel) {
    // Whoever stops waiting is told so by an error.
    locks.request(name, { signal }, read).catch(() => undefined);
  } else void read();
  return end;
}

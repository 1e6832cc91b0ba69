import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkspaceEvent } from '@gantry/client';
import { InfiniteQueryObserver, QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { concerns, concernsOf, topics } from '@/live/concerns';
import { Renewals } from '@/live/renewals';
import { share, type Browser, type Told } from '@/live/shared';

const root = join(import.meta.dirname, '../..');

function filesOf(folder: string, ending: RegExp): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => ending.test(name) && !name.includes('node_modules'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));
}

/** What stands between the parenthesis at `start` and the one that closes it. */
function inside(code: string, start: number): string {
  let depth = 0;
  for (let at = start; at < code.length; at += 1) {
    if (code[at] === '(') depth += 1;
    if (code[at] === ')') depth -= 1;
    if (depth === 0) return code.slice(start, at);
  }
  return '';
}

describe('the table of concerns', () => {
  test('every kind of event that the server emits is in it', () => {
    const emitted = new Set<string>();
    for (const folder of ['platform', 'products', 'kit/runtime']) {
      for (const code of filesOf(folder, /src[\\/].*\.rs$/)) {
        if (!/gantry_events::|\bevent: \("/.test(code)) continue;
        for (const call of code.matchAll(/\b(?:Event::new|changed)\(/g)) {
          const words = inside(code, call.index + call[0].length - 1);
          for (const [, kind = ''] of words.matchAll(/"([a-z]+\.[a-z]+\.[a-z_]+)"/g)) emitted.add(kind);
        }
        // What is told for several folders by one function is named where that is called.
        for (const [, kind = ''] of code.matchAll(/\bevent: \("([a-z]+\.[a-z_]+\.[a-z_]+)"/g))
          emitted.add(kind);
      }
    }
    expect(emitted.size).toBeGreaterThan(10);
    expect([...emitted].filter((kind) => !(kind in concerns))).toEqual([]);
  });

  test('every query says what it is about, or is known not to be watched', () => {
    const unwatched = ['activity', 'admin', 'health', 'invitation', 'openapi', 'permissions', 'providers'];
    const known = new Set<string>([...topics, ...unwatched, 'me']);
    const found = filesOf('console/src', /\.tsx?$/).flatMap((code) =>
      [...code.matchAll(/(?:queryKey: |useList\(|Key = .*?=> )\[\s*'([\w-]+)'/g)].map(([, about]) => about),
    );
    expect(found.length).toBeGreaterThan(30);
    expect(found.filter((about) => about === undefined || !known.has(about))).toEqual([]);
  });

  test('of an unknown kind everything may be out of date', () => {
    expect(concernsOf('spaces.class.changed')).toEqual(['everything']);
    expect(concernsOf('spaces.student.changed')).toContain('students');
  });
});

describe('renewals', () => {
  let queries: QueryClient;
  const watched: (() => void)[] = [];
  const reads: string[] = [];
  beforeEach(() => {
    vi.useFakeTimers();
    queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
    reads.length = 0;
  });
  afterEach(() => {
    for (const unwatch of watched.splice(0)) unwatch();
    queries.clear();
    vi.useRealTimers();
  });
  const watch = (queryKey: string[], answer: () => Promise<string> = () => Promise.resolve('read')) => {
    const observer = new QueryObserver(queries, {
      queryKey,
      queryFn: () => {
        reads.push(queryKey.join('/'));
        return answer();
      },
    });
    watched.push(observer.subscribe(() => undefined));
    return observer;
  };
  const passes = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

  test('what is concerned is read again, in this workspace alone', async () => {
    for (const key of [['students', 'north'], ['students', 'south'], ['branches', 'north'], ['me']])
      watch(key);
    await passes(0);
    reads.length = 0;
    new Renewals(queries, 'north', () => false).note(['students', 'limits']);
    await passes(100);
    expect(reads).toEqual(['students/north']);
  });

  test("`everything` is all of the workspace, `me` all of the person, `notices` their tray, `backups` the platform's", async () => {
    const keys = [
      ['students', 'north'],
      ['workspace', 'north', 'backups'],
      ['members', 'south'],
      ['me'],
      ['me', 'notices'],
      ['admin', 'north'],
      ['admin', 'backups'],
    ];
    for (const key of keys) watch(key);
    await passes(0);
    const renewals = new Renewals(queries, 'north', () => false);
    for (const [concern, expected] of [
      ['everything', ['students/north', 'workspace/north/backups']],
      ['me', ['me', 'me/notices']],
      ['notices', ['me/notices']],
      ['backups', ['admin/backups']],
    ] as const) {
      reads.length = 0;
      renewals.note([concern]);
      await passes(2_000);
      expect(reads, concern).toEqual(expected);
    }
  });

  test('a thousand events in a row are a read a second', async () => {
    watch(['students', 'north']);
    await passes(0);
    reads.length = 0;
    const renewals = new Renewals(queries, 'north', () => false);
    for (let event = 0; event < 1_000; event += 1) {
      renewals.note(['students']);
      await passes(3);
    }
    await passes(2_000);
    expect(reads.length).toBeGreaterThanOrEqual(3);
    expect(reads.length).toBeLessThanOrEqual(5);
  });

  test('a list that takes long to read is read less often', async () => {
    watch(['students', 'north'], () => new Promise((done) => setTimeout(done, 1_000, 'read')));
    await passes(1_000);
    reads.length = 0;
    const renewals = new Renewals(queries, 'north', () => false);
    for (let second = 0; second < 12; second += 1) {
      renewals.note(['students']);
      await passes(1_000);
    }
    expect(reads).toHaveLength(3);
  });

  test('a first answer that was on its way is not trusted', async () => {
    let answer: (text: string) => void = () => undefined;
    const slow = watch(['students', 'north'], () => new Promise((done) => (answer = done)));
    const renewals = new Renewals(queries, 'north', () => false);
    renewals.note(['students']);
    await passes(100);
    answer('from before');
    await passes(0);
    expect(reads).toHaveLength(2);
    answer('from after');
    await passes(0);
    expect(slow.getCurrentResult().data).toBe('from after');
  });

  test('a page that nobody sees is read again when somebody looks', async () => {
    const observer = watch(['students', 'north']);
    await passes(0);
    reads.length = 0;
    new Renewals(queries, 'north', () => true).note(['students']);
    await passes(2_000);
    expect(reads).toEqual([]);
    expect(observer.getCurrentResult().isStale).toBe(true);
  });

  test('lists are read again with all their pages', async () => {
    const pages = new InfiniteQueryObserver(queries, {
      queryKey: ['students', 'north'],
      queryFn: ({ pageParam }) => {
        reads.push(String(pageParam));
        return pageParam;
      },
      initialPageParam: 1,
      getNextPageParam: (page: number) => (page < 2 ? page + 1 : undefined),
    });
    watched.push(pages.subscribe(() => undefined));
    await passes(0);
    await pages.fetchNextPage();
    new Renewals(queries, 'north', () => false).note(['students']);
    await passes(100);
    expect(reads).toEqual(['1', '2', '1', '2']);
  });

  test('nothing is read after it was stopped', async () => {
    watch(['students', 'north']);
    await passes(0);
    reads.length = 0;
    const renewals = new Renewals(queries, 'north', () => false);
    renewals.note(['students']);
    renewals.stop();
    await passes(2_000);
    expect(reads).toEqual([]);
  });
});

/** Several tabs of one browser: one at a time holds a lock, and a channel reaches the others. */
function oneBrowser(): Browser {
  const queues = new Map<string, Promise<unknown>>();
  const channels = new Set<{ name: string; onmessage: ((event: MessageEvent<Told>) => void) | null }>();
  const request = (name: string, { signal }: { signal: AbortSignal }, work: () => Promise<void>) => {
    const turn = (queues.get(name) ?? Promise.resolve()).then(() => (signal.aborted ? undefined : work()));
    queues.set(name, turn);
    return turn;
  };
  const channel = (name: string) => {
    const own = {
      name,
      onmessage: null as ((event: MessageEvent<Told>) => void) | null,
      postMessage: (data: Told) => {
        for (const other of channels) {
          if (other !== own && other.name === name) other.onmessage?.(new MessageEvent('message', { data }));
        }
      },
      close: () => channels.delete(own),
    };
    channels.add(own);
    return own as unknown as BroadcastChannel;
  };
  return { locks: { request } as unknown as LockManager, channel };
}

describe('one stream for all tabs', () => {
  const happened = (id: string): WorkspaceEvent => ({
    type: 'happened',
    id,
    kind: 'a.b.changed',
    at: '2026-01-01T00:00:00Z',
    subjects: [],
  });

  /** A server: what was asked of it, and how to speak to the stream that was opened last. */
  function server() {
    const opened: (string | undefined)[] = [];
    let say: (event: WorkspaceEvent | Error) => void = () => undefined;
    const open = (after: string | undefined, signal: AbortSignal): AsyncIterable<WorkspaceEvent> => {
      opened.push(after);
      const queue: (WorkspaceEvent | Error)[] = [];
      let wake: () => void = () => undefined;
      say = (event) => {
        queue.push(event);
        wake();
      };
      signal.addEventListener('abort', () => {
        wake();
      });
      return (async function* () {
        while (!signal.aborted) {
          const next = queue.shift();
          if (next instanceof Error) throw next;
          if (next) yield next;
          else await new Promise<void>((done) => (wake = done));
        }
      })();
    };
    return {
      opened,
      open,
      says: async (event: WorkspaceEvent | Error) => {
        say(event);
        await settle();
      },
    };
  }
  const settle = () => new Promise((done) => setTimeout(done, 0));

  const tab = (open: ReturnType<typeof server>['open'], browser: Browser) => {
    const told: Told[] = [];
    const close = share({ name: 'north', open, take: (one) => told.push(one) }, browser);
    return { told, close };
  };
  const ids = (told: readonly Told[]) => told.map((one) => ('id' in one ? one.id : one.type));

  test('ten tabs open one, and each hears it', async () => {
    const browser = oneBrowser();
    const { opened, open, says } = server();
    const tabs = Array.from({ length: 10 }, () => tab(open, browser));
    await settle();
    await says(happened('1'));
    expect(opened).toHaveLength(1);
    for (const { told } of tabs) expect(ids(told)).toEqual(['1']);
  });

  test('when the tab that reads is closed, another goes on after the last event', async () => {
    const browser = oneBrowser();
    const { opened, open, says } = server();
    const first = tab(open, browser);
    const second = tab(open, browser);
    await settle();
    await says(happened('7'));
    first.close();
    await settle();
    await says(happened('8'));
    expect(opened).toEqual([undefined, '7']);
    expect(ids(first.told)).toEqual(['7']);
    expect(ids(second.told)).toEqual(['7', '8']);
  });

  test('a refusal ends it for all of them, and none asks again', async () => {
    const browser = oneBrowser();
    const { opened, open, says } = server();
    const tabs = [tab(open, browser), tab(open, browser), tab(open, browser)];
    await settle();
    await says(new Error('refused'));
    await settle();
    expect(opened).toHaveLength(1);
    for (const { told } of tabs) expect(ids(told)).toEqual(['over']);
  });

  test('where there are no locks, each tab reads for itself', async () => {
    const { opened, open, says } = server();
    const tabs = [tab(open, {}), tab(open, { ...oneBrowser(), locks: undefined })];
    await settle();
    await says(happened('1'));
    expect(opened).toHaveLength(2);
    expect(tabs.map(({ told }) => told.length)).toEqual([0, 1]);
    for (const { close } of tabs) close();
  });
});

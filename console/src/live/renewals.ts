/** Makes queries fresh after events: soon, and however many events there are, not all the time. */
import type { QueryClient, QueryFilters } from '@tanstack/react-query';
import { topics, type Concern } from './concerns';

/** What comes together is renewed together. */
const GATHER = 60;
/** From the beginning of one renewal to the next, at least. */
const PAUSE = 1_000;
/** After one that took long, such as of a list that was scrolled far, as many times as long. */
const REST = 3;

const known: ReadonlySet<unknown> = new Set(topics);

/** Queries that one of these concerns, in this workspace. */
export function filterOf(workspace: string, concerned: ReadonlySet<Concern>): QueryFilters {
  return {
    predicate: ({ queryKey: [about, where] }) => {
      if (about === 'me') return concerned.has('me') || (where === 'notices' && concerned.has('notices'));
      if (about === 'admin') return where === 'backups' && concerned.has('backups');
      if (where !== workspace || !known.has(about)) return false;
      return concerned.has('everything') || concerned.has(about as Concern);
    },
  };
}

export class Renewals {
  private waiting = new Set<Concern>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;
  private next = 0;

  constructor(
    private readonly queries: QueryClient,
    private readonly workspace: string,
    /** Whether nobody sees the page: then what it shows is read when somebody does. */
    private readonly hidden: () => boolean = () => document.hidden,
  ) {}

  /** What was read before now may be out of date. */
  note(concerned: Iterable<Concern>): void {
    for (const one of concerned) this.waiting.add(one);
    this.plan();
  }

  /** What is in the cache from an earlier look; what is being read for the first time is not. */
  forget(): void {
    void this.queries.invalidateQueries(filterOf(this.workspace, new Set(['everything'])));
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting.clear();
  }

  private plan(): void {
    if (this.waiting.size === 0 || this.timer !== undefined || this.busy) return;
    this.timer = setTimeout(() => void this.run(), Math.max(GATHER, this.next - Date.now()));
  }

  private async run(): Promise<void> {
    const concerned = this.waiting;
    const began = Date.now();
    this.waiting = new Set();
    this.timer = undefined;
    this.busy = true;
    try {
      await this.renew(filterOf(this.workspace, concerned));
    } finally {
      const now = Date.now();
      this.busy = false;
      this.next = Math.max(began + PAUSE, now + REST * (now - began));
      this.plan();
    }
  }

  private async renew(filter: QueryFilters): Promise<void> {
    const how = this.hidden() ? ({ refetchType: 'none' } as const) : {};
    // A first answer that is on its way may have been read before the event, and is not asked for again by itself.
    const first = this.queries
      .getQueryCache()
      .findAll({ ...filter, fetchStatus: 'fetching' })
      .filter(({ state }) => state.data === undefined);
    await this.queries.invalidateQueries({ ...filter, ...how });
    await Promise.allSettled(first.map(async ({ promise }) => promise));
    for (const { queryKey } of first) await this.queries.invalidateQueries({ queryKey, exact: true, ...how });
  }
}

/** What happens in a workspace, as it happens: server-sent events, resumed where they broke off. */
import type { Gantry } from './client';
import { NetworkError, ProblemError } from './problem';

/** Something happened. The subjects are ids; none where there are too many to name. */
export interface Happened {
  type: 'happened';
  id: string;
  /** `module.noun.verb`, such as `spaces.student.changed`. */
  kind: string;
  at: string;
  subjects: string[];
  /** The branch, or other unit, that the subjects belong to. */
  unit?: string;
}

/** The stream is open. `missed`: what happened before is not known, so read again what you show. */
export interface Opened {
  type: 'opened';
  id: string;
  missed: boolean;
}

/** The stream broke off or could not be opened; it is tried again by itself. What is shown meanwhile may be out of date. */
export interface Interrupted {
  type: 'interrupted';
}

export type WorkspaceEvent = Happened | Opened | Interrupted;

/** How to listen. */
export interface EventOptions {
  /** The id of the last event that was taken; without one the stream begins now. */
  after?: string;
  /** Ends it. */
  signal?: AbortSignal;
  /** Waits; for tests. */
  wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  /** A number from 0 to 1, so that not all come back at once; for tests. */
  random?: () => number;
}

/** One block of an event stream (WHATWG HTML, section 9.2). */
export interface Block {
  event: string;
  id?: string;
  data?: string;
}

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** The server says something every 15 seconds unless it is set otherwise; a connection that died silently says nothing. */
const LONGEST_SILENCE = 60_000;

const pause = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        done();
      },
      { once: true },
    );
  });

function parse(text: string): Block {
  const block: Block = { event: 'message' };
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const field = line.slice(0, colon);
    if (field === 'event') block.event = value;
    if (field === 'id') block.id = value;
    if (field === 'data') block.data = block.data === undefined ? value : `${block.data}\n${value}`;
  }
  return block;
}

/** The blocks of a stream as they come. Ends when the stream does, or when it was silent for too long. */
export async function* blocks(body: ReadableStream<Uint8Array>): AsyncGenerator<Block, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      const silence = new Promise<null>((done) => {
        timer = setTimeout(() => {
          done(null);
        }, LONGEST_SILENCE);
      });
      const read = await Promise.race([reader.read(), silence]);
      clearTimeout(timer);
      if (read === null || read.done) return;
      // What ends a line may come in two pieces.
      text = (text + decoder.decode(read.value, { stream: true })).replaceAll('\r\n', '\n');
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        yield parse(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => undefined);
  }
}

function read(block: Block, id: string): WorkspaceEvent | null {
  if (block.data === undefined) return null;
  const data = JSON.parse(block.data) as Record<string, unknown>;
  switch (block.event) {
    case 'ready':
      return { type: 'opened', id, missed: data['resumed'] !== true };
    case 'reset':
      return { type: 'opened', id, missed: true };
    case 'message': {
      const { kind, at, subjects, unit } = data;
      if (typeof kind !== 'string' || typeof at !== 'string' || !Array.isArray(subjects)) return null;
      const happened: Happened = { type: 'happened', id, kind, at, subjects: subjects.map(String) };
      return typeof unit === 'string' ? { ...happened, unit } : happened;
    }
    default:
      return null;
  }
}

/** The server ended the stream and does not want the caller back as they are now. */
function isUnwelcome(block: Block): boolean {
  if (block.event !== 'end' || block.data === undefined) return false;
  return (JSON.parse(block.data) as Record<string, unknown>)['reconnect'] === false;
}

/**
 * Everything that happens in a workspace and may be known, until `signal` ends it. It comes back by itself after the
 * network or the server was gone, and goes on where it was; before it waits it says that it was interrupted. Throws {@link ProblemError} when the server refuses for good:
 * nobody is signed in any more, or they are no member.
 */
export async function* events(
  client: Gantry,
  tenant: string,
  options: EventOptions = {},
): AsyncGenerator<WorkspaceEvent, void, undefined> {
  const { signal, wait = pause, random = Math.random } = options;
  // Read through a function: the signal changes while this waits.
  const over = (): boolean => signal?.aborted ?? false;
  let last = options.after;
  let failures = 0;
  // What a stream ended with, the next request is refused with: it is made at once, and once.
  let sentAway = false;
  while (!over()) {
    let later = FIRST_PAUSE * 2 ** failures;
    const before = sentAway;
    sentAway = false;
    try {
      const { data } = await client.GET('/api/v1/tenants/{tenant}/events', {
        params: { path: { tenant }, ...(last === undefined ? {} : { header: { 'Last-Event-ID': last } }) },
        parseAs: 'stream',
        ...(signal ? { signal } : {}),
      });
      for await (const block of blocks(data as unknown as ReadableStream<Uint8Array>)) {
        last = block.id ?? last;
        sentAway ||= isUnwelcome(block);
        const event = read(block, last ?? '');
        if (event === null) continue;
        failures = 0;
        later = FIRST_PAUSE;
        yield event;
        if (over()) return;
      }
    } catch (error) {
      if (over()) return;
      const refused = error instanceof ProblemError;
      if (refused && error.status !== 429 && error.status < 500) throw error;
      if (!refused && !(error instanceof NetworkError) && !(error instanceof TypeError)) throw error;
      if (refused && error.retryAfter !== null) later = Math.max(later, error.retryAfter * 1_000);
    }
    if (sentAway && !before) continue;
    yield { type: 'interrupted' };
    if (over()) return;
    failures = Math.min(failures + 1, 5);
    await wait(Math.min(later, LONGEST_PAUSE) * (0.5 + random() / 2), signal);
  }
}

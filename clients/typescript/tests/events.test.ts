import { describe, expect, test } from 'vitest';
import { createClient, events, ProblemError, type Options, type WorkspaceEvent } from '../src';
import { blocks } from '../src/events';

const base = 'http://gantry.test';

/** A body that says these pieces and then ends. */
const said = (...pieces: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });

const stream = (...pieces: string[]) =>
  new Response(said(...pieces), { status: 200, headers: { 'content-type': 'text/event-stream' } });

const refusal = (status: number, code: string, headers: Record<string, string> = {}) =>
  new Response(
    JSON.stringify({ type: `/errors/${code}`, title: code, status, code, instance: '/', request_id: 'r' }),
    { status, headers: { 'content-type': 'application/problem+json', ...headers } },
  );

/** A server that answers in order; what it was told of the last event; how long was waited. */
function scripted(answers: (Response | Error)[]) {
  const after: (string | null)[] = [];
  const waited: number[] = [];
  const options: Options = {
    baseUrl: base,
    fetch: (request) => {
      after.push(request.headers.get('last-event-id'));
      const answer = answers.shift();
      if (!answer) throw new Error('not expected');
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    wait: () => Promise.resolve(),
  };
  const wait = (milliseconds: number): Promise<void> => {
    waited.push(milliseconds);
    return Promise.resolve();
  };
  return { client: createClient(options), after, waited, wait };
}

const ready = (id: string, resumed: boolean) =>
  `event: ready\nid: ${id}\ndata: {"resumed":${String(resumed)}}\n\n`;
const happened = (id: string, subject: string) =>
  `id: ${id}\ndata: {"kind":"a.b.changed","at":"2026-01-01T00:00:00Z","subjects":["${subject}"]}\n\n`;

async function take(of: AsyncGenerator<WorkspaceEvent>, count: number): Promise<WorkspaceEvent[]> {
  const taken: WorkspaceEvent[] = [];
  for await (const event of of) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

describe('blocks', () => {
  test('pieces end anywhere, also inside a character', async () => {
    const bytes = new TextEncoder().encode(
      'retry: 2000\n\nid: 1\r\ndata: "é"\r\n\r\nevent: x\ndata: a\ndata: b\n\n',
    );
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    const found = [];
    for await (const block of blocks(body)) found.push(block);
    expect(found).toEqual([
      { event: 'message' },
      { event: 'message', id: '1', data: '"é"' },
      { event: 'x', data: 'a\nb' },
    ]);
  });
});

describe('events', () => {
  test('a stream that broke off goes on after the last event, or the last heartbeat', async () => {
    const { client, after, waited, wait } = scripted([
      stream(ready('x.1.0.0', false), happened('x.1.1.0', 'one'), ': beat\nid: x.1.7.0\n\n'),
      new TypeError('network'),
      new TypeError('network'),
      new TypeError('network'),
      stream(ready('x.1.7.0', true), happened('x.1.8.0', 'two')),
    ]);
    const taken = await take(events(client, 'north', { wait, random: () => 1 }), 6);
    expect(taken).toEqual([
      { type: 'opened', id: 'x.1.0.0', missed: true },
      { type: 'happened', id: 'x.1.1.0', kind: 'a.b.changed', at: '2026-01-01T00:00:00Z', subjects: ['one'] },
      { type: 'interrupted' },
      { type: 'interrupted' },
      { type: 'opened', id: 'x.1.7.0', missed: false },
      { type: 'happened', id: 'x.1.8.0', kind: 'a.b.changed', at: '2026-01-01T00:00:00Z', subjects: ['two'] },
    ]);
    expect(after).toEqual([null, 'x.1.7.0', 'x.1.7.0', 'x.1.7.0', 'x.1.7.0']);
    expect(waited).toEqual([1_000, 2_000]);
  });

  test('a reset says that something was missed', async () => {
    const { client, wait } = scripted([stream('event: reset\nid: x.1.9.9\ndata: {}\n\n')]);
    const taken = await take(events(client, 'north', { after: 'x.1.1.1', wait }), 1);
    expect(taken).toEqual([{ type: 'opened', id: 'x.1.9.9', missed: true }]);
  });

  test('who may no longer read is not asked for again and again', async () => {
    const end = 'event: end\ndata: {"code":"unauthenticated","detail":"sign in again","reconnect":false}\n\n';
    const { client, after, waited, wait } = scripted([
      stream(ready('x.1.0.0', false), end),
      refusal(401, 'unauthenticated'),
    ]);
    await expect(take(events(client, 'north', { wait }), 9)).rejects.toThrow(ProblemError);
    expect(after).toHaveLength(2);
    // It is told at once.
    expect(waited).toEqual([]);
  });

  test('who is sent away twice is in no hurry to come back', async () => {
    const end = 'event: end\ndata: {"code":"forbidden","detail":"not now","reconnect":false}\n\n';
    const { client, waited, wait } = scripted([
      stream(ready('x.1.0.0', false), end),
      stream(ready('x.1.0.0', true), end),
      stream(ready('x.1.0.0', true)),
    ]);
    const taken = await take(events(client, 'north', { wait, random: () => 1 }), 4);
    expect(taken.map(({ type }) => type)).toEqual(['opened', 'opened', 'interrupted', 'opened']);
    expect(waited).toEqual([1_000]);
  });

  test('a full server is asked again when it says', async () => {
    const { client, waited, wait } = scripted([
      refusal(429, 'too_many_streams', { 'retry-after': '15' }),
      stream(ready('x.1.0.0', false)),
    ]);
    await take(events(client, 'north', { wait, random: () => 1 }), 2);
    expect(waited).toEqual([15_000]);
  });

  test('an aborted signal ends it', async () => {
    const stop = new AbortController();
    const { client, wait } = scripted([stream(ready('x.1.0.0', false), happened('x.1.1.0', 'one'))]);
    const taken: WorkspaceEvent[] = [];
    for await (const event of events(client, 'north', { signal: stop.signal, wait })) {
      taken.push(event);
      stop.abort();
    }
    expect(taken).toHaveLength(1);
  });
});

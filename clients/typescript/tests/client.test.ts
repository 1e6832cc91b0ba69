import { describe, expect, test } from 'vitest';
import {
  all,
  call,
  CookieAuth,
  createClient,
  KeyAuth,
  NetworkError,
  once,
  ProblemError,
  rows,
  TokenAuth,
  version,
  type Options,
  type Tokens,
} from '../src';

const base = 'http://gantry.test';

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json(
    status,
    { type: `/errors/${code}`, title: code, status, code, instance: '/', request_id: 'request-1' },
    headers,
  );

type Answer = Response | Error;

/** A server that answers in order, and what it was asked. */
function scripted(answers: Answer[]) {
  const asked: Request[] = [];
  const waited: number[] = [];
  const options: Pick<Options, 'baseUrl' | 'fetch' | 'wait'> = {
    baseUrl: base,
    fetch: (request) => {
      asked.push(request);
      const answer = answers.shift();
      if (!answer) throw new Error(`not expected: ${request.method} ${request.url}`);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    wait: (milliseconds) => {
      waited.push(milliseconds);
      return Promise.resolve();
    },
  };
  const paths = () => asked.map((request) => `${request.method} ${new URL(request.url).pathname}`);
  return { options, asked, waited, paths, left: answers };
}

describe('answers', () => {
  test('data comes typed and refusals are problems with their parts', async () => {
    const body = {
      type: '/errors/invalid_request',
      title: 'Invalid fields',
      status: 422,
      code: 'invalid_request',
      detail: 'some fields are wrong',
      instance: '/api/v1/auth/sign-ups',
      request_id: 'request-7',
      errors: [{ pointer: '/email', code: 'invalid', detail: 'not an address' }],
    };
    const { options } = scripted([json(422, body, { 'retry-after': '9' })]);
    const seen: unknown[] = [];
    const client = createClient({ ...options, onProblem: (error) => seen.push(error) });
    const refused = call(client.POST('/api/v1/auth/password-resets', { body: { email: 'x' } }));
    const error = await refused.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({
      status: 422,
      code: 'invalid_request',
      requestId: 'request-7',
      retryAfter: 9,
      message: 'some fields are wrong',
      fields: [{ pointer: '/email' }],
    });
    expect(seen).toEqual([error]);
  });

  test('what is not a problem document is still a problem', async () => {
    const { options } = scripted([new Response('<html>', { status: 502, statusText: 'Bad Gateway' })]);
    const client = createClient(options);
    await expect(call(client.GET('/api/v1/me'))).rejects.toMatchObject({
      status: 502,
      code: 'unreadable_answer',
    });
  });

  test('an empty answer is undefined', async () => {
    const { options } = scripted([new Response(null, { status: 204 })]);
    const client = createClient(options);
    const body = { token: 'a' };
    await expect(client.POST('/api/v1/auth/unlocks', { body })).resolves.toMatchObject({ data: undefined });
  });
});

describe('repeats', () => {
  test('reads are repeated when nobody answers, and give up', async () => {
    const lost = () => new TypeError('fetch failed');
    const { options, asked, waited } = scripted([lost(), lost(), lost()]);
    const client = createClient(options);
    await expect(call(client.GET('/api/v1/me'))).rejects.toBeInstanceOf(NetworkError);
    expect([asked.length, waited]).toEqual([3, [200, 400]]);
  });

  test('writes are repeated only under an idempotency key, and then with the same one', async () => {
    const lost = () => new TypeError('fetch failed');
    const tenant = { tenant: 'north' };
    const body = { code: 'A', name: 'A' };
    const bare = scripted([lost()]);
    const path = '/api/v1/tenants/{tenant}/spaces/branches';
    await expect(
      call(createClient(bare.options).POST(path, { params: { path: tenant }, body })),
    ).rejects.toBeInstanceOf(NetworkError);
    expect(bare.asked.length).toBe(1);

    const kept = scripted([
      lost(),
      problem(503, 'database_busy', { 'retry-after': '1' }),
      json(201, { id: 'b' }),
    ]);
    const params = { path: tenant, header: once() };
    const made = await call(createClient(kept.options).POST(path, { params, body }));
    expect(made).toEqual({ id: 'b' });
    expect(new Set(kept.asked.map((request) => request.headers.get('idempotency-key'))).size).toBe(1);
    expect(await kept.asked[2]?.json()).toEqual(body);
    expect(kept.waited).toEqual([200, 1000]);
  });

  test('a long wait is for people to decide', async () => {
    const { options, waited } = scripted([problem(503, 'unavailable', { 'retry-after': '60' })]);
    await expect(call(createClient(options).GET('/api/v1/me'))).rejects.toMatchObject({ retryAfter: 60 });
    expect(waited).toEqual([]);
  });
});

describe('cookies', () => {
  const csrf = (token: string) => json(200, { csrf_token: token });

  test('writes carry a token that is fetched once; reads and what is open to all carry none', async () => {
    const { options, asked, paths } = scripted([
      json(200, {}),
      json(202, {}),
      csrf('one'),
      new Response(null, { status: 204 }),
      new Response(null, { status: 204 }),
    ]);
    const client = createClient({ ...options, auth: new CookieAuth(base) });
    await call(client.GET('/api/v1/me'));
    await call(client.POST('/api/v1/auth/password-resets', { body: { email: 'a@example.com' } }));
    await call(client.DELETE('/api/v1/me/totp'));
    await call(client.DELETE('/api/v1/auth/session'));
    expect(paths()).toEqual([
      'GET /api/v1/me',
      'POST /api/v1/auth/password-resets',
      'GET /api/v1/csrf-token',
      'DELETE /api/v1/me/totp',
      'DELETE /api/v1/auth/session',
    ]);
    expect(asked.map((request) => request.headers.get('x-csrf-token'))).toEqual([
      null,
      null,
      null,
      'one',
      'one',
    ]);
  });

  test('a stale token is fetched again, once', async () => {
    const refused = () => problem(403, 'csrf_failed');
    const { options, asked, left } = scripted([csrf('old'), refused(), csrf('new'), refused()]);
    const client = createClient({ ...options, auth: new CookieAuth(base) });
    await expect(call(client.DELETE('/api/v1/me/totp'))).rejects.toMatchObject({ code: 'csrf_failed' });
    expect(asked.map((request) => request.headers.get('x-csrf-token'))).toEqual([null, 'old', null, 'new']);
    expect(left).toEqual([]);
  });

  test('a request that wants a fresh proof is repeated after it, and not without', async () => {
    for (const proven of [true, false]) {
      const answers = [csrf('one'), problem(403, 'step_up_required')];
      if (proven) answers.push(new Response(null, { status: 204 }));
      const { options, paths } = scripted(answers);
      const onStepUp = () => Promise.resolve(proven);
      const client = createClient({ ...options, auth: new CookieAuth(base), onStepUp });
      const act = call(client.DELETE('/api/v1/me/totp'));
      if (proven) await act;
      else await expect(act).rejects.toMatchObject({ code: 'step_up_required' });
      expect(paths().filter((path) => path === 'DELETE /api/v1/me/totp').length).toBe(proven ? 2 : 1);
    }
  });
});

describe('tokens', () => {
  const first: Tokens = { access_token: 'a1', refresh_token: 'r1', expires_at: 1_000_000 };
  const next = json(200, { access_token: 'a2', refresh_token: 'r2', expires_in: 900 });

  test('a pair about to end is exchanged first, once for requests at the same time', async () => {
    const { options, asked } = scripted([next.clone(), json(200, {}), json(200, {})]);
    const kept: Tokens[] = [];
    const auth = new TokenAuth(
      base,
      first,
      (tokens) => void kept.push(tokens),
      () => 990_000,
    );
    const client = createClient({ ...options, auth });
    await Promise.all([call(client.GET('/api/v1/me')), call(client.GET('/api/v1/me'))]);
    expect(asked.map((request) => request.headers.get('authorization'))).toEqual([
      null,
      'Bearer a2',
      'Bearer a2',
    ]);
    expect(await asked[0]?.json()).toEqual({ refresh_token: 'r1' });
    expect(kept).toEqual([{ access_token: 'a2', refresh_token: 'r2', expires_at: 990_000 + 900_000 }]);
  });

  test('a refused token is exchanged and the request repeated; a refused exchange ends it', async () => {
    const good = scripted([problem(401, 'unauthenticated'), next.clone(), json(200, { name: 'Ada' })]);
    const auth = new TokenAuth(base, first, undefined, () => 0);
    const me = await call(createClient({ ...good.options, auth }).GET('/api/v1/me'));
    expect(me).toEqual({ name: 'Ada' });

    const bad = scripted([problem(401, 'unauthenticated'), problem(401, 'refresh_refused')]);
    const ended = new TokenAuth(base, first, undefined, () => 0);
    await expect(call(createClient({ ...bad.options, auth: ended }).GET('/api/v1/me'))).rejects.toMatchObject(
      {
        code: 'unauthenticated',
      },
    );
    expect(bad.left).toEqual([]);
  });

  test('a key is sent as it is and never mended', async () => {
    const { options, asked } = scripted([problem(401, 'unauthenticated')]);
    const client = createClient({ ...options, auth: new KeyAuth('gtk_secret') });
    await expect(call(client.GET('/api/v1/me'))).rejects.toMatchObject({ status: 401 });
    expect(asked[0]?.headers.get('authorization')).toBe('Bearer gtk_secret');
  });
});

describe('pages', () => {
  const load = (token: string | undefined) =>
    Promise.resolve(
      token === undefined ? { items: [1, 2], next_page_token: 'two' } : { items: [3], next_page_token: null },
    );

  test('rows come one after the other, as far as they are asked for', async () => {
    const found: number[] = [];
    for await (const row of rows(load)) found.push(row);
    expect(found).toEqual([1, 2, 3]);
    expect(await all(load)).toEqual([1, 2, 3]);
  });

  test('a list that is longer than it should be is an error', async () => {
    await expect(all(load, 2)).rejects.toBeInstanceOf(RangeError);
  });

  test('a version is an entity tag', () => {
    expect(version(3)).toEqual({ 'If-Match': '"v3"' });
  });
});

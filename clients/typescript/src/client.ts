/** The client: typed calls, problems as errors, repeats where a repeat is safe. */
import createFetch, { type Client } from 'openapi-fetch';
import type { Auth, Send } from './auth';
import { NetworkError, ProblemError, readProblem } from './problem';
import type { paths } from './schema';

/** What a client is made from. */
export interface Options {
  /** Scheme, host and port of the server. */
  baseUrl: string;
  auth?: Auth;
  /** The way to the network; for tests. */
  fetch?: Send;
  /** Waits; for tests. */
  wait?: (milliseconds: number) => Promise<void>;
  /**
   * Asked when the server wants a fresh proof of who is there (`step_up_required`). The request is repeated when it
   * answers true.
   */
  onStepUp?: (problem: ProblemError) => Promise<boolean>;
  /** Told of every refusal that the client could not mend by itself. */
  onProblem?: (error: ProblemError | NetworkError) => void;
}

export type Gantry = Client<paths>;

/** How often a request is sent again after no answer, or one that says "later". */
const REPEATS = 2;
/** Longest wait that a program should not decide about by itself. */
const LONGEST_WAIT = 5;

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, milliseconds);
  });

/** Reads change nothing, and what carries an idempotency key happens once however often it is sent. */
const isRepeatable = (request: Request): boolean =>
  request.method === 'GET' || request.headers.has('idempotency-key');

/** Makes a client. Calls answer with the data or throw {@link ProblemError} or {@link NetworkError}: see {@link call}. */
export function createClient(options: Options): Gantry {
  const send: Send = options.fetch ?? ((request) => fetch(request));
  const wait = options.wait ?? sleep;

  const reach = async (request: Request): Promise<Response> => {
    for (let attempt = 0; ; attempt += 1) {
      const last = attempt >= REPEATS || !isRepeatable(request);
      try {
        const response = await send(request.clone());
        const later = Number(response.headers.get('retry-after') ?? Number.NaN);
        if (last || response.status !== 503 || !(later <= LONGEST_WAIT)) return response;
        await wait(later * 1000);
      } catch (cause) {
        if (request.signal.aborted) throw cause;
        if (last) throw new NetworkError(cause);
        await wait(200 * 2 ** attempt);
      }
    }
  };

  const deliver = async (request: Request): Promise<Response> => {
    const { auth, onStepUp } = options;
    let mended = false;
    let confirmed = false;
    for (;;) {
      const signed = auth ? await auth.sign(request.clone(), reach) : request.clone();
      const response = await reach(signed);
      if (response.ok || response.status === 304) return response;
      const problem = await readProblem(response);
      if (auth && !mended && (await auth.mend(problem.status, problem.code, reach))) {
        mended = true;
        continue;
      }
      if (onStepUp && !confirmed && problem.code === 'step_up_required') {
        confirmed = true;
        if (await onStepUp(problem)) continue;
      }
      throw problem;
    }
  };

  return createFetch<paths>({
    baseUrl: options.baseUrl,
    credentials: 'same-origin',
    fetch: async (request) => {
      try {
        return await deliver(request);
      } catch (error) {
        if (error instanceof ProblemError || error instanceof NetworkError) options.onProblem?.(error);
        throw error;
      }
    },
  });
}

/** Header fields that make a write happen once, however often it is sent. Make one per intent, not per attempt. */
export const once = (): { 'Idempotency-Key': string } => ({ 'Idempotency-Key': crypto.randomUUID() });

/** The entity tag of a version, for `If-Match`. */
export const version = (number: number): { 'If-Match': string } => ({ 'If-Match': `"v${String(number)}"` });

/** The data of an answer. Refusals were thrown before; a body that is absent is `undefined`. */
export async function call<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  return data as T;
}

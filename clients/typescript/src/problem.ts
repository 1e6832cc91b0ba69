/** What the API refuses with: a problem document (RFC 9457), or no answer at all. */
import type { Problem } from './schema';

/** One wrong field of a request. */
export interface FieldError {
  /** JSON Pointer into the body, or `?name` for a parameter. */
  pointer: string;
  code: string;
  detail: string;
}

/** The server refused, or failed, and said why. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly problem: Problem,
    /** Seconds after which a repeat makes sense, where the server said so. */
    readonly retryAfter: number | null,
  ) {
    super(problem.detail ?? problem.title);
  }

  get status(): number {
    return this.problem.status;
  }

  /** Stable word for programs; `/errors/<code>` explains it to people. */
  get code(): string {
    return this.problem.code;
  }

  /** Finds the request in the server's log. */
  get requestId(): string {
    return this.problem.request_id;
  }

  /** The wrong fields by pointer. */
  get fields(): FieldError[] {
    return this.problem.errors ?? [];
  }
}

/** No answer came: the network, or the server, is not there. A write may or may not have happened. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';

  constructor(cause: unknown) {
    super('the server could not be reached', { cause });
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Reads a refusal. What stands between client and server may answer with anything, so nothing is taken for granted. */
export async function readProblem(response: Response): Promise<ProblemError> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds : null;
  const known = isRecord(body) && typeof body['code'] === 'string' && typeof body['title'] === 'string';
  const problem: Problem = known
    ? (body as unknown as Problem)
    : {
        type: 'about:blank',
        title: response.statusText || `Status ${String(response.status)}`,
        status: response.status,
        code: 'unreadable_answer',
        detail: 'what answered is not Gantry: something between here and there may be broken',
        instance: new URL(response.url || 'http://unknown/').pathname,
        request_id: response.headers.get('x-request-id') ?? '',
      };
  return new ProblemError(problem, retryAfter);
}

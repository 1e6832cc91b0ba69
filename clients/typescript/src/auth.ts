/** How a request shows who sends it: the browser's cookie with a CSRF token, or access and refresh tokens. */

/** Adds credentials to requests and mends them when the server refuses. */
export interface Auth {
  /** Returns the request with credentials. */
  sign(request: Request, send: Send): Promise<Request>;
  /** Looks at a refusal; true when the request is worth one repeat. */
  mend(status: number, code: string, send: Send): Promise<boolean>;
}

/** The way to the network below the client's own handling. */
export type Send = (request: Request) => Promise<Response>;

const isWrite = (request: Request): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(request.method);

/**
 * The session cookie of a browser. Script never sees it; what script adds is the token that tells our page from
 * another site's.
 */
export class CookieAuth implements Auth {
  private token: Promise<string | null> | null = null;

  constructor(private readonly baseUrl: string) {}

  async sign(request: Request, send: Send): Promise<Request> {
    const path = new URL(request.url).pathname;
    // What nobody needs to be signed in for needs no token either.
    const open = path.startsWith('/api/v1/auth/') && path !== '/api/v1/auth/session';
    if (open || !isWrite(request)) return request;
    this.token ??= this.fetchToken(send);
    const token = await this.token;
    if (token === null) {
      this.token = null;
      return request;
    }
    const signed = new Request(request);
    signed.headers.set('x-csrf-token', token);
    return signed;
  }

  mend(status: number, code: string): Promise<boolean> {
    const stale = status === 403 && code === 'csrf_failed' && this.token !== null;
    if (stale) this.token = null;
    return Promise.resolve(stale);
  }

  /** Forgets the token: it belongs to a session, and another one begins. */
  reset(): void {
    this.token = null;
  }

  private async fetchToken(send: Send): Promise<string | null> {
    const response = await send(new Request(new URL('/api/v1/csrf-token', this.baseUrl)));
    if (!response.ok) return null;
    const body = (await response.json()) as { csrf_token: string };
    return body.csrf_token;
  }
}

/** A pair of tokens as the API hands it out. */
export interface Tokens {
  access_token: string;
  refresh_token: string;
  /** Milliseconds since 1970. */
  expires_at: number;
}

/** Access and refresh tokens, for programs that act as a person. Refreshed before they end and once when refused. */
export class TokenAuth implements Auth {
  private refreshing: Promise<boolean> | null = null;

  constructor(
    private readonly baseUrl: string,
    private tokens: Tokens,
    /** Called with every new pair: the old refresh token is used up. */
    private readonly keep: (tokens: Tokens) => void | Promise<void> = () => undefined,
    private readonly now: () => number = () => Date.now(),
  ) {}

  async sign(request: Request, send: Send): Promise<Request> {
    if (this.now() > this.tokens.expires_at - 30_000) await this.refresh(send);
    const signed = new Request(request);
    signed.headers.set('authorization', `Bearer ${this.tokens.access_token}`);
    return signed;
  }

  mend(status: number, _code: string, send: Send): Promise<boolean> {
    return status === 401 ? this.refresh(send) : Promise.resolve(false);
  }

  /** One refresh at a time: a refresh token is good once, and a second use ends the session. */
  private refresh(send: Send): Promise<boolean> {
    this.refreshing ??= this.exchange(send).finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  private async exchange(send: Send): Promise<boolean> {
    const response = await send(
      new Request(new URL('/api/v1/auth/tokens/refresh', this.baseUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: this.tokens.refresh_token }),
      }),
    );
    if (!response.ok) return false;
    const next = (await response.json()) as {
      access_token: string;
      refresh_token: string;
      expires_in: number;
    };
    this.tokens = {
      access_token: next.access_token,
      refresh_token: next.refresh_token,
      expires_at: this.now() + next.expires_in * 1000,
    };
    await this.keep(this.tokens);
    return true;
  }
}

/** The key of a service account. It does not change and cannot be mended. */
export class KeyAuth implements Auth {
  constructor(private readonly key: string) {}

  sign(request: Request): Promise<Request> {
    const signed = new Request(request);
    signed.headers.set('authorization', `Bearer ${this.key}`);
    return Promise.resolve(signed);
  }

  mend(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

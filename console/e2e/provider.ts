/** A provider of OpenID Connect that lets one person in without asking, for journeys: enough of it for Gantry to believe. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

interface Asked {
  client: string;
  nonce: string;
  challenge: string;
  back: string;
}

export class Provider {
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  private readonly codes = new Map<string, Asked>();
  private readonly server: Server;
  /** Who sits in front of the browser there; null says no. */
  person: { sub: string; email: string; name: string } | null = null;

  private constructor() {
    this.server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', this.issuer);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (url.pathname === '/authorize') {
          const back = this.authorize(url.searchParams).replaceAll('&', '&amp;');
          response.writeHead(200, { 'content-type': 'text/html' });
          response.end(
            `<!doctype html><title>Example</title><meta http-equiv="refresh" content="0;url=${back}">`,
          );
          return;
        }
        const answer = this.answer(url.pathname, new URLSearchParams(Buffer.concat(chunks).toString()));
        response.writeHead(answer === null ? 404 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
      });
    });
  }

  static async start(): Promise<Provider> {
    const provider = new Provider();
    await new Promise<void>((ready) => provider.server.listen(0, '127.0.0.1', ready));
    return provider;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get issuer(): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${String(port)}`;
  }

  /** What an installation is started with to trust it. */
  env(): Record<string, string> {
    const { issuer } = this;
    return {
      GANTRY_IDENTITY__PROVIDERS: `[{key = "sso", name = "Example SSO", issuer = "${issuer}", client_id = "gantry", client_auth = "none", sign_up = true}]`,
      GANTRY_OUTBOUND__ALLOW_PRIVATE: '127.0.0.1',
    };
  }

  private authorize(asked: URLSearchParams): string {
    const field = (name: string) => asked.get(name) ?? '';
    const back = new URL(field('redirect_uri'));
    back.searchParams.set('state', field('state'));
    if (this.person === null) {
      back.searchParams.set('error', 'access_denied');
      return back.href;
    }
    const code = randomBytes(16).toString('base64url');
    this.codes.set(code, {
      client: field('client_id'),
      nonce: field('nonce'),
      challenge: field('code_challenge'),
      back: field('redirect_uri'),
    });
    back.searchParams.set('code', code);
    return back.href;
  }

  private answer(path: string, body: URLSearchParams): unknown {
    const { issuer } = this;
    if (path === '/.well-known/openid-configuration') {
      return {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
      };
    }
    if (path === '/keys') {
      return {
        keys: [{ ...this.keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }],
      };
    }
    return path === '/token' ? this.token(body) : null;
  }

  private token(body: URLSearchParams): unknown {
    const code = body.get('code') ?? '';
    const asked = this.codes.get(code);
    const proof = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url');
    if (!asked || !this.person || proof !== asked.challenge || body.get('redirect_uri') !== asked.back) {
      return { error: 'invalid_grant' };
    }
    this.codes.delete(code);
    const now = Math.floor(Date.now() / 1000);
    const { sub, email, name } = this.person;
    const claims = { sub, email, name, email_verified: true, nonce: asked.nonce };
    const times = { iss: this.issuer, aud: asked.client, iat: now, exp: now + 300 };
    const text = `${encode({ alg: 'ES256', kid: 'one' })}.${encode({ ...claims, ...times })}`;
    const signature = sign('sha256', Buffer.from(text), {
      key: this.keys.privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    const id_token = `${text}.${signature.toString('base64url')}`;
    return { access_token: 'unused', token_type: 'Bearer', expires_in: 300, id_token };
  }
}

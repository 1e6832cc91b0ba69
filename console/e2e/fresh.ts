/**
 * With GANTRY_E2E_DIST the pages come from the folder that it names, `dist` as it was built last, under the policy that the binary would send,
 * and everything else from the binary: journeys while one works on the console, without building Rust.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { BrowserContext } from 'playwright-core';

const named = process.env['GANTRY_E2E_DIST'] ?? '';
const dist = resolve(new URL('..', import.meta.url).pathname, named);
const theirs = /^\/(api|errors|\.well-known|healthz|readyz)(\/|$)/;

/** The policy as the binary has it, from its source. */
function policy(): string {
  const source = readFileSync(new URL('../../kit/console/src/lib.rs', import.meta.url), 'utf8');
  const found = /pub const POLICY: &str = "([^"]+)"/.exec(source)?.[1];
  if (found === undefined) throw new Error('kit/console has no policy');
  return found.replaceAll(/\\\n\s*/g, '');
}

export async function serveFresh(context: BrowserContext, origins: readonly string[]): Promise<void> {
  if (named === '') return;
  const headers = { 'content-security-policy': policy() };
  await context.route(
    (url) => origins.includes(url.origin) && !theirs.test(url.pathname),
    async (route) => {
      const file = dist + new URL(route.request().url()).pathname;
      const isFile = /\.\w+$/.test(file) && existsSync(file);
      if (isFile || route.request().isNavigationRequest()) {
        await route.fulfill({ path: isFile ? file : `${dist}/index.html`, headers });
      } else await route.fulfill({ status: 404 });
    },
  );
}

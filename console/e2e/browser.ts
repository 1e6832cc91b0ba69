/** Finds the browser: the one in GANTRY_TEST_CHROMIUM, else the first of the usual names in PATH. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function found(): string {
  const named = process.env['GANTRY_TEST_CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of names) {
      const program = join(folder, name);
      try {
        accessSync(program, constants.X_OK);
        return program;
      } catch {
        // Not here.
      }
    }
  }
  throw new Error('no Chromium: install it (Debian: chromium), or name it in GANTRY_TEST_CHROMIUM');
}

const args = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** As root it refuses to make its sandbox; the pages are our own. */
const chromiumSandbox = process.getuid?.() !== 0;

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: found(), chromiumSandbox, args });
}

/** A browser with one profile, which other tools can speak to at a port. */
export function openProfile(folder: string, port: number, baseURL: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, {
    baseURL,
    locale: 'en-GB',
    executablePath: found(),
    chromiumSandbox,
    args: [...args, `--remote-debugging-port=${String(port)}`],
  });
}

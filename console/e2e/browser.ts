/** Finds the browser: the one in GANTRY_TEST_CHROMIUM, else the first of the usual names in PATH. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

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

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: found(),
    // As root it refuses to make its sandbox; the pages are our own.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

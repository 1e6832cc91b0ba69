/**
 * What the console costs: Lighthouse on three pages, the script that the first page loads, and the frames of a list of
 * 10,000 students. `npm run measure --workspace console` prints it; nothing fails by it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import lighthouse, { desktopConfig } from 'lighthouse';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openProfile } from './browser';
import { serveFresh } from './fresh';
import { populate, type Seeded } from './pages';
import { Visitor, World } from './world';

const STUDENTS = 10_000;

let world: World;
let seeded: Seeded;
beforeAll(async () => {
  world = await World.open();
  seeded = await populate(world);
});
afterAll(() => world.close());

const say = (line: string) => process.stdout.write(`${line}\n`);
const load = () => `load average ${loadavg()[0]?.toFixed(1) ?? '?'}`;

const freePort = () =>
  new Promise<number>((found) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        found(port);
      });
    });
  });

test('Lighthouse', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-lighthouse-'));
  const port = await freePort();
  const context = await openProfile(folder, port, world.url);
  try {
    say('| page | performance | accessibility | best practices | SEO | LCP | script, gzip | |');
    say('|---|---|---|---|---|---|---|---|');
    await serveFresh(context, [world.url]);
    const visitor = await Visitor.open(world, context, [world.url]);
    await visitor.page.goto('/sign-in');
    const audit = async (name: string, path: string) => {
      const flags = { port, disableStorageReset: true, logLevel: 'error' as const };
      const result = await lighthouse(world.url + path, flags, desktopConfig);
      if (!result) throw new Error(`Lighthouse said nothing of ${path}`);
      const { categories, audits } = result.lhr;
      const score = (id: string) => String(Math.round((categories[id]?.score ?? 0) * 100));
      const scores = ['performance', 'accessibility', 'best-practices', 'seo'].map(score).join(' | ');
      const paint = Math.round(audits['largest-contentful-paint']?.numericValue ?? Number.NaN);
      const requests =
        (audits['network-requests']?.details as { items?: Request[] } | undefined)?.items ?? [];
      const scripts = requests.filter((one) => one.resourceType === 'Script').map((one) => one.url);
      const script = await compressed(visitor.page, scripts);
      say(
        `| ${name} | ${scores} | ${String(paint)} ms | ${String(Math.round(script / 1024))} KiB | ${load()} |`,
      );
    };
    await audit('sign-in', '/sign-in');
    await visitor.signIn(seeded.owner);
    await audit('overview', `/w/${seeded.slug}`);
    await audit('students', `/w/${seeded.slug}/spaces/students`);
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

interface Request {
  resourceType?: string;
  url: string;
}

/** What files of this origin weigh with gzip, whatever they were sent with here. */
async function compressed(page: Page, urls: readonly string[]): Promise<number> {
  let sum = 0;
  for (const url of urls) {
    const text = await page.evaluate(async (address) => (await fetch(address)).text(), url);
    sum += gzipSync(text, { level: 9 }).length;
  }
  return sum;
}

test('ten thousand students', async () => {
  const owner = await world.visitor();
  await owner.signIn(seeded.owner, `/w/${seeded.slug}/spaces/imports`);
  const { page } = owner;
  const header =
    readFileSync(new URL('../../examples/students.csv', import.meta.url), 'utf8').split('\n')[0] ?? '';
  expect(header).toContain('Student Name');
  const rows = Array.from(
    { length: STUDENTS },
    (_, at) => `Student ${String(at)} Example,+91 90000 ${String(at).padStart(5, '0')}`,
  );
  const buffer = Buffer.from(`Name,Phone\n${rows.join('\n')}\n`);
  await page.getByLabel('Rows that name no branch go to').selectOption({ label: 'Main hall' });
  await page.locator('input[type=file]').setInputFiles({ name: 'many.csv', mimeType: 'text/csv', buffer });
  await owner.heading('many.csv');
  await owner.press('Check the rows');
  await page.getByRole('button', { name: /^Import [\d,]+ students$/ }).click({ timeout: 300_000 });
  await page.getByRole('link', { name: 'To the students' }).click({ timeout: 300_000 });
  await owner.heading('Students');
  await owner.sees('more come while you scroll');
  say(`first way down, with a request for each hundred: ${await scroll(page)}`);
  await owner.sees('in all.');
  await page.locator('[role=grid] > div:last-child').evaluate((scroller) => {
    scroller.scrollTop = 0;
  });
  say(`second way down, everything read: ${await scroll(page)}`);
  await owner.leave();
});

/** Scrolls to the end, 400 px a frame, and says how long the frames were. */
async function scroll(page: Page): Promise<string> {
  const frames = await page.locator('[role=grid] > div:last-child').evaluate(
    (scroller) =>
      new Promise<number[]>((done) => {
        const times: number[] = [];
        let before = performance.now();
        let still = 0;
        const step = (now: number) => {
          times.push(now - before);
          before = now;
          const top = scroller.scrollTop;
          scroller.scrollTop += 400;
          still = scroller.scrollTop === top ? still + 1 : 0;
          // The end for two seconds: nothing more comes.
          if (still > 120) done(times.slice(2, -120));
          else requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
  );
  frames.sort((a, b) => a - b);
  const part = (share: number) => (frames[Math.floor((frames.length - 1) * share)] ?? 0).toFixed(1);
  const late = frames.filter((time) => time > 34).length;
  return (
    `${String(frames.length)} frames, median ${part(0.5)} ms, 95 of 100 within ${part(0.95)} ms, ` +
    `worst ${part(1)} ms, ${String(late)} longer than two at 60 Hz; ${load()}`
  );
}

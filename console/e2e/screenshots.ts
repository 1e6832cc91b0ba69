/**
 * Pictures of every page, light and dark, for desks and for phones: `npm run screenshots --workspace console`.
 * `npm run guide --workspace console` makes those of docs/guide in the same way: a few pages, light, for desks, small. `GANTRY_GUIDE=members,roles`
 * instead of 1 makes those alone.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { addFactor, setUpOperator } from './factor';
import { accountPages, openPages, platformPages, populate, workspacePages } from './pages';
import { ownDatabase } from './postgres';
import { eventually, World, type Visitor } from './world';

const folder = process.env['SCREENSHOTS'] ?? new URL('../../target/screenshots', import.meta.url).pathname;
const desktop = { name: 'desktop', viewport: { width: 1280, height: 800 } };
const shapes = [desktop, { name: 'phone', viewport: { width: 390, height: 844 } }];

/** What the user guide shows. */
const guide = [
  'sign-up',
  'overview',
  'notifications',
  'students',
  'import',
  'members',
  'roles',
  'service',
  'audit',
  'signing-in',
  'security',
  'admin-metrics',
  'admin-tenant',
  'admin-backups',
];
const asked = process.env['GANTRY_GUIDE'] ?? '';
const guideOnly = asked !== '';
const wanted = asked === '1' ? guide : asked.split(',');
const guideFolder = new URL('../../docs/guide/images', import.meta.url).pathname;

let world: World;
const kept = mkdtempSync(join(tmpdir(), 'gantry-screenshots-'));
beforeAll(async () => {
  world = await World.open({
    GANTRY_BACKUP__DIRECTORY: join(kept, 'backups'),
    GANTRY_BACKUP__KEY_FILE: join(kept, 'backup.key'),
    GANTRY_DATABASE__CLUSTERS: `{ north = { url = "${ownDatabase()}" } }`,
  });
});
afterAll(async () => {
  await world.close();
  rmSync(kept, { recursive: true, force: true });
});

/** A backup that is proven and a tenant that has moved, as an operator leaves them; the backup's id. */
async function operate(operator: Visitor, slug: string): Promise<string> {
  const { page } = operator;
  const slow = { timeout: 60_000 };
  await page.goto('/admin/backups');
  await operator.press('Take a backup now');
  await operator.press('Take it');
  await page.getByRole('row', { name: 'Taking a backup' }).getByText('Done').waitFor(slow);
  const link = page.getByRole('table', { name: 'Backups', exact: true }).getByRole('link').first();
  const backup = (await link.getAttribute('href'))?.split('/').at(-1) ?? '';
  await page.goto(`/admin/tenants/${slug}`);
  await operator.press('Move');
  await page.getByLabel('To', { exact: true }).selectOption('north');
  await page.getByRole('dialog').getByRole('button', { name: 'Move' }).click();
  await page.getByText('Moved; the former database is kept').waitFor(slow);
  return backup;
}

/** Lines of the charts begin with the second minute. */
const measured = (operator: Visitor): Promise<true> =>
  eventually(
    'points of the charts',
    async () => {
      const window = await operator.page.evaluate(
        async () => (await (await fetch('/api/v1/health/metrics')).json()) as { points: unknown[] },
      );
      return window.points.length >= 5 ? true : undefined;
    },
    360_000,
  );

test('every page is pictured', async () => {
  const seeded = await populate(world);
  mkdirSync(guideOnly ? guideFolder : folder, { recursive: true });
  const stranger = await world.visitor();
  const owner = await world.visitor();
  await owner.signIn(seeded.owner);
  const operator = await world.visitor();
  await setUpOperator(operator);
  await addFactor(operator);
  const backup = await operate(operator, seeded.slug);
  for (const [who, pages] of [
    [stranger, openPages],
    [owner, [...workspacePages(seeded), ...accountPages]],
    [operator, platformPages(seeded.slug, backup)],
  ] as const) {
    if (who === operator && (!guideOnly || wanted.includes('admin-metrics'))) await measured(operator);
    for (const page of pages) {
      if (guideOnly) {
        if (!wanted.includes(page.name)) continue;
        await who.page.setViewportSize(desktop.viewport);
        await who.page.goto(page.path);
        await who.heading(page.heading);
        await who.settled();
        const path = join(guideFolder, `${page.name}.jpg`);
        await who.page.screenshot({ path, type: 'jpeg', quality: 72 });
        continue;
      }
      for (const { name, viewport } of shapes) {
        for (const colorScheme of ['light', 'dark'] as const) {
          await who.page.setViewportSize(viewport);
          await who.page.emulateMedia({ colorScheme });
          await who.page.goto(page.path);
          await who.heading(page.heading);
          await who.settled();
          await who.page.screenshot({ path: join(folder, `${page.name}-${name}-${colorScheme}.png`) });
        }
      }
    }
    await who.leave();
  }
}, 900_000);

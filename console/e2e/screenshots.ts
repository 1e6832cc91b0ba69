/**
 * Pictures of every page, light and dark, for desks and for phones: `npm run screenshots --workspace console`.
 * `npm run guide --workspace console` makes those of docs/guide in the same way: a few pages, light, for desks, small.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { addFactor, setUpOperator } from './factor';
import { accountPages, openPages, platformPages, populate, workspacePages } from './pages';
import { World } from './world';

const folder = process.env['SCREENSHOTS'] ?? new URL('../../target/screenshots', import.meta.url).pathname;
const desktop = { name: 'desktop', viewport: { width: 1280, height: 800 } };
const shapes = [desktop, { name: 'phone', viewport: { width: 390, height: 844 } }];

/** What the user guide shows. */
const guide = [
  'sign-up',
  'overview',
  'students',
  'import',
  'members',
  'roles',
  'service',
  'audit',
  'signing-in',
  'security',
  'admin-tenant',
];
const guideOnly = process.env['GANTRY_GUIDE'] === '1';
const guideFolder = new URL('../../docs/guide/images', import.meta.url).pathname;

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

test('every page is pictured', async () => {
  const seeded = await populate(world);
  mkdirSync(guideOnly ? guideFolder : folder, { recursive: true });
  const stranger = await world.visitor();
  const owner = await world.visitor();
  await owner.signIn(seeded.owner);
  const operator = await world.visitor();
  await setUpOperator(operator);
  await addFactor(operator);
  for (const [who, pages] of [
    [stranger, openPages],
    [owner, [...workspacePages(seeded), ...accountPages]],
    [operator, platformPages(seeded.slug)],
  ] as const) {
    for (const page of pages) {
      if (guideOnly) {
        if (!guide.includes(page.name)) continue;
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
});

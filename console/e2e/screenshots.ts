/** Pictures of every page, light and dark, for desks and for phones: `npm run screenshots --workspace console`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { openPages, populate, workspacePages, accountPages } from './pages';
import { World } from './world';

const folder = process.env['SCREENSHOTS'] ?? new URL('../../target/screenshots', import.meta.url).pathname;
const shapes = [
  { name: 'desktop', viewport: { width: 1280, height: 800 } },
  { name: 'phone', viewport: { width: 390, height: 844 } },
];

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

test('every page is pictured', async () => {
  const seeded = await populate(world);
  mkdirSync(folder, { recursive: true });
  for (const { name, viewport } of shapes) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const stranger = await world.visitor({ viewport, colorScheme });
      const owner = await world.visitor({ viewport, colorScheme });
      await owner.signIn(seeded.owner);
      for (const [who, pages] of [
        [stranger, openPages],
        [owner, [...workspacePages(seeded), ...accountPages]],
      ] as const) {
        for (const page of pages) {
          await who.page.goto(page.path);
          await who.heading(page.heading);
          await who.settled();
          await who.page.screenshot({ path: join(folder, `${page.name}-${name}-${colorScheme}.png`) });
        }
      }
      await stranger.leave();
      await owner.leave();
    }
  }
});

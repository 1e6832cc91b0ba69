/** Every page, as axe sees it: light and dark at a desk, and on a phone, where nothing may be wider than the screen. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addFactor, OPERATOR, setUpOperator, type App } from './factor';
import { accountPages, openPages, platformPages, populate, workspacePages, type Seeded } from './pages';
import { PASSWORD, World, type Visitor } from './world';

let world: World;
let seeded: Seeded;
let app: App;
beforeAll(async () => {
  world = await World.open();
  seeded = await populate(world);
  const operator = await world.visitor();
  await setUpOperator(operator);
  app = (await addFactor(operator)).app;
  await operator.leave();
}, 120_000);
afterAll(() => world.close());

async function operatorSignsIn(operator: Visitor): Promise<void> {
  await operator.page.goto('/sign-in?next=/admin');
  await operator.fill('E-mail address', OPERATOR);
  await operator.fill('Password', PASSWORD);
  await operator.press('Sign in');
  await operator.fill('Code of your authenticator app', app.code());
  await operator.press('Sign in');
  await operator.heading('Platform');
}

/** What reaches beyond the right edge of the screen without a frame of its own to scroll in. */
const tooWide = (visitor: Visitor): Promise<string[]> =>
  visitor.page.evaluate(() => {
    const scrolls = (element: Element): boolean =>
      /auto|scroll|hidden/.test(getComputedStyle(element).overflowX) && element.id !== 'main';
    return [...document.querySelectorAll('body *')]
      .filter((element) => {
        const { right, width } = element.getBoundingClientRect();
        if (width === 0 || right <= window.innerWidth + 1) return false;
        for (let around = element.parentElement; around; around = around.parentElement) {
          if (scrolls(around)) return false;
        }
        return !element.closest('.sr-only');
      })
      .map((element) => element.outerHTML.slice(0, 200));
  });

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

describe.each([
  ['light at a desk', { colorScheme: 'light' }, false],
  ['dark at a desk', { colorScheme: 'dark' }, false],
  ['on a phone', { ...phone, colorScheme: 'light' }, true],
  ['dark on a phone', { ...phone, colorScheme: 'dark' }, true],
] as const)('%s', (_, options, small) => {
  test.each([
    ['before signing in', () => Promise.resolve(), () => openPages],
    [
      'for an owner',
      (visitor: Visitor) => visitor.signIn(seeded.owner),
      () => [...workspacePages(seeded), ...accountPages],
    ],
    ['for an operator', operatorSignsIn, () => platformPages(seeded.slug)],
  ] as const)(
    'nothing is wrong with any page %s',
    async (_who, enter, pages) => {
      const visitor = await world.visitor(options);
      await enter(visitor);
      for (const { path, heading } of pages()) {
        await visitor.page.goto(path);
        await visitor.heading(heading);
        await visitor.accessible();
        if (small) expect(await tooWide(visitor), path).toEqual([]);
      }
      await visitor.leave();
    },
    180_000,
  );
});

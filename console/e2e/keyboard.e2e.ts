import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD, World, type Visitor } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** What has the focus, by its role and name, and whether that shows. */
async function focused(page: Page): Promise<{ name: string; shows: boolean }> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement) || element === document.body) return { name: '', shows: true };
    const labels =
      element instanceof HTMLInputElement ||
      element instanceof HTMLSelectElement ||
      element instanceof HTMLTextAreaElement
        ? [...(element.labels ?? [])].map((label) => label.innerText).join(' ')
        : '';
    const name = element.getAttribute('aria-label') ?? (labels === '' ? element.innerText : labels);
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return { name: name.trim(), shows: outlineStyle !== 'none' && outlineWidth !== '0px' };
  });
}

/** A person without a mouse. */
class Typist {
  constructor(private readonly visitor: Visitor) {}

  private get page(): Page {
    return this.visitor.page;
  }

  press(...keys: string[]): Promise<void> {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  /** Goes on with Tab until this has the focus, which must show wherever it is. */
  async reach(name: string | RegExp): Promise<void> {
    const passed: string[] = [];
    for (let step = 0; step < 150; step += 1) {
      await this.page.keyboard.press('Tab');
      const now = await focused(this.page);
      expect(now.shows, `the focus on “${now.name}” shows`).toBe(true);
      if (typeof name === 'string' ? now.name === name : name.test(now.name)) return;
      passed.push(now.name);
    }
    throw new Error(`no Tab reaches “${String(name)}”, only\n${[...new Set(passed)].join('\n')}`);
  }

  async type(name: string, text: string): Promise<void> {
    await this.reach(name);
    await this.page.keyboard.type(text);
  }

  async use(name: string | RegExp): Promise<void> {
    await this.reach(name);
    await this.page.keyboard.press('Enter');
  }
}

test('a workspace is made, filled and left without a mouse', async () => {
  const visitor = await world.visitor();
  const { page } = visitor;
  const typist = new Typist(visitor);
  await page.goto('/sign-up');
  await visitor.heading('Make a workspace');
  await typist.type('Your name', 'Kim Example');
  await typist.type('E-mail address', 'kim@example.com');
  await typist.type('Name of the workspace', 'Key Hall');
  await typist.type('Password', PASSWORD);
  await typist.press('Enter');
  await visitor.heading('Check your mail');
  await page.goto(await world.link('kim@example.com', '/verify'));
  await visitor.heading('Confirm your address');
  await typist.use('Confirm');
  await visitor.heading('Your address is confirmed');
  await typist.use('Sign in');
  await visitor.heading('Sign in');
  await typist.type('E-mail address', 'kim@example.com');
  await typist.type('Password', PASSWORD);
  await typist.press('Enter');
  await visitor.heading('Key Hall');

  // Past the navigation in one step.
  await page.reload();
  await visitor.heading('Key Hall');
  await typist.use('Skip to the page');
  expect(await page.evaluate('document.activeElement.id')).toBe('main');

  await page.reload();
  await visitor.heading('Key Hall');
  await typist.use('Branches');
  await visitor.heading('Branches');
  await typist.use('Add a branch');
  await page.getByRole('dialog').waitFor();
  await typist.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  // Where one was before the dialog.
  expect((await focused(page)).name).toBe('Add a branch');
  await typist.press('Enter');
  await page.getByRole('dialog').waitFor();
  await typist.type('Name', 'Main hall');
  await typist.type('Code', 'MAIN');
  await typist.use('Save');
  await page.getByRole('row', { name: 'Main hall' }).waitFor();

  // Anywhere, by its name.
  await typist.press('Control+k');
  await page.keyboard.type('stud');
  await typist.press('Enter');
  await visitor.heading('Students');
  await typist.use('Add a student');
  await page.getByRole('dialog').waitFor();
  await typist.type('Name', 'Zoe Example');
  await typist.type('Phone', '9111111111');
  await typist.use('Save');
  await page.getByRole('grid').getByRole('row', { name: 'Zoe Example' }).waitFor();
  await typist.reach('Order');
  await page.keyboard.press('ArrowDown');
  await visitor.settled();
  await typist.reach('Students');
  await typist.press('ArrowDown', 'Home', 'Enter');
  await visitor.heading('Zoe Example');
  await typist.use('Change');
  await page.getByRole('dialog').waitFor();
  await typist.reach('Status');
  await page.keyboard.type('Pau');
  await typist.use('Save');
  await page.getByText('Paused').first().waitFor();

  await typist.press('Control+k');
  await page.keyboard.type('members');
  await typist.press('Enter');
  await visitor.heading('Members');
  await typist.use('Invite');
  await page.getByRole('dialog').waitFor();
  await typist.type('E-mail address', 'desk@example.com');
  await typist.use('Send the invitation');
  await page.getByRole('cell', { name: 'desk@example.com' }).waitFor();

  // Menus: arrows move, Escape gives the focus back.
  await page.reload();
  await visitor.heading('Members');
  await typist.use('Theme');
  await typist.press('ArrowDown', 'ArrowDown', 'Enter');
  expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
  await page.reload();
  await visitor.heading('Members');
  await typist.use('Language');
  await typist.press('Escape');
  expect((await focused(page)).name).toBe('Language');
  await page.reload();
  await visitor.heading('Members');
  await typist.use(/Kim Example/);
  await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
  await typist.press('End', 'Enter');
  await visitor.heading('Sign in');
  await visitor.leave();
});

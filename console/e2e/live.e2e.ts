import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addFactor, setUpOperator } from './factor';
import { World, eventually, type Visitor } from './world';

let world: World;
let owner: Visitor;
beforeAll(async () => {
  world = await World.open();
  owner = await world.visitor();
  await owner.signUp('ada@example.com', 'Ada Example', 'Live Hall');
});
afterAll(() => world.close());

async function addBranch(page: Page, code: string, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Add a branch' }).first().click();
  await page.getByLabel('Code', { exact: true }).fill(code);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row', { name }).waitFor();
}

/** Marks the page, so that a reload would show. */
const mark = (page: Page) => page.evaluate('window.kept = true');
const kept = (page: Page) => page.evaluate('window.kept');

test('what one adds appears with the other, and a role that is taken away shows, without a reload', async () => {
  const other = await world.join(owner, 'live-hall', 'vera@example.com', 'Vera Example', 'Viewer');
  await other.signIn('vera@example.com', '/w/live-hall/spaces/branches');
  await other.heading('Branches');
  await mark(other.page);
  await owner.page.goto('/w/live-hall/spaces/branches');
  await addBranch(owner.page, 'MAIN', 'Main hall');
  await other.page.getByRole('row', { name: 'Main hall' }).waitFor();

  await owner.follow('Members');
  await owner.page.getByRole('row', { name: 'Vera Example' }).getByRole('button', { name: /roles/i }).click();
  await owner.page.getByLabel('Role', { exact: true }).selectOption({ label: 'Member' });
  await owner.press('Save');
  await other.page
    .getByRole('navigation')
    .getByRole('link', { name: 'Branches' })
    .waitFor({ state: 'detached' });
  await other.page.getByText('Main hall').waitFor({ state: 'detached' });
  await other.sees('permission_missing');
  await other.accessible();
  expect(await kept(other.page)).toBe(true);

  // Out of the workspace altogether.
  await owner.page.getByRole('row', { name: 'Vera Example' }).getByRole('button', { name: 'Remove' }).click();
  await owner.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await other.sees('You are in no workspace of this name');
  expect(await kept(other.page)).toBe(true);
  await other.leave();
});

test('tabs of one browser share a stream, and the next one takes it over', async () => {
  const streams: Page[] = [];
  const visitor = await world.visitor();
  visitor.context.on('request', (request) => {
    if (new URL(request.url()).pathname.endsWith('/events')) streams.push(request.frame().page());
  });
  await visitor.signIn('ada@example.com', '/w/live-hall/spaces/branches');
  const first = visitor.page;
  await first.getByRole('row', { name: 'Main hall' }).waitFor();
  await eventually('the stream', () => Promise.resolve(streams.length === 1 ? true : undefined));
  const second = await visitor.context.newPage();
  await second.goto(`${world.url}/w/live-hall/spaces/branches`);
  await second.getByRole('row', { name: 'Main hall' }).waitFor();
  await owner.page.goto('/w/live-hall/spaces/branches');
  await addBranch(owner.page, 'TWO', 'Second hall');
  await first.getByRole('row', { name: 'Second hall' }).waitFor();
  await second.getByRole('row', { name: 'Second hall' }).waitFor();
  expect(streams).toEqual([first]);
  await first.close();
  await eventually('the second stream', () => Promise.resolve(streams.length === 2 ? true : undefined));
  expect(streams).toEqual([first, second]);
  await addBranch(owner.page, 'THREE', 'Third hall');
  await second.getByRole('row', { name: 'Third hall' }).waitFor();
  await visitor.leave();
});

test('a network that is lost shows, and what happened meanwhile appears when it is back', async () => {
  const visitor = await world.visitor();
  await visitor.signIn('ada@example.com', '/w/live-hall/spaces/branches');
  await visitor.page.getByRole('row', { name: 'Third hall' }).waitFor();
  await visitor.settled();
  await visitor.context.setOffline(true);
  await visitor.page.getByRole('link', { name: 'Service accounts' }).click();
  await visitor.sees('What you see may be out of date');
  await visitor.page.getByRole('link', { name: 'Branches' }).click();
  await addBranch(owner.page, 'FOUR', 'Fourth hall');
  await visitor.context.setOffline(false);
  await visitor.page.getByRole('row', { name: 'Fourth hall' }).waitFor();
  await visitor.page.getByText('What you see may be out of date').waitFor({ state: 'detached' });
  // And events after that.
  await addBranch(owner.page, 'FIVE', 'Fifth hall');
  await visitor.page.getByRole('row', { name: 'Fifth hall' }).waitFor();
  // The browser itself tells its console about each lost request.
  await visitor.context.close();
});

test('a dialog keeps what it was opened with, and does not overwrite what came meanwhile', async () => {
  const visitor = await world.visitor();
  const { page } = owner;
  await page.goto('/w/live-hall/spaces/students');
  await page.getByRole('button', { name: 'Add a student' }).click();
  await owner.fill('Name', 'Zoe Example');
  await owner.fill('Phone', '9111111111');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('grid').getByRole('link', { name: 'Zoe Example' }).click();
  await owner.heading('Zoe Example');
  await visitor.signIn('ada@example.com', new URL(page.url()).pathname);
  await visitor.press('Change');
  await visitor.page.getByLabel('Phone', { exact: true }).waitFor();

  await owner.press('Change');
  await owner.fill('Phone', '9222222222');
  await owner.press('Save');
  await visitor.page.locator('main').locator('a[href="tel:+919222222222"]').waitFor({ state: 'attached' });
  await visitor.fill('Name', 'Zoe Elodie');
  await visitor.press('Save');
  await visitor.sees('version_mismatch');
  await visitor.leave();
});

test('a workspace that is suspended says so at once, and a session that ends elsewhere leads to sign in', async () => {
  const { page } = owner;
  await page.goto('/w/live-hall/spaces/branches');
  await page.getByRole('row', { name: 'Main hall' }).waitFor();
  await mark(page);
  const operator = await world.visitor();
  await setUpOperator(operator);
  await addFactor(operator);
  await operator.page.goto('/admin/tenants/live-hall');
  await operator.press('Suspend');
  await operator.fill('Reason', 'the invoice is open');
  await operator.page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click();
  await owner.sees('This workspace is suspended');
  await operator.press('Resume');
  await operator.page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await page.getByText('This workspace is suspended').waitFor({ state: 'detached' });
  expect(await kept(page)).toBe(true);
  await operator.leave();

  const elsewhere = await world.visitor();
  await elsewhere.signIn('ada@example.com', '/account/sessions');
  await elsewhere.press('Sign out everywhere');
  await elsewhere.page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
  await owner.heading('Sign in');
  expect(await kept(page)).toBe(true);
  await elsewhere.leave();
  await owner.leave();
});

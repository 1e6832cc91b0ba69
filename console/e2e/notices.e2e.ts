import { afterAll, beforeAll, expect, test } from 'vitest';
import { World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const sample = new URL('../../examples/students.csv', import.meta.url).pathname;

test('what must not be missed is counted at once, followed to its place, and read', async () => {
  const owner = await world.visitor();
  await owner.signUp('ada@example.com', 'Ada Example', 'Bell Hall');
  const { page } = owner;
  await owner.press('Notifications');
  await owner.sees('Nothing to tell');
  await owner.accessible();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  const member = await world.join(owner, 'bell-hall', 'vera@example.com', 'Vera Example', 'Viewer');
  await member.signIn('vera@example.com', '/w/bell-hall');
  await member.heading('Bell Hall');
  await page.goto('/w/bell-hall/members');
  const roles = page.getByRole('row', { name: 'Vera Example' }).getByRole('button', { name: 'Roles' });
  for (const role of ['Member', 'Viewer']) {
    await roles.click();
    await page.getByLabel('Role', { exact: true }).selectOption({ label: role });
    await owner.press('Save');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
  // Without a reload, by keyboard.
  const bell = member.page.getByRole('button', { name: 'Notifications, 2 unread' });
  await bell.waitFor();
  await bell.focus();
  await member.page.keyboard.press('Enter');
  const told = member.page.getByRole('dialog').getByText('Somebody changed your roles in Bell Hall');
  await told.first().waitFor();
  expect(await told.count()).toBe(2);
  await member.accessible();
  await member.page
    .getByRole('button', { name: /^Mark as read/ })
    .first()
    .click();
  await member.page.keyboard.press('Escape');
  await member.page.getByRole('button', { name: 'Notifications, 1 unread' }).click();
  await member.press('Mark all as read');
  await member.page.getByRole('button', { name: 'Mark all as read' }).waitFor({ state: 'detached' });
  await member.page.keyboard.press('Escape');
  await member.press('Notifications');
  await member.follow('All notifications');
  await member.heading('Notifications');
  await member.accessible();
  await member.page.getByLabel('Which notifications').selectOption('unread');
  await member.sees('Nothing to tell');
  await member.leave();

  // To the place that it is about.
  await page.goto('/w/bell-hall/spaces/branches');
  await page.getByRole('button', { name: 'Add a branch' }).first().click();
  await owner.fill('Name', 'Main hall');
  await owner.fill('Code', 'MAIN');
  await owner.press('Save');
  await page.getByRole('cell', { name: 'Main hall' }).waitFor();
  await owner.follow('Imports');
  await page.locator('input[type=file]').setInputFiles(sample);
  await owner.heading('Which column is what');
  await owner.press('Check the rows');
  await owner.press('Import 963 students');
  await page.getByRole('link', { name: 'To the students' }).waitFor();
  await owner.follow('Members');
  await owner.heading('Members');
  await page.getByRole('button', { name: 'Notifications, 1 unread' }).click();
  await owner.sees('963 rows are in, 37 were refused.');
  await owner.follow('An import is done');
  await owner.heading('students.csv');
  await page.getByRole('button', { name: 'Notifications', exact: true }).waitFor();
  await owner.leave();
});

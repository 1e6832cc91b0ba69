import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { populate, type Seeded } from './pages';
import { World } from './world';

let world: World;
let seeded: Seeded;
beforeAll(async () => {
  world = await World.open();
  seeded = await populate(world);
}, 120_000);
afterAll(() => world.close());

test('filters of the students are saved, used and forgotten', async () => {
  const owner = await world.visitor();
  const { page } = owner;
  await owner.signIn(seeded.owner, `/w/${seeded.slug}/spaces/students`);
  await owner.heading('Students');
  await owner.fill('Find by name, code or phone', 'zoe');
  await owner.sees('1 in all.');
  await owner.press('Saved filters');
  await owner.accessible();
  await page.getByRole('menuitem', { name: 'Save these filters…' }).click();
  await owner.fill('Name', 'Only Zoe');
  await owner.accessible();
  await owner.press('Save');
  await owner.press('Only Zoe');
  await page.getByRole('menuitem', { name: 'Show everybody' }).click();
  await owner.sees('more come while you scroll');
  await page.reload();
  await owner.press('Saved filters');
  await page.getByRole('menuitemradio', { name: 'Only Zoe' }).click();
  await owner.sees('1 in all.');
  await owner.press('Only Zoe');
  await page.getByRole('menuitem', { name: 'Forget Only Zoe' }).click();
  await page.getByRole('button', { name: 'Saved filters' }).waitFor();
  await owner.leave();
});

test('the audit log is exported as the filters show it', async () => {
  const owner = await world.visitor();
  const { page } = owner;
  await owner.signIn(seeded.owner, `/w/${seeded.slug}/audit`);
  await owner.heading('Audit log');
  await owner.fill('Act', 'spaces.branch.created');
  await page.keyboard.press('Enter');
  await page.getByText('spaces.student.created').waitFor({ state: 'detached' });
  const saved = page.waitForEvent('download');
  await owner.press('Export');
  const file = await (await saved).path();
  const rows = readFileSync(file, 'utf8').trim().split('\n');
  expect(rows.map((row) => (JSON.parse(row) as { action: string }).action)).toEqual([
    'spaces.branch.created',
    'spaces.branch.created',
  ]);
  await owner.leave();
});

test('the API reference is read from the server and finds an operation', async () => {
  const owner = await world.visitor();
  const { page } = owner;
  await owner.signIn(seeded.owner, '/reference');
  await owner.heading('API reference');
  await owner.fill('Find an operation', 'create_student');
  await page.getByRole('button', { name: 'Enter a student' }).click();
  await owner.sees('Idempotency-Key');
  await owner.sees('spaces.student.write');
  await owner.sees('joined_on');
  await owner.accessible();
  await owner.leave();
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { addFactor, setUpOperator } from './factor';
import { ownDatabase } from './postgres';
import { World, type Visitor } from './world';

const token = 'collector-token-of-the-journey';
let world: World;
let operator: Visitor;
let owner: Visitor;
beforeAll(async () => {
  world = await World.open({
    GANTRY_DATABASE__CLUSTERS: `{ north = { url = "${ownDatabase()}" } }`,
    GANTRY_METRICS__TOKEN: token,
  });
  owner = await world.visitor();
  await owner.signUp('ada@example.com', 'Ada Example', 'North Hall');
  operator = await world.visitor();
  await setUpOperator(operator);
  await addFactor(operator);
}, 120_000);
afterAll(() => world.close());

test('metrics show what was asked, and the log is changed and set back', async () => {
  const { page } = operator;
  await page.goto('/admin');
  await operator.follow('Metrics');
  await operator.heading('Metrics');
  await page.getByRole('table', { name: 'Routes' }).getByText('POST /api/v1/auth/sign-ups').waitFor();
  await operator.fill('Level', 'loud');
  await operator.press('Log so much');
  await operator.sees('log_level_invalid');
  await operator.fill('Level', 'info,gantry_jobs=debug');
  await operator.press('Log so much');
  await operator.press('Back to info');
  await page.getByRole('button', { name: 'Back to info' }).waitFor({ state: 'detached' });
  await operator.accessible();
});

test('the configuration says where a value was set, and no secret', async () => {
  const { page } = operator;
  await operator.follow('Configuration');
  await operator.heading('Configuration');
  await operator.fill('Find a key', 'metrics token');
  const row = page.getByRole('row', { name: 'metrics.token' });
  await row.getByText('GANTRY_METRICS__TOKEN').waitFor();
  expect(await row.innerText()).toContain('***');
  await operator.fill('Find a key', '');
  await page.getByLabel('Which keys').selectOption('set');
  await page.getByRole('row', { name: 'server.listen' }).waitFor();
  expect(await page.getByRole('row', { name: 'server.public_url' }).count()).toBe(0);
  expect(await page.locator('body').innerText()).not.toContain(token);
  await operator.accessible();
});

test('a tenant moves to another server, back, and for good', async () => {
  const { page } = operator;
  await operator.follow('Fleet');
  await operator.heading('Fleet');
  await page.getByRole('table', { name: 'Homes' }).getByRole('row', { name: 'north' }).waitFor();
  await operator.accessible();
  await page.goto('/admin/tenants/north-hall');
  await operator.sees('Where it is: Files beside control');
  await operator.press('Move');
  await page.getByLabel('To', { exact: true }).selectOption('north');
  await operator.accessible();
  await page.getByRole('dialog').getByRole('button', { name: 'Move' }).click();
  const slow = { timeout: 60_000 };
  await page.getByText('Moved; the former database is kept').waitFor(slow);
  await operator.accessible();
  await operator.press('Move back');
  await page.getByRole('dialog').getByRole('button', { name: 'Move back' }).click();
  await page.getByText('Moved back').waitFor(slow);
  await page.getByText('Moved; the former database is kept').waitFor(slow);
  await operator.sees('Where it is: Files beside control');
  await operator.press('Make it final');
  await operator.sees('There is no way back to it then.');
  await page.getByRole('dialog').getByRole('button', { name: 'Make it final' }).click();
  await page.getByText('Final', { exact: true }).waitFor(slow);
  await owner.page.goto('/w/north-hall/members');
  await owner.page.getByRole('cell', { name: /Ada Example/ }).waitFor();
}, 240_000);

test('a list that nobody tells of changes says how old it is, and is read again', async () => {
  const { page } = operator;
  await page.goto('/admin/tenants');
  await operator.sees('As of ');
  const another = await world.visitor();
  await another.signUp('sid@example.com', 'Sid Example', 'South Hall');
  await another.leave();
  const row = page.getByRole('row', { name: 'South Hall' });
  expect(await row.count()).toBe(0);
  await operator.press('Refresh');
  await row.waitFor();
  await operator.accessible();
});

test('a tenant is closed knowing what follows, and opened again', async () => {
  const { page } = operator;
  await page.goto('/admin/tenants/north-hall');
  await operator.press('Close');
  await operator.sees('For 30d it can be called off');
  await operator.fill('Reason', 'the contract is over');
  const close = page.getByRole('dialog').getByRole('button', { name: 'Close it' });
  expect(await close.isDisabled()).toBe(true);
  await operator.fill('Type north-hall to go on', 'north-hall');
  await operator.accessible();
  await close.click();
  await operator.sees('Nobody gets in.');
  await operator.sees('the contract is over');
  await operator.accessible();
  await owner.page.reload();
  await owner.sees('You are in no workspace of this name');
  await operator.press('Open again');
  await page.getByRole('dialog').getByRole('button', { name: 'Open it again' }).click();
  await operator.sees('Active');
  await owner.page.reload();
  await owner.heading('Members');
  await operator.leave();
  await owner.leave();
});

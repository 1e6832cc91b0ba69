import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { addFactor, setUpOperator } from './factor';
import { World, type Visitor } from './world';

let world: World;
const folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-backups-'));
beforeAll(async () => {
  world = await World.open({
    GANTRY_BACKUP__DIRECTORY: join(folder, 'backups'),
    GANTRY_BACKUP__SECOND_DIRECTORY: join(folder, 'elsewhere'),
    GANTRY_BACKUP__KEY_FILE: join(folder, 'backup.key'),
  });
});
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

async function addBranch(owner: Visitor, code: string, name: string): Promise<void> {
  await owner.page.goto('/w/safe-hall/spaces/branches');
  await owner.page.getByRole('button', { name: 'Add a branch' }).first().click();
  await owner.fill('Code', code);
  await owner.fill('Name', name);
  await owner.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await owner.page.getByRole('row', { name }).waitFor();
}

test('a backup is taken and proven, and a tenant is taken back to it', async () => {
  const owner = await world.visitor();
  await owner.signUp('sara@example.com', 'Sara Example', 'Safe Hall');
  await addBranch(owner, 'KEPT', 'Kept hall');
  const operator = await world.visitor();
  const { page } = operator;
  await setUpOperator(operator);
  await addFactor(operator);

  await page.goto('/admin/backups');
  await operator.heading('Backups and drills');
  await operator.accessible();
  await operator.press('Take a backup now');
  await operator.accessible();
  await operator.press('Take it');
  // Proofs take their time; the page asks again by itself.
  const done = page
    .getByRole('table', { name: 'Asked for by operators' })
    .getByRole('row', { name: 'Taking a backup' });
  await done.getByText('Done').waitFor({ timeout: 60_000 });
  await operator.accessible();

  await addBranch(owner, 'LATER', 'Later hall');
  await owner.page.goto('/w/safe-hall/settings');
  await owner.sees('Last proven restore');
  await owner.accessible();

  await page.getByRole('table', { name: 'Backups', exact: true }).getByRole('link').first().click();
  await operator.sees('Control database');
  const copy = page.getByRole('listitem').filter({ hasText: 'Second directory' });
  await copy.getByText('Whole', { exact: true }).waitFor();
  await operator.accessible();
  await page.getByRole('button', { name: /^Answers of Control database: (\d+) of \1 good$/ }).click();
  await operator.sees('GET /api/v1/admin/backups');
  await operator.accessible();
  await operator.press('Close');
  await operator.press('Restore');
  await operator.fill('Reason', 'a branch was opened by mistake');
  await operator.accessible();
  await operator.press('Take it back');
  await operator.heading('Backups and drills');
  await operator.sees('a branch was opened by mistake');
  const back = page.getByRole('row', { name: 'a branch was opened by mistake' });
  await back.getByText('Done').waitFor({ timeout: 60_000 });
  await operator.sees('Taken back to');
  await operator.leave();

  await owner.page.goto('/w/safe-hall/spaces/branches');
  await owner.sees('Kept hall');
  await owner.page.getByText('Later hall').waitFor({ state: 'detached' });
  await owner.leave();
}, 240_000);

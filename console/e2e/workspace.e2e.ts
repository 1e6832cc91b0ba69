import { afterAll, beforeAll, expect, test } from 'vitest';
import { populate, type Seeded } from './pages';
import { PASSWORD, World } from './world';

let world: World;
let seeded: Seeded;
beforeAll(async () => {
  world = await World.open();
  seeded = await populate(world);
});
afterAll(() => world.close());

const sample = new URL('../../examples/students.csv', import.meta.url).pathname;

test('an invited colleague joins by the mail and sees what the role allows, and nothing else', async () => {
  const owner = await world.visitor();
  await owner.signIn(seeded.owner, `/w/${seeded.slug}/members`);
  await owner.press('Invite');
  await owner.fill('E-mail address', 'viewer@example.com');
  await owner.page.getByLabel('Role', { exact: true }).selectOption({ label: 'Viewer' });
  await owner.accessible();
  await owner.press('Send the invitation');
  await owner.page.getByRole('cell', { name: 'viewer@example.com' }).waitFor();
  await owner.leave();

  const colleague = await world.visitor();
  await colleague.page.goto(await world.link('viewer@example.com', '/invitation'));
  await colleague.heading('Join North Hall');
  await colleague.accessible();
  await colleague.fill('Your name', 'Vera Example');
  await colleague.fill('Password', PASSWORD);
  await colleague.press('Make the account and join');
  await colleague.heading('Welcome to North Hall');
  await colleague.signIn('viewer@example.com', `/w/${seeded.slug}/spaces/students`);
  await colleague.heading('Students');
  await colleague.fill('Find by name, code or phone', 'zoe');
  await colleague.sees('Zoe Example');
  const { page } = colleague;
  expect(await page.getByRole('button', { name: 'Add a student' }).count()).toBe(0);
  expect(await page.getByRole('link', { name: 'Audit log', exact: true }).count()).toBe(0);
  // Whoever types the address is told by the server.
  await page.goto(`/w/${seeded.slug}/audit`);
  await colleague.sees('permission_missing');
  await colleague.leave();
});

test('a file is checked, its faults are shown on their rows, and the rest is imported and undone', async () => {
  const owner = await world.visitor();
  const { page } = owner;
  await owner.signUp('import@example.com', 'Ines Example', 'Import Hall');
  await owner.follow('Branches');
  await page.getByRole('button', { name: 'Add a branch' }).first().click();
  await owner.fill('Name', 'Main hall');
  await owner.fill('Code', 'MAIN');
  await owner.press('Save');
  await page.getByRole('cell', { name: 'Main hall' }).waitFor();
  await owner.follow('Imports');
  await page.locator('input[type=file]').setInputFiles(sample);
  await owner.heading('Which column is what');
  await owner.accessible();
  await owner.press('Check the rows');
  await owner.heading('Wrong rows');
  await owner.sees('37');
  await owner.accessible();
  await owner.press('Import 963 students');
  await page.getByRole('link', { name: 'To the students' }).waitFor();
  await owner.accessible();
  await owner.follow('To the students');
  await owner.heading('Students');
  const grid = page.getByRole('grid');
  await grid.getByRole('row').nth(1).waitFor();
  // As many rows as are in sight, not as many as there are; keys reach the others.
  expect(await grid.getByRole('row').count()).toBeLessThan(60);
  await grid.focus();
  await page.keyboard.press('PageDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForURL(/students\/[0-9a-f-]{36}$/);
  await page.goBack();
  await page.getByLabel('Find by name, code or phone').fill('zzzz nobody');
  await owner.sees('Nobody fits');
  await owner.follow('Imports');
  await page.getByRole('link', { name: 'students.csv' }).click();
  await owner.press('Undo the import');
  await owner.press('Undo');
  await owner.sees('Taken out again');
  await owner.leave();
});

test('two tabs are in two workspaces', async () => {
  const owner = await world.visitor();
  await owner.signIn('import@example.com', '/w/import-hall');
  const other = await owner.context.newPage();
  await other.goto(`${world.url}/w/nowhere`);
  await other.getByText('You are in no workspace of this name').waitFor();
  await owner.heading('Import Hall');
  await owner.follow('Members');
  await owner.heading('Members');
  expect(new URL(owner.page.url()).pathname).toBe('/w/import-hall/members');
  await owner.leave();
});

test('what people type is text and nothing else, on every page that shows it', async () => {
  const evil = `<img src=x onerror="alert('x')"><script>alert(1)</script>{{7*7}}`;
  const owner = await world.visitor();
  const { page } = owner;
  await owner.signUp('evil@example.com', evil, `Evil ${evil}`);
  const slug = new URL(page.url()).pathname.split('/')[2] ?? '';
  await page.goto(`/w/${slug}/spaces/branches`);
  await page.getByRole('button', { name: 'Add a branch' }).first().click();
  await owner.fill('Name', evil);
  await owner.fill('Code', 'E');
  await owner.fill('City', evil.slice(0, 80));
  await owner.fill('Address', evil);
  await owner.press('Save');
  await owner.sees(evil);
  await page.goto(`/w/${slug}/spaces/students`);
  await page.getByRole('button', { name: 'Add a student' }).click();
  await owner.fill('Name', evil);
  await owner.fill('Phone', '9222222222');
  await owner.fill('Parent or guardian', evil);
  await owner.fill('Notes', evil);
  await owner.press('Save');
  await page.getByRole('grid').getByRole('link', { name: evil }).click();
  await owner.heading(evil);
  await page.goto(`/w/${slug}/roles`);
  await owner.press('Make a role');
  await owner.fill('Title', evil.slice(0, 60));
  await page.getByRole('checkbox').first().check();
  await owner.press('Save');
  await owner.sees(evil.slice(0, 60));
  await page.goto(`/w/${slug}/services`);
  await page.getByRole('button', { name: 'Make a service account' }).click();
  await owner.fill('Name', evil.slice(0, 80));
  await owner.press('Save');
  await owner.sees(evil.slice(0, 80));
  for (const path of ['', '/members', '/audit', '/settings', '/spaces/branches', '/spaces/students']) {
    await page.goto(`/w/${slug}${path}`);
    await owner.settled();
    expect(await page.locator('img[src=x], main script').count()).toBe(0);
  }
  // A dialog, an error or a foreign request would be reported here.
  await owner.leave();
});

test('losing the server shows, and getting it back mends the page', async () => {
  const owner = await world.visitor();
  await owner.signIn(seeded.owner, `/w/${seeded.slug}/members`);
  await owner.page.getByRole('cell', { name: /Ada Example/ }).waitFor();
  await owner.settled();
  await owner.context.setOffline(true);
  await owner.follow('Service accounts');
  await owner.sees('The server cannot be reached');
  await owner.context.setOffline(false);
  await owner.page.getByRole('link', { name: 'Door reader' }).waitFor();
  await owner.page.getByText('What you see may be out of date').waitFor({ state: 'detached' });
  // The browser itself tells its console about each lost request.
  await owner.context.close();
});

test('everything is found by its name, by keyboard alone', async () => {
  const owner = await world.visitor();
  await owner.signIn(seeded.owner, `/w/${seeded.slug}`);
  await owner.heading('North Hall');
  const { page } = owner;
  await page.keyboard.press('Control+k');
  await page.keyboard.type('aud');
  await owner.accessible();
  await page.keyboard.press('Enter');
  await owner.heading('Audit log');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('zoe exam');
  await page.getByRole('option', { name: /Zoe Example/ }).waitFor();
  await page.keyboard.press('Enter');
  await owner.heading('Zoe Example');
  await owner.leave();
});

/** A hall is laid out, drawn, and a seat of it given away, as those who run it do. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { World, type Visitor } from './world';

let world: World;
let owner: Visitor;
beforeAll(async () => {
  world = await World.open();
  owner = await world.visitor();
  await owner.signUp('ada@example.com', 'Ada Example', 'North Hall');
}, 120_000);
afterAll(() => world.close());

const base = '/w/north-hall/spaces';
const text = '<img src=x onerror=alert(1)>';

async function addStudent(name: string, phone: string): Promise<void> {
  const { page } = owner;
  await page.goto(`${base}/students`);
  await page.getByRole('button', { name: 'Add a student' }).first().click();
  await owner.fill('Name', name);
  await owner.fill('Phone', phone);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

test('a branch gets zones, seats, shifts, closed days and rules', async () => {
  const { page } = owner;
  await page.goto(`${base}/branches`);
  await page.getByRole('button', { name: 'Add a branch' }).first().click();
  await owner.fill('Code', 'MAIN');
  await owner.fill('Name', 'Main hall');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await owner.follow('Main hall');
  await owner.heading('Zones and seats');
  await owner.accessible();

  await page.getByRole('button', { name: 'Add a zone' }).first().click();
  await owner.fill('Name', text);
  await owner.accessible();
  await owner.press('Save');
  await owner.sees(text);
  await owner.press(`Add seats to ${text}`);
  await owner.fill('Begins with', 'A-');
  await owner.fill('To', '6');
  await owner.sees('6 seats: A-1 to A-6');
  await page.getByLabel('Power socket').check();
  await owner.accessible();
  await owner.press('Add');
  await page.getByRole('listitem').filter({ hasText: text }).getByText('6 seats').waitFor();
  await owner.press(`Add seats to ${text}`);
  await owner.fill('Begins with', 'a-');
  await owner.fill('To', '6');
  await owner.sees('There is already: a-1');
  expect(await page.getByRole('button', { name: 'Add', exact: true }).isDisabled()).toBe(true);
  await page.keyboard.press('Escape');

  for (const [name, begins, ends, words] of [
    ['Morning', '06:00', '12:00', '06:00–12:00'],
    ['Night', '22:00', '06:00', '22:00–06:00 of the next day'],
  ] as const) {
    await page.getByRole('button', { name: 'Add a shift' }).first().click();
    await owner.fill('Name', name);
    await owner.fill('Begins', begins);
    await owner.fill('Ends', ends);
    await page.getByRole('dialog').getByText(words).waitFor();
    await owner.accessible();
    await owner.press('Save');
    await page.getByRole('listitem').filter({ hasText: name }).getByText(`${words} · Every day`).waitFor();
  }

  await owner.press('Add days');
  await owner.fill('First day', '2099-11-08');
  await owner.fill('Last day', '2099-11-09');
  await owner.fill('Why', 'Diwali');
  await owner.accessible();
  await owner.press('Add');
  await owner.sees('8 Nov 2099 – 9 Nov 2099');

  await page
    .locator('section', { has: page.getByRole('heading', { name: 'Rules' }) })
    .getByRole('button', { name: 'Change' })
    .click();
  await owner.fill('Seat kept after the end (days)', '5');
  await owner.accessible();
  // A ladder that rises is refused beside nothing that is written meanwhile.
  await page.getByLabel('Percent').first().fill('10');
  await owner.press('Save');
  await page.getByRole('dialog').getByRole('alert').waitFor();
  await page.getByLabel('Percent').first().fill('90');
  await owner.press('Save');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await owner.sees('90 %');
  await owner.accessible();
});

test('the map is drawn by pointer and by keyboard, and nothing of it is lost unasked', async () => {
  const { page } = owner;
  await owner.follow('Draw the map');
  await owner.heading('Map of Main hall');
  await owner.press('Place all in rows');
  await owner.sees('All 6 seats have one.');
  await owner.press('Wall');
  await owner.accessible();

  const seat = page.getByRole('button', { name: 'A-1', exact: true });
  await seat.focus();
  const left = page.getByLabel('From the left');
  const before = Number(await left.inputValue());
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect.poll(async () => left.inputValue()).toBe(String(before + 5));
  await page.keyboard.press('Control+z');
  await expect.poll(async () => left.inputValue()).toBe(String(before + 4));
  await page.keyboard.press('Control+y');

  const last = page.getByRole('button', { name: 'A-6', exact: true });
  const box = await last.boundingBox();
  if (!box) throw new Error('the seat is not to be seen');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 40, box.y + box.height / 2 + 80, { steps: 6 });
  await page.mouse.up();
  const top = page.getByLabel('From the top');
  const moved = Number(await top.inputValue());
  expect(moved).toBeGreaterThan(4);

  await owner.follow('Main hall');
  await owner.heading('Leave without saving the map?');
  await owner.accessible();
  await owner.press('Cancel');
  await owner.press('Save');
  await owner.sees('The map is saved.');
  await page.reload();
  await page.getByRole('button', { name: 'A-6', exact: true }).focus();
  await expect.poll(async () => top.inputValue()).toBe(String(moved));
  await owner.accessible();
});

test('a seat is held and given, and the other desk sees it at once', async () => {
  await addStudent('Zoe Example', '9111111111');
  const { page } = owner;
  const desk = await world.join(owner, 'north-hall', 'desk@example.com', 'Dev Example', 'Manager');
  await desk.signIn('desk@example.com', `${base}/seats`);
  await desk.heading('Seats');
  await desk.page.getByRole('button', { name: 'A-1, Free' }).waitFor();

  await page.goto(`${base}/seats`);
  await page.getByRole('button', { name: 'A-1, Free' }).waitFor();
  await owner.accessible();
  for (const visitor of [owner, desk]) {
    await visitor.page.getByLabel('When', { exact: true }).selectOption({ label: 'Morning · 06:00–12:00' });
    await visitor.page.getByRole('button', { name: 'A-2, Free' }).waitFor();
  }
  // From the first seat with the arrow key to its neighbour.
  await page.getByRole('button', { name: 'A-2, Free' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await owner.heading('Seat A-3 Free');
  await owner.accessible();
  await owner.press('Hold this seat');
  await owner.accessible();
  await owner.press('Hold');
  await page.getByRole('button', { name: 'A-3, Held' }).waitFor();
  await desk.page.getByRole('button', { name: 'A-3, Held' }).waitFor();

  await owner.press('Give it');
  await page.getByLabel('To', { exact: true }).fill('zoe');
  await page.getByRole('option', { name: 'Zoe Example' }).waitFor();
  await owner.accessible();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('Zoe Example').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Give it' }).click();
  await desk.page.getByRole('button', { name: 'A-3, Taken' }).waitFor();
  await page.getByRole('link', { name: 'Zoe Example' }).first().click();
  await owner.heading('Zoe Example');
  await owner.sees('Seat A-3');
  await owner.accessible();
  await desk.leave();
  await owner.leave();
});

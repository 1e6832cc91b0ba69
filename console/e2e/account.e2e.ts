import { afterAll, beforeAll, expect, test } from 'vitest';
import { addFactor, OPERATOR, setUpOperator, type App } from './factor';
import { PASSWORD, World } from './world';

let world: World;
let operatorApp: App;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

test('a second factor is set up, asked for at the next sign-in, and a recovery code stands in for it', async () => {
  const person = await world.visitor();
  const { page } = person;
  await person.signUp('mia@example.com', 'Mia Example', 'Factor Hall');
  const { app, recovery } = await addFactor(person);
  await page.goto('/account/sessions');
  await person.sees('This one');
  await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
  await person.heading('Sign in');
  const password = async () => {
    await person.fill('E-mail address', 'mia@example.com');
    await person.fill('Password', PASSWORD);
    await person.press('Sign in');
    await person.heading('Second step');
  };
  await password();
  await person.accessible();
  await person.fill('Code of your authenticator app', app.code());
  await person.press('Sign in');
  await page.waitForURL((url) => url.pathname !== '/sign-in');
  await page.goto('/account/sessions');
  await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
  await person.heading('Sign in');
  await password();
  await person.press('Use a recovery code instead');
  await person.fill('Recovery code', recovery);
  await person.press('Sign in');
  await page.waitForURL((url) => url.pathname !== '/sign-in');
  await person.leave();
});

test('the first operator uses the printed link, adds a factor and opens the platform', async () => {
  const operator = await world.visitor();
  const { page } = operator;
  await setUpOperator(operator);
  await operator.heading('Platform');
  await operator.sees('Operators need a second factor');
  await operator.accessible();
  operatorApp = (await addFactor(operator)).app;
  for (const [path, heading] of [
    ['/admin', 'Platform'],
    ['/admin/tenants', 'Tenants'],
    ['/admin/people', 'People'],
    ['/admin/mails', 'Mail'],
    ['/admin/jobs', 'Dead jobs'],
  ] as const) {
    await page.goto(path);
    await operator.heading(heading);
    await operator.accessible();
  }
  await page.goto('/admin/tenants');
  await page.getByRole('link', { name: 'Factor Hall' }).click();
  await operator.heading('Factor Hall');
  await operator.press('Suspend');
  await operator.fill('Reason', 'the invoice is open');
  await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click();
  await operator.sees('the invoice is open');
  await operator.press('Resume');
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('button', { name: 'Suspend' }).waitFor();

  // What staff sets for a tenant, and one made for somebody.
  await page.getByRole('button', { name: 'Change' }).last().click();
  await operator.fill('Students', '1234');
  await operator.press('Save');
  await operator.sees('1,234');
  await operator.accessible();
  await page.goto('/admin/tenants');
  await operator.press('Make a tenant');
  await operator.fill('Name', 'Made Hall');
  await operator.fill('Address of its owner', 'nobody@example.com');
  await operator.accessible();
  await operator.press('Make');
  await operator.sees('Nobody has an account with the address nobody@example.com.');
  await operator.fill('Address of its owner', 'mia@example.com');
  await operator.press('Make');
  await operator.heading('Made Hall');
  await operator.sees('Active');
  await operator.leave();
});

test('an operator acts as a member, with a reason, in one workspace, and it shows', async () => {
  const operator = await world.visitor();
  const { page } = operator;
  await page.goto('/sign-in?next=/admin/people');
  await operator.fill('E-mail address', OPERATOR);
  await operator.fill('Password', PASSWORD);
  await operator.press('Sign in');
  await operator.fill('Code of your authenticator app', operatorApp.code());
  await operator.press('Sign in');
  await operator.heading('People');
  await page.getByRole('row', { name: 'Mia Example' }).getByRole('button', { name: 'Act as' }).click();
  await operator.fill('Address of the workspace', 'factor-hall');
  await operator.fill('Reason', 'a question about the import');
  await operator.accessible();
  await operator.press('Act as them');
  await operator.heading('Factor Hall');
  await operator.sees('You act as Mia Example until');
  await operator.accessible();
  await page.goto('/w/factor-hall/audit');
  await operator.sees('identity.impersonation.started');
  await operator.press('Stop');
  await operator.heading('Sign in');
  await operator.leave();
  const text = await world.letter('mia@example.com', 'a question about the import');
  expect(text).toContain('Factor Hall');
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Provider } from './provider';
import { World } from './world';

let world: World;
let provider: Provider;
beforeAll(async () => {
  provider = await Provider.start();
  world = await World.open(provider.env());
});
afterAll(async () => {
  await world.close();
  provider.stop();
});

const button = 'Sign in with Example SSO';

test('a new person comes by a provider, and one who declines there is told so', async () => {
  const person = await world.visitor({}, [provider.issuer]);
  const { page } = person;
  await page.goto('/sign-in?next=/account');
  await page.getByRole('button', { name: button }).waitFor();
  await person.accessible();
  await person.press(button);
  await person.heading('The provider did not let you in');
  expect(page.url()).toBe(`${world.url}/sign-in/callback`);
  await person.accessible();
  await person.follow('Back to signing in');
  provider.person = { sub: 'lena', email: 'lena@example.com', name: 'Lena Example' };
  await person.press(button);
  await person.heading('Your workspaces');
  await page.goto('/account/security');
  await person.sees('Your account has none. A link to your mailbox lets you choose one.');
  await person.sees('lena');
  await person.accessible();
  await person.leave();
});

test('the page to come back to does nothing without an answer, and an answer is good in its browser only', async () => {
  const person = await world.visitor();
  const { page } = person;
  await page.goto('/sign-in/callback');
  await person.heading('This link is incomplete');
  await person.accessible();
  await page.goto('/sign-in/callback?state=1e5&code=1e5');
  await person.heading('Signing in did not work');
  expect(page.url()).toBe(`${world.url}/sign-in/callback`);
  await person.accessible();
  await person.leave();
});

test('an account there is linked, signs in, and is unlinked', async () => {
  const person = await world.visitor({}, [provider.issuer]);
  const { page } = person;
  await person.signUp('omar@example.com', 'Omar Example', 'Link Hall');
  provider.person = { sub: 'omar-at-work', email: 'omar@elsewhere.example', name: 'Omar' };
  await page.goto('/account/security');
  await person.sees('Signing in by others');
  await person.press('Link Example SSO');
  await person.sees('omar-at-work');
  expect(new URL(page.url()).pathname).toBe('/account/security');
  await person.accessible();
  await page.goto('/account/sessions');
  await person.sees('This one');
  await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
  await person.heading('Sign in');
  await person.press(button);
  await person.heading('Sessions');
  await page.goto('/account/security');
  await person.press(`Remove ${new URL(provider.issuer).host}`);
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByText('omar-at-work').waitFor({ state: 'detached' });
  await person.leave();
});

test('an owner adds a provider, turns it off and removes it, and decides about second factors', async () => {
  const owner = await world.visitor();
  const { page } = owner;
  await owner.signUp('nora@example.com', 'Nora Example', 'Door Hall');
  await page.goto('/w/door-hall/sign-in');
  await owner.sees('You have none yourself');
  await owner.sees('No provider of your own');
  await owner.accessible();
  await owner.press('Add a provider');
  await owner.sees('/sign-in/callback');
  await owner.fill('Name', 'Staff login');
  await owner.fill('Issuer', 'https://169.254.169.254');
  await owner.fill('Client id', 'door-hall');
  await owner.fill('Client secret', 'a-secret-of-the-provider');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await page.locator('input[name=issuer][aria-invalid=true]').waitFor();
  await owner.accessible();
  await owner.fill('Issuer', 'https://login.example.com');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await owner.sees('https://login.example.com');
  await owner.accessible();

  const stranger = await world.visitor();
  await stranger.page.goto('/sign-in?next=/w/door-hall');
  await stranger.sees('Sign in with Staff login');
  await stranger.sees('Opens the workspace door-hall only');
  await stranger.accessible();
  await stranger.leave();

  await owner.press('Turn off Staff login');
  await dialog.getByRole('button', { name: 'Turn off', exact: true }).click();
  await page.getByRole('button', { name: 'Turn on Staff login' }).waitFor();
  await owner.press('Remove Staff login');
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await owner.sees('No provider of your own');
  await owner.leave();
});

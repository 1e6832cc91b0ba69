import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD, World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

test('an owner signs up, confirms the address and stands in a new workspace', async () => {
  const owner = await world.visitor();
  await owner.page.goto('/');
  await owner.heading('Sign in');
  await owner.accessible();
  await owner.follow('Make a workspace');
  await owner.heading('Make a workspace');
  await owner.accessible();
  await owner.signUp('ada@example.com', 'Ada Example', 'North Hall');
  await owner.accessible();
  expect(new URL(owner.page.url()).pathname).toBe('/w/north-hall');
  const cookies = await owner.context.cookies();
  const session = cookies.find((cookie) => cookie.name === '__Host-gantry_session');
  expect(session).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax' });
  const stored = await owner.page.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
  expect(stored).not.toContain(session?.value);
  await owner.leave();
});

test('what the server says about a field stands beside it', async () => {
  const visitor = await world.visitor();
  await visitor.page.goto('/sign-up');
  await visitor.fill('Your name', 'Ben Example');
  await visitor.fill('E-mail address', 'ben@example.com');
  await visitor.fill('Name of the workspace', 'South Hall');
  await visitor.fill('Password', 'aaaaaaaaaaaaaaa');
  await visitor.press('Go on');
  const field = visitor.page.getByLabel('Password', { exact: true });
  await visitor.page.locator('input[name=password][aria-invalid=true]').waitFor();
  expect(await field.getAttribute('aria-describedby')).toContain('error');
  await visitor.accessible();
  await visitor.leave();
});

test('a wrong password is a problem with a request id', async () => {
  const visitor = await world.visitor();
  await visitor.page.goto('/sign-in');
  await visitor.fill('E-mail address', 'nobody@example.com');
  await visitor.fill('Password', PASSWORD);
  await visitor.press('Sign in');
  await visitor.page.getByRole('alert').waitFor();
  await visitor.sees('invalid_credentials');
  await visitor.sees('Request');
  await visitor.accessible();
  await visitor.leave();
});

test('a forgotten password is replaced by the link of a mail', async () => {
  const visitor = await world.visitor();
  await visitor.page.goto('/forgot-password');
  await visitor.accessible();
  await visitor.fill('E-mail address', 'ada@example.com');
  await visitor.press('Send the link');
  await visitor.heading('Check your mail');
  await visitor.page.goto(await world.link('ada@example.com', '/reset-password'));
  await visitor.heading('Choose a new password');
  expect(new URL(visitor.page.url()).hash).toBe('');
  await visitor.accessible();
  await visitor.fill('New password', PASSWORD);
  await visitor.press('Change the password');
  await visitor.heading('Your password is changed');
  await visitor.signIn('ada@example.com');
  await visitor.heading('North Hall');
  await visitor.leave();
});

test('a link without its token says so', async () => {
  const visitor = await world.visitor();
  for (const path of ['/verify', '/reset-password', '/unlock', '/change-email', '/set-up', '/invitation']) {
    await visitor.page.goto(path);
    await visitor.heading('This link is incomplete');
    await visitor.accessible();
  }
  await visitor.leave();
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Authenticator } from './authenticator';
import { PASSWORD, World, type Visitor } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const EMAIL = 'kim@example.com';

async function signOut(person: Visitor): Promise<void> {
  await person.page.goto('/account/sessions');
  await person.sees('This one');
  await person.page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
  await person.heading('Sign in');
}

test('an address has no passkeys, and the pages say so', async () => {
  const person = await world.visitor();
  await person.signUp(EMAIL, 'Kim Example', 'Key Hall');
  await person.page.goto('/account/security');
  await person.sees('Not at this address');
  expect(await person.page.getByRole('button', { name: 'Add a passkey' }).count()).toBe(0);
  await person.accessible();
  await signOut(person);
  expect(await person.page.getByRole('button', { name: 'Sign in with a passkey' }).count()).toBe(0);
  await person.leave();
});

test('a passkey is made, signs in alone and as second factor, confirms, and is removed', async () => {
  const person = await world.visitor({ baseURL: world.namedUrl });
  const { page } = person;
  const key = await Authenticator.plugIn(person);
  // Whoever is not there yet is offered the passkeys of nobody.
  await key.present(false);
  await person.signIn(EMAIL);
  await person.heading('Key Hall');

  await page.goto('/account/security');
  await person.sees('No passkeys yet');
  await key.present(true);
  await person.press('Add a passkey');
  await person.heading('Add a passkey');
  await person.accessible();
  await person.fill('Name', 'Work laptop');
  await person.press('Go on');
  await person.heading('Your recovery codes');
  await person.press('I have kept them');
  await person.sees('not used yet');
  expect(await key.holds()).toBe(1);
  await person.accessible();

  // The browser knows that it has this one already.
  await person.press('Add a passkey');
  await person.fill('Name', 'Twice');
  await person.press('Go on');
  await person.sees('This passkey is registered already');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();

  await person.press('Rename Work laptop');
  await person.fill('Name', 'Desk');
  await person.press('Save');
  await person.sees('Desk');

  // Alone, by the button.
  await key.present(false);
  await signOut(person);
  await person.accessible();
  await key.present(true);
  await person.press('Sign in with a passkey');
  await person.heading('Sessions');

  // After the password.
  await key.present(false);
  await signOut(person);
  await person.fill('E-mail address', EMAIL);
  await person.fill('Password', PASSWORD);
  await person.press('Sign in');
  await person.heading('Second step');
  await person.accessible();
  await key.present(true);
  await person.press('Use your passkey');
  await person.heading('Sessions');

  // As confirmation: the proof of signing in is younger than ten minutes, so the API is made to ask.
  let asked = 0;
  await page.route('**/api/v1/me/recovery-codes', async (route) => {
    asked += 1;
    if (asked > 1) return route.continue();
    return route.fulfill({
      status: 403,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: 'about:blank',
        title: 'Confirm that it is you',
        status: 403,
        code: 'step_up_required',
        request_id: 'none',
      }),
    });
  });
  await page.goto('/account/security');
  await person.press('Make new ones');
  await page.getByRole('dialog').getByRole('button', { name: 'Make new ones' }).click();
  await person.heading('Confirm that it is you');
  await person.accessible();
  await key.verifies(false);
  await person.press('Use your passkey');
  await person.sees('No passkey was used');
  await key.verifies(true);
  await person.press('Use your passkey');
  await person.heading('Your recovery codes');
  expect(asked).toBe(2);
  await person.press('I have kept them');

  await person.press('Remove Desk');
  await person.heading('Remove Desk?');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await person.sees('No passkeys yet');
  await person.leave();
});

test('the browser offers a passkey where the address is typed', async () => {
  const person = await world.visitor({ baseURL: world.namedUrl });
  const { page } = person;
  const key = await Authenticator.plugIn(person);
  await key.present(false);
  await person.signIn(EMAIL);
  await person.heading('Key Hall');
  await page.goto('/account/security');
  await key.present(true);
  await person.press('Add a passkey');
  await person.press('Go on');
  await person.heading('Your recovery codes');
  await person.press('I have kept them');
  await person.sees('not used yet');
  // Somebody is at the device now and chooses what the field offers, so nothing else has to be pressed.
  await page.goto('/account/sessions');
  await person.sees('This one');
  await page.getByRole('button', { name: 'Sign out', exact: true }).first().click();
  await page.waitForURL((url) => url.pathname === '/sign-in');
  await person.sees('This one');
  await person.leave();
});

import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD, World, type Visitor } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** An authenticator app (RFC 6238). A code is good once, so each call takes the next step that the server accepts. */
class App {
  private step = 0;

  constructor(private readonly secret: string) {}

  code(): string {
    const now = Math.floor(Date.now() / 30_000);
    this.step = Math.max(this.step + 1, now - 1);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
    const bits = Array.from(this.secret.replaceAll(/[\s=]/g, ''))
      .map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0'))
      .join('');
    const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(this.step));
    const digest = createHmac('sha1', key).update(counter).digest();
    const at = (digest.at(-1) ?? 0) & 15;
    const number = digest.readUInt32BE(at) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, '0');
  }
}

async function addFactor(visitor: Visitor): Promise<{ app: App; recovery: string }> {
  const { page } = visitor;
  await page.goto('/account/security');
  await visitor.press('Set up');
  await visitor.heading('Set up an authenticator app');
  await page.getByRole('img', { name: 'QR code with the key' }).waitFor();
  await visitor.accessible();
  const app = new App(await page.locator('dialog code').innerText());
  await visitor.fill('Code that the app shows', app.code());
  await visitor.press('Turn on');
  await visitor.heading('Your recovery codes');
  await visitor.accessible();
  const recovery = await page.locator('dialog li').first().innerText();
  await visitor.press('I have kept them');
  await visitor.sees('Since');
  return { app, recovery };
}

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
  await page.goto(world.setUpLink);
  await operator.heading('Set up Gantry');
  expect(page.url()).not.toContain('token');
  await operator.fill('Your name', 'Olga Example');
  await operator.fill('E-mail address', 'ops@example.com');
  await operator.fill('Password', PASSWORD);
  await operator.press('Make the account');
  await operator.heading('Gantry is yours');
  await operator.signIn('ops@example.com', '/admin');
  await operator.heading('Platform');
  await operator.sees('Operators need a second factor');
  await operator.accessible();
  await addFactor(operator);
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
  await operator.leave();
});

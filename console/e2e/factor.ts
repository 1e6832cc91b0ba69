/** An authenticator app, and people who have one. */
import { createHmac } from 'node:crypto';
import { PASSWORD, type Visitor } from './world';

const STEP = 30_000;
/** So long a code is good for at least: time to type it and to have it checked. */
const GOOD_FOR = 5_000;

/** An authenticator app (RFC 6238). A code is good once, so each call takes the next step that the server accepts. */
export class App {
  private step = 0;

  constructor(private readonly secret: string) {}

  code(): string {
    // The first of the three steps that the server accepts ends with the step that it is now. Nobody types a code that is about to run out.
    const left = STEP - (Date.now() % STEP);
    if (left < GOOD_FOR) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, left);
    const now = Math.floor(Date.now() / STEP);
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

/** Sets up the app as people do, and keeps the first recovery code. */
export async function addFactor(visitor: Visitor): Promise<{ app: App; recovery: string }> {
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

export const OPERATOR = 'ops@example.com';

/** The first operator of an installation, by the link that its start printed, without a second factor yet. */
export async function setUpOperator(visitor: Visitor): Promise<void> {
  await visitor.page.goto(visitor.world.setUpLink);
  await visitor.heading('Set up Gantry');
  await visitor.fill('Your name', 'Olga Example');
  await visitor.fill('E-mail address', OPERATOR);
  await visitor.fill('Password', PASSWORD);
  await visitor.press('Make the account');
  await visitor.heading('Gantry is yours');
  await visitor.signIn(OPERATOR, '/admin');
}

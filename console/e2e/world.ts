/** The real program with its mail simulator and a browser, made for one file of tests and gone with it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import AxeBuilder from 'axe-core';
import type { Browser, BrowserContext, Locator, Page, Request } from 'playwright-core';
import { expect } from 'vitest';
import { openBrowser } from './browser';
import { serveFresh } from './fresh';

const built = (name: string) => fileURLToPath(new URL(`../../target/debug/${name}`, import.meta.url));
const programs = {
  gantry: process.env['GANTRY_BIN'] ?? built('gantry'),
  mail: process.env['GANTRY_SIM_SMTP_BIN'] ?? built('gantry-sim-smtp'),
};

/** Waits until `look` finds something. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  patience = 30_000,
): Promise<T> {
  const limit = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > limit) throw new Error(`waited in vain for ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

interface Started {
  child: ChildProcess;
  lines: string[];
}

function start(program: string, args: string[], env: Record<string, string>): Started {
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => lines.push(line));
  }
  return { child, lines };
}

const stop = (child: ChildProcess): Promise<void> =>
  new Promise((done) => {
    if (child.exitCode !== null) {
      done();
      return;
    }
    child.once('exit', () => {
      done();
    });
    child.kill('SIGTERM');
  });

export const PASSWORD = 'quiet-harbour-lantern-71';

export class World {
  private constructor(
    readonly url: string,
    readonly setUpLink: string,
    private readonly inbox: string,
    private readonly folder: string,
    private readonly server: Started,
    private readonly mail: Started,
    readonly browser: Browser,
  ) {}

  static async open(env: Record<string, string> = {}): Promise<World> {
    const browser = openBrowser();
    const folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-'));
    const mail = start(programs.mail, ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'], {});
    const said = await eventually('the mail simulator', () => Promise.resolve(mail.lines[0]));
    const { smtp, http } = JSON.parse(said) as { smtp: string; http: string };
    const [host = '', port = ''] = smtp.split(':');
    const data = join(folder, 'data');
    const server = start(programs.gantry, ['serve', '--data', data, '--listen', '127.0.0.1:0'], {
      // The master key lies outside of the data directory, below the home of whoever starts the server.
      HOME: folder,
      GANTRY_MAIL__HOST: host,
      GANTRY_MAIL__PORT: port,
      GANTRY_MAIL__TLS: 'none',
      // Many journeys come from one address here.
      GANTRY_HTTP__LIMITS__OFF: 'true',
      // Every test signs up and signs in; what a hash costs is measured elsewhere.
      GANTRY_IDENTITY__HASH_MEMORY_KIB: '7168',
      GANTRY_IDENTITY__HASH_PASSES: '5',
      ...env,
    });
    const line = (pattern: RegExp) =>
      Promise.resolve(
        server.lines.map((text) => pattern.exec(text)?.[1]).find((match) => match !== undefined),
      );
    const ended = () => {
      if (server.child.exitCode !== null) throw new Error(`gantry ended:\n${server.lines.join('\n')}`);
    };
    const url = await eventually('the address of the server', () => {
      ended();
      return line(/listens on (http:\/\/[0-9.:]+)/);
    });
    const setUpLink = await eventually('the set-up link', () => line(/(http:\S+\/set-up#token=\S+)/));
    await eventually('the server', async () => {
      ended();
      const answer = await fetch(`${url}/readyz`).catch(() => null);
      return answer?.ok === true ? true : undefined;
    });
    return new World(url, setUpLink, http.replace(/\/$/, ''), folder, server, mail, await browser);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await Promise.all([stop(this.server.child), stop(this.mail.child)]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The server by its name: passkeys belong to one, and there are none for addresses. */
  get namedUrl(): string {
    return this.url.replace('127.0.0.1', 'localhost');
  }

  /** A person at a browser of their own, whose pages may go to the origins in `elsewhere`, too. */
  async visitor(
    options: Parameters<Browser['newContext']>[0] = {},
    elsewhere: readonly string[] = [],
  ): Promise<Visitor> {
    const context = await this.browser.newContext({ baseURL: this.url, locale: 'en-GB', ...options });
    const own = [this.url, this.namedUrl];
    await serveFresh(context, own);
    return Visitor.open(this, context, [...own, ...elsewhere]);
  }

  /** Somebody new, invited by the owner with this role, who has joined and is not signed in. */
  async join(owner: Visitor, slug: string, email: string, name: string, role: string): Promise<Visitor> {
    const { page } = owner;
    await page.goto(`/w/${slug}/members`);
    await owner.press('Invite');
    await owner.fill('E-mail address', email);
    await page.getByLabel('Role', { exact: true }).selectOption({ label: role });
    await owner.press('Send the invitation');
    await page.getByRole('cell', { name: email }).waitFor();
    const visitor = await this.visitor();
    await visitor.page.goto(await this.link(email, '/invitation'));
    await visitor.fill('Your name', name);
    await visitor.fill('Password', PASSWORD);
    await visitor.press('Make the account and join');
    await visitor.page.getByRole('heading', { name: /^Welcome to/ }).waitFor();
    return visitor;
  }

  /** The link in the newest mail to somebody. */
  async link(to: string, path: string): Promise<string> {
    return eventually(`a mail to ${to} with a link to ${path}`, async () => {
      const list = await this.messages(`messages?to=${encodeURIComponent(to)}&limit=100`);
      const ids = (JSON.parse(list) as { messages: { id: number }[] }).messages.map((message) => message.id);
      for (const id of ids.sort((a, b) => b - a)) {
        const detail = JSON.parse(await this.messages(`messages/${String(id)}`)) as { links: string[] };
        const link = detail.links.find((one) => one.startsWith(`${this.url}${path}`));
        if (link !== undefined) return link;
      }
      return undefined;
    });
  }

  /** The newest mail to somebody that says this. */
  async letter(to: string, said: string): Promise<string> {
    return eventually(`a mail to ${to} that says ${said}`, async () => {
      const list = await this.messages(`messages?to=${encodeURIComponent(to)}&limit=100`);
      const ids = (JSON.parse(list) as { messages: { id: number }[] }).messages.map((message) => message.id);
      for (const id of ids.sort((a, b) => b - a)) {
        const { text } = JSON.parse(await this.messages(`messages/${String(id)}`)) as { text: string };
        if (text.includes(said)) return text;
      }
      return undefined;
    });
  }

  private async messages(path: string): Promise<string> {
    const answer = await fetch(`${this.inbox}/api/v1/${path}`);
    return answer.text();
  }
}

/** One browser, watched: nothing in its console, nothing foreign, nothing inline. */
export class Visitor {
  private readonly troubles: string[] = [];
  /** Requests without an answer yet, but for the stream of events, which has none. */
  private readonly waiting = new Set<Request>();
  private moved = Date.now();

  private constructor(
    readonly world: World,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  static async open(world: World, context: BrowserContext, allowed: readonly string[]): Promise<Visitor> {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const visitor = new Visitor(world, context, page);
    page.on('console', (message) => {
      // Refusals of the API are part of the journeys; the browser logs each.
      const refusal = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !refusal) visitor.troubles.push(message.text());
    });
    page.on('pageerror', (error) => visitor.troubles.push(String(error)));
    page.on('request', (request) => {
      const known = allowed.includes(new URL(request.url()).origin) || /^(data|blob):/.test(request.url());
      if (!known) visitor.troubles.push(`asked ${request.url()}`);
      if (!new URL(request.url()).pathname.endsWith('/events')) visitor.waiting.add(request);
      visitor.moved = Date.now();
    });
    const answered = (request: Request) => {
      visitor.waiting.delete(request);
      visitor.moved = Date.now();
    };
    page.on('requestfinished', answered);
    page.on('requestfailed', answered);
    page.on('dialog', (dialog) => {
      visitor.troubles.push(`a script opened a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    return visitor;
  }

  /** Nobody sees errors in a console that nobody reads, so a test does. */
  async leave(): Promise<void> {
    await this.context.close();
    expect(this.troubles).toEqual([]);
  }

  fill(label: string, text: string): Promise<void> {
    return this.page.getByLabel(label, { exact: true }).fill(text);
  }

  press(name: string): Promise<void> {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  follow(name: string): Promise<void> {
    return this.page.getByRole('link', { name, exact: true }).first().click();
  }

  heading(name: string): Promise<void> {
    return this.waitFor(this.page.getByRole('heading', { name, exact: true }));
  }

  sees(text: string): Promise<void> {
    return this.waitFor(this.page.getByText(text));
  }

  private async waitFor(wanted: Locator): Promise<void> {
    try {
      await wanted.first().waitFor();
    } catch (error) {
      const shown = await this.page.locator('body').innerText();
      throw new Error(`${String(error)}\nat ${this.page.url()}:\n${shown}`, { cause: error });
    }
  }

  /** Nothing is loading or moving any more. */
  async settled(): Promise<void> {
    await eventually('the page to rest', () =>
      Promise.resolve(this.waiting.size === 0 && Date.now() - this.moved > 500 ? true : undefined),
    );
    await this.page.waitForFunction(() => {
      // What waits for the answer to a dialog stays busy behind it.
      const front = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.documentElement;
      return (
        front.querySelector('[aria-busy=true], .animate-pulse') === null &&
        front.getAnimations({ subtree: true }).every((one) => one.playState !== 'running')
      );
    });
  }

  /** What axe finds wrong with the page as it stands. */
  async accessible(): Promise<void> {
    // Colours are measured where they come to rest.
    await this.settled();
    const found = await this.page.evaluate(`(() => { ${AxeBuilder.source}; return axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }); })()`);
    const { violations } = found as {
      violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
    };
    const told = violations.map(
      ({ id, help, nodes }) =>
        `${id}: ${help}\n${nodes.map((node) => `  ${node.html}\n  ${node.failureSummary ?? ''}`).join('\n')}`,
    );
    expect(told, this.page.url()).toEqual([]);
  }

  async signIn(email: string, next = '/'): Promise<void> {
    await this.page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await this.fill('E-mail address', email);
    await this.fill('Password', PASSWORD);
    await this.press('Sign in');
    await this.page.waitForURL((url) => url.pathname !== '/sign-in');
  }

  /** Signs up, confirms, signs in: an owner in front of a new workspace. */
  async signUp(email: string, name: string, workspace: string): Promise<void> {
    await this.page.goto('/sign-up');
    await this.fill('Your name', name);
    await this.fill('E-mail address', email);
    await this.fill('Name of the workspace', workspace);
    await this.fill('Password', PASSWORD);
    await this.press('Go on');
    await this.heading('Check your mail');
    await this.page.goto(await this.world.link(email, '/verify'));
    await this.press('Confirm');
    await this.heading('Your address is confirmed');
    await this.follow('Sign in');
    await this.fill('E-mail address', email);
    await this.fill('Password', PASSWORD);
    await this.press('Sign in');
    await this.heading(workspace);
  }
}

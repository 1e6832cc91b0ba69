/**
 * Going to a provider's page and coming back. What is to follow waits in this tab; the address that the browser comes
 * back to holds a code, so it is read and cleared before anything else of the console runs.
 */
import type { Return } from '@gantry/client';

/** What somebody left for. */
export interface Journey {
  /** `link` adds the account there to the one that is signed in here. */
  purpose: 'sign-in' | 'link';
  /** What the provider is called. */
  provider: string;
  /** Where to go on afterwards. */
  next?: string;
}

/** What the browser came back with: an answer to post, or the provider's refusal. */
export type Returned = { answer: Return } | { refusal: string };

export const CALLBACK = '/sign-in/callback';
const LEFT = 'gantry.journey';

/** Leaves for the provider's page. */
export function leave(address: string, journey: Journey): void {
  const { protocol } = new URL(address);
  if (protocol !== 'https:' && protocol !== 'http:') throw new Error('the provider has no page to go to');
  sessionStorage.setItem(LEFT, JSON.stringify(journey));
  location.assign(address);
}

const isJourney = (value: unknown): value is Journey =>
  typeof value === 'object' &&
  value !== null &&
  'provider' in value &&
  typeof value.provider === 'string' &&
  'purpose' in value &&
  (value.purpose === 'sign-in' || value.purpose === 'link');

/** What this tab left for; a tab that did not leave can only sign in. */
export function begun(): Journey | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(LEFT) ?? 'null');
    return isJourney(kept) ? kept : null;
  } catch {
    return null;
  }
}

/** Reads the query of the address that the browser came back to. */
export function readReturn(query: string): Returned | null {
  const found = new URLSearchParams(query);
  const [state, code, iss, refusal] = ['state', 'code', 'iss', 'error'].map((name) => found.get(name));
  if (typeof refusal === 'string') return { refusal: refusal.slice(0, 60) };
  if (typeof state !== 'string' || typeof code !== 'string') return null;
  return { answer: { state, code, iss: iss ?? null } };
}

function take(): Returned | null {
  if (location.pathname !== CALLBACK || location.search === '') return null;
  const found = readReturn(location.search);
  history.replaceState(history.state, '', CALLBACK);
  return found;
}

/** What this page was opened with, where it was opened by coming back. */
export const returned = take();

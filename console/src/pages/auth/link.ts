/** The token of a link from a mail. It is in the fragment, which no server sees, and leaves the address bar at once. */

const kept = new Map<string, string>();

export function linkToken(): string | null {
  const page = location.pathname;
  const found = /(?:^#|&)token=([A-Za-z0-9_-]+)/.exec(location.hash)?.[1];
  if (found !== undefined) {
    kept.set(page, found);
    history.replaceState(history.state, '', page + location.search);
  }
  return kept.get(page) ?? null;
}

const WAITING = 'gantry.invitation';

/** Keeps the link of an invitation while its owner signs in, in this tab only. */
export const keepInvitation = (token: string): void => {
  sessionStorage.setItem(WAITING, token);
};

export function keptInvitation(): string | null {
  return sessionStorage.getItem(WAITING);
}

export const forgetInvitation = (): void => {
  sessionStorage.removeItem(WAITING);
};

/** A place of this console to go on to; anything else is not followed. */
export function safeNext(next: unknown): string | undefined {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : undefined;
}

/** The workspace of the address bar: two tabs can be in two of them. */
import type { Membership } from '@gantry/client';
import { useParams } from '@tanstack/react-router';
import { useMe } from '@/api';

export interface Workspace extends Membership {
  can: (permission: string) => boolean;
}

export function withRights(membership: Membership): Workspace {
  const held = new Set(membership.permissions);
  return { ...membership, can: (permission) => held.has(permission) };
}

/** The workspace that is open; pages below `/w/$workspace` are only shown when there is one. */
export function useWorkspace(): Workspace {
  const me = useMe();
  const { workspace } = useParams({ strict: false });
  const found = me.memberships.find((membership) => membership.slug === workspace);
  if (!found) throw new Error('no workspace is open on this page');
  return withRights(found);
}

const LAST = 'gantry.workspace';
export const rememberWorkspace = (slug: string): void => {
  localStorage.setItem(LAST, slug);
};
export const lastWorkspace = (): string | null => localStorage.getItem(LAST);

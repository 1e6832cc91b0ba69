/** What the list of students is narrowed by, and the sets of it that somebody keeps on this device. */
import type { Status } from '@gantry/client';

export interface StudentFilters {
  q: string;
  branch: string;
  status: '' | Status;
  order_by: string;
}

export const everybody: StudentFilters = { q: '', branch: '', status: '', order_by: 'name' };

/** What the API is asked for: filters that are empty are not sent. */
export const asked = (filters: StudentFilters) => ({
  order_by: filters.order_by,
  ...(filters.q === '' ? {} : { q: filters.q }),
  ...(filters.branch === '' ? {} : { branch: filters.branch }),
  ...(filters.status === '' ? {} : { status: filters.status }),
});

export interface SavedFilters {
  name: string;
  filters: StudentFilters;
}

/** As many as a menu holds. */
export const MOST_SAVED = 20;
const key = (workspace: string): string => `gantry.students.${workspace}`;
const statuses: readonly unknown[] = ['', 'active', 'paused', 'left'];

const isSaved = (value: unknown): value is SavedFilters => {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('filters' in value))
    return false;
  const { name, filters } = value;
  if (typeof name !== 'string' || typeof filters !== 'object' || filters === null) return false;
  const fields = filters as Record<string, unknown>;
  return (
    ['q', 'branch', 'order_by'].every((field) => typeof fields[field] === 'string') &&
    statuses.includes(fields['status'])
  );
};

/** What is kept for a workspace; what cannot be read any more is left out. */
export function savedFilters(workspace: string): SavedFilters[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key(workspace)) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isSaved) : [];
  } catch {
    return [];
  }
}

/** Keeps filters under a name, in the place of those that had it. */
export function keepFilters(workspace: string, saved: SavedFilters): SavedFilters[] {
  const others = savedFilters(workspace).filter(({ name }) => name !== saved.name);
  return write(workspace, [...others, saved].slice(-MOST_SAVED));
}

export function dropFilters(workspace: string, name: string): SavedFilters[] {
  return write(
    workspace,
    savedFilters(workspace).filter((saved) => saved.name !== name),
  );
}

function write(workspace: string, all: SavedFilters[]): SavedFilters[] {
  localStorage.setItem(key(workspace), JSON.stringify(all));
  return all;
}

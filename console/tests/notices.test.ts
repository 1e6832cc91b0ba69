import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fill } from '@/i18n';
import { wordsOf } from '@/pages/notices/words';

const root = join(import.meta.dirname, '../..');

/** What the server's modules say in quotes, in files that tell notices or begin them. */
const sources = ['platform', 'products'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /src[\\/].*\.rs$/.test(name))
    .map((name) => readFileSync(join(root, folder, name), 'utf8')),
);

const words = readFileSync(join(root, 'console/src/pages/notices/words.tsx'), 'utf8');
const known = [...words.matchAll(/case '([\w.]+)':/g)].map(([, kind = '']) => kind);

const notice = (kind: string) => ({ id: 'n', kind, at: '', tenant: null, subjects: {}, read_at: null });

test('every kind of notice that has words is told by the server', () => {
  expect(known.length).toBeGreaterThan(5);
  expect(known.filter((kind) => !sources.some((code) => code.includes(`"${kind}"`)))).toEqual([]);
});

test('every kind that the server names where it begins a notice has words', () => {
  const told = new Set(
    sources
      .filter((code) => code.includes('gantry_notices'))
      .flatMap((code) => [...code.matchAll(/to_(?:person|operators)\(\s*"([\w.]+)"/g)])
      .map(([, kind = '']) => kind),
  );
  expect(told.size).toBeGreaterThan(3);
  expect([...told].filter((kind) => !known.includes(kind))).toEqual([]);
});

test('a kind without words, as after an update of the server, is shown by its name', () => {
  expect(wordsOf(notice('other.thing.happened'), fill).title).toBe('other.thing.happened');
});

test('a notice whose subjects lack something leads nowhere wrong', () => {
  expect(wordsOf(notice('spaces.import.finished'), fill).place).toBeUndefined();
  expect(wordsOf(notice('backup.failed'), fill).place).toEqual({ to: '/admin/backups' });
});

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { fill } from '@/i18n';
import hindi from '@/i18n/hi';
import indonesian from '@/i18n/id';

const sources = join(import.meta.dirname, '../src');

const files = (folder: string): string[] =>
  readdirSync(join(sources, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name));

/** The texts that are asked for in a folder. */
function texts(folder: string): Set<string> {
  const found = new Set<string>();
  for (const file of files(folder)) {
    const code = readFileSync(join(sources, file), 'utf8');
    for (const [, text = ''] of code.matchAll(/\bt\(\s*'((?:[^'\\]|\\.)*)'/g)) found.add(text);
  }
  return found;
}

/** What everybody meets, whatever they do here. */
const shell = ['shell', 'layout', 'ui', 'live', 'pages/auth', 'pages/notices'];

/** Words that are the same in these languages, or names. */
const same: Record<string, readonly string[]> = {
  Hindi: ['Spaces'],
  Indonesian: ['Spaces', 'Platform', 'Edge'],
};

/** Attributes that people read or hear. */
const spoken = new Set(['aria-label', 'alt', 'description', 'head', 'hint', 'label', 'placeholder', 'title']);

/** Words in the markup of a file that no language can change. */
function unspoken(file: string): string[] {
  const code = readFileSync(join(sources, file), 'utf8');
  const tree = ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const words = (text: string) => /\p{L}{2}/u.test(text.replaceAll(/Gantry|&\w+;/g, ''));
  const walk = (node: ts.Node): void => {
    if (ts.isJsxText(node) && words(node.text)) {
      const around = node.parent;
      const tag = ts.isJsxElement(around) ? around.openingElement.tagName.getText() : '';
      if (tag !== 'code' && tag !== 'kbd' && tag !== 'Kbd') found.push(`${file}: ${node.text.trim()}`);
    }
    if (ts.isJsxAttribute(node) && node.initializer && ts.isStringLiteral(node.initializer)) {
      const name = node.name.getText();
      const { text } = node.initializer;
      if (spoken.has(name) && words(text) && !/^(https?:|[a-z]+-[a-z]+$)/.test(text))
        found.push(`${file}: ${name}="${text}"`);
    }
    ts.forEachChild(node, walk);
  };
  walk(tree);
  return found;
}

describe('messages', () => {
  test('places are filled, and those without a value stay', () => {
    expect(fill('{n} of {all}', { n: 1, all: 0 })).toBe('1 of 0');
    expect(fill('{n} {what}', { n: 1 })).toBe('1 {what}');
    expect(fill('{toString}', {})).toBe('{toString}');
  });

  test('no words stand in the markup, where nobody can translate them', () => {
    const all = files('.').filter((file) => file.endsWith('.tsx'));
    expect(all.length).toBeGreaterThan(60);
    expect(all.flatMap(unspoken)).toEqual([]);
  });

  describe.each([
    ['Hindi', hindi],
    ['Indonesian', indonesian],
  ])('%s', (name, catalogue) => {
    test('has every text of the shell, of what pages are made of, and of the pages before signing in', () => {
      const wanted = new Set(shell.flatMap((folder) => [...texts(folder)]));
      expect(wanted.size).toBeGreaterThan(150);
      expect([...wanted].filter((text) => catalogue[text] === undefined)).toEqual([]);
    });

    test('is not English by accident', () => {
      const left = Object.entries(catalogue).filter(([text, said]) => text === said || said.trim() === '');
      expect(left.map(([text]) => text).filter((text) => same[name]?.includes(text) !== true)).toEqual([]);
    });

    test('has nothing that nobody asks for, and the same places in its texts', () => {
      const everything = texts('.');
      for (const [text, translated] of Object.entries(catalogue)) {
        expect(everything).toContain(text);
        const places = (one: string) => (one.match(/\{\w+\}/g) ?? []).sort();
        expect(places(translated), text).toEqual(places(text));
      }
    });
  });
});

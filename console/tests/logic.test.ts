import { afterEach, describe, expect, test } from 'vitest';
import { readReturn } from '@/pages/auth/departure';
import { linkToken, safeNext } from '@/pages/auth/link';
import { workspaceOf } from '@/pages/auth/providers';
import { entries, mentioned, typeName } from '@/pages/reference/document';
import { dropFilters, everybody, keepFilters, savedFilters } from '@/pages/spaces/filters';
import { agentName } from '@/pages/account/sessions';
import { matches } from '@/shell/palette';
import { askForProof } from '@/shell/step-up-state';
import { applyTheme, currentTheme } from '@/theme';

describe('coming back from a provider', () => {
  test('the answer is taken as it stands, and half of one is none', () => {
    expect(readReturn('?state=1e5&code=4%2F0A&iss=https%3A%2F%2Fa.example')).toEqual({
      answer: { state: '1e5', code: '4/0A', iss: 'https://a.example' },
    });
    expect(readReturn('?state=s&code=c')).toEqual({ answer: { state: 's', code: 'c', iss: null } });
    expect(readReturn('?error=access_denied&state=s')).toEqual({ refusal: 'access_denied' });
    expect(readReturn('?state=s')).toBeNull();
    expect(readReturn('')).toBeNull();
  });

  test('the workspace of an address decides which providers are offered', () => {
    expect(workspaceOf('/w/north-hall/members')).toBe('north-hall');
    expect(workspaceOf('/account')).toBeUndefined();
    expect(workspaceOf(undefined)).toBeUndefined();
  });
});

describe('saved filters', () => {
  test('they are kept by name and workspace, and what cannot be read is left out', () => {
    const zoe = { ...everybody, q: 'zoe' };
    keepFilters('north', { name: 'Zoe', filters: everybody });
    expect(keepFilters('north', { name: 'Zoe', filters: zoe })).toEqual([{ name: 'Zoe', filters: zoe }]);
    expect(savedFilters('south')).toEqual([]);
    localStorage.setItem('gantry.students.south', '[{"name":"x","filters":{"q":1}}, 2]');
    expect(savedFilters('south')).toEqual([]);
    localStorage.setItem('gantry.students.south', '{');
    expect(savedFilters('south')).toEqual([]);
    expect(dropFilters('north', 'Zoe')).toEqual([]);
  });
});

describe('the API reference', () => {
  const document = {
    paths: { '/a': { get: { tags: ['one'], operationId: 'get_a' }, parameters: {} } },
    components: {
      schemas: {
        Row: {
          properties: { id: { type: 'string', format: 'uuid' }, next: { $ref: '#/components/schemas/Row' } },
        },
        Word: { oneOf: [{ const: 'a' }, { const: 'b' }] },
      },
    },
  };

  test('types are put into words', () => {
    expect(typeName(document, { type: 'array', items: { $ref: '#/components/schemas/Row' } })).toBe('Row[]');
    expect(typeName(document, { $ref: '#/components/schemas/Word' })).toBe('"a" | "b"');
    expect(typeName(document, { type: ['string', 'null'], format: 'date' })).toBe('string (date) | null');
    expect(typeName(document, { $ref: '#/components/schemas/Gone' })).toBe('Gone');
  });

  test('what refers to itself is named once, and what is no operation is not listed', () => {
    expect(mentioned(document, { $ref: '#/components/schemas/Row' })).toEqual(['Row']);
    expect([...entries(document)].map(([tag, list]) => [tag, list.map(({ id }) => id)])).toEqual([
      ['one', ['get_a']],
    ]);
  });
});

describe('links of mails', () => {
  afterEach(() => {
    history.replaceState(null, '', '/');
  });

  test('a token is taken out of the address bar and kept for its page', () => {
    history.replaceState(null, '', '/verify?x=1#token=abc_DEF-1');
    expect(linkToken()).toBe('abc_DEF-1');
    expect(location.hash).toBe('');
    expect(location.search).toBe('?x=1');
    expect(linkToken()).toBe('abc_DEF-1');
    history.replaceState(null, '', '/unlock#other=1');
    expect(linkToken()).toBeNull();
  });

  test('nobody is sent anywhere but into the console', () => {
    expect(safeNext('/w/north')).toBe('/w/north');
    for (const elsewhere of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      'javascript:alert(1)',
      '',
      undefined,
      7,
    ]) {
      expect(safeNext(elsewhere)).toBeUndefined();
    }
  });
});

describe('palette', () => {
  test('words are found in any order, without regard to case and accents', () => {
    expect(matches('élo zo', 'Zoë Elodie')).toBe(true);
    expect(matches('zoe x', 'Zoë Elodie')).toBe(false);
    expect(matches('', 'anything')).toBe(true);
  });
});

test('a browser is told from a program', () => {
  expect(agentName('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36')).toBe(
    'Chrome, Linux',
  );
  expect(agentName('Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0')).toBe(
    'Edge, Windows',
  );
  expect(agentName('curl/8.5.0')).toBe('curl/8.5.0');
  expect(agentName(null)).toBeNull();
});

test('requests that want a proof at the same time share one question', () => {
  expect(askForProof()).toBe(askForProof());
});

test('a theme is remembered, and the system decides where none is', () => {
  applyTheme('dark');
  expect([currentTheme(), document.documentElement.dataset['theme']]).toEqual(['dark', 'dark']);
  applyTheme('system');
  expect([currentTheme(), document.documentElement.dataset['theme']]).toEqual(['system', undefined]);
});

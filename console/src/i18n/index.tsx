/**
 * Messages. The English text is the key, so English is complete by construction; catalogues translate it, and what
 * they lack falls back to it. `{name}` in a text is filled from the values.
 */
import { createContext, use, useCallback, useEffect, useState, type ReactNode } from 'react';

export type Language = 'en' | 'hi' | 'id';
export type Catalogue = Readonly<Record<string, string>>;
export type Values = Readonly<Record<string, string | number>>;
export type T = (text: string, values?: Values) => string;

export const languages: readonly { code: Language; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'hi', name: 'हिन्दी' },
  { code: 'id', name: 'Bahasa Indonesia' },
];

const load: Record<Exclude<Language, 'en'>, () => Promise<{ default: Catalogue }>> = {
  hi: () => import('./hi'),
  id: () => import('./id'),
};

/** Fills the places of a text. */
export function fill(text: string, values?: Values): string {
  if (values === undefined) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined ? whole : String(value);
  });
}

const STORED = 'gantry.language';

function preferred(): Language {
  const wanted = [localStorage.getItem(STORED), ...navigator.languages];
  for (const tag of wanted) {
    const found = languages.find((language) => language.code === tag?.slice(0, 2));
    if (found) return found.code;
  }
  return 'en';
}

interface Speech {
  language: Language;
  t: T;
  speak: (language: Language) => void;
}

const Context = createContext<Speech>({ language: 'en', t: fill, speak: () => undefined });

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(preferred);
  const [catalogue, setCatalogue] = useState<Catalogue>({});

  useEffect(() => {
    document.documentElement.lang = language;
    let wanted = true;
    const load_ = language === 'en' ? Promise.resolve({ default: {} }) : load[language]();
    void load_.then((module) => {
      if (wanted) setCatalogue(module.default);
    });
    return () => {
      wanted = false;
    };
  }, [language]);

  const t = useCallback<T>((text, values) => fill(catalogue[text] ?? text, values), [catalogue]);
  const speak = useCallback((next: Language) => {
    localStorage.setItem(STORED, next);
    setLanguage(next);
  }, []);
  return <Context value={{ language, t, speak }}>{children}</Context>;
}

export const useT = (): T => use(Context).t;
export const useLanguage = (): Speech => use(Context);

/** The language with the region that its reader set in the browser: days and months stand in another order in London than in New York. */
export const regional = (language: Language, wanted: readonly string[]): string =>
  wanted.find((tag) => tag.slice(0, 2) === language) ?? language;

/** A phone number as people read it to each other, where its country's grouping is known. */
export const grouped = (phone: string): string => phone.replace(/^(\+91)(\d{5})(\d{5})$/, '$1 $2 $3');

/** Writes times, days and numbers as the language does. */
export function useFormat() {
  const { language: spoken } = use(Context);
  const language = regional(spoken, navigator.languages);
  return {
    time: (iso: string) =>
      new Date(iso).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' }),
    clock: (iso: string) => new Date(iso).toLocaleTimeString(language, { timeStyle: 'medium' }),
    day: (iso: string) => new Date(iso).toLocaleDateString(language, { dateStyle: 'medium' }),
    /** A civil date, which has no time zone. */
    date: (date: string) =>
      new Date(`${date}T00:00:00Z`).toLocaleDateString(language, { dateStyle: 'medium', timeZone: 'UTC' }),
    number: (value: number) => value.toLocaleString(language),
    phone: grouped,
  };
}

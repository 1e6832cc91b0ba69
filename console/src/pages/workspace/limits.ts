import type { T } from '@/i18n';

/** What a limit is about, in words; its name where there are none. */
export function limitTitle(name: string, t: T): string {
  const titles: Record<string, string> = {
    'spaces.students': t('Students'),
    'spaces.branches': t('Branches'),
    members: t('Members'),
  };
  return titles[name] ?? name;
}

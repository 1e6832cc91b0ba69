/** Everything by name: pages, workspaces, acts, and records that the person may see. */
import { call, type Me } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import clsx from 'clsx';
import { ArrowRightLeft, GraduationCap, LogOut, MoonStar, Search } from 'lucide-react';
import { useDeferredValue, useId, useState, type KeyboardEvent, type ReactNode } from 'react';
import { api, signOut } from '@/api';
import { useT } from '@/i18n';
import { applyTheme, currentTheme } from '@/theme';
import { Dialog } from '@/ui/dialog';
import { accountNav, platformNav, type Group } from './nav';
import type { Workspace } from './workspace';

interface Hit {
  key: string;
  group: string;
  label: string;
  hint?: string;
  icon: ReactNode;
  go: () => unknown;
}

/** Whether every word of the query begins a word of the text, or is in it. */
export function matches(query: string, text: string): boolean {
  const plain = (value: string) => value.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '');
  const found = plain(text);
  return plain(query)
    .split(/\s+/)
    .every((word) => found.includes(word));
}

export function Palette({
  me,
  workspace,
  groups,
  onClose,
}: {
  me: Me;
  workspace: Workspace | null;
  groups: readonly Group[];
  onClose: () => void;
}) {
  const t = useT();
  const id = useId();
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const asked = useDeferredValue(query.trim());

  const students = useQuery({
    queryKey: ['palette', workspace?.slug, asked],
    queryFn: () =>
      call(
        api.GET('/api/v1/tenants/{tenant}/spaces/students', {
          params: { path: { tenant: workspace?.slug ?? '' }, query: { q: asked, page_size: 6 } },
        }),
      ),
    enabled: asked.length >= 2 && workspace?.can('spaces.student.read') === true,
  });

  const icon = 'size-4 text-faint';
  const hits: Hit[] = [
    ...[...groups, ...accountNav(t), ...platformNav(me.platform_permissions, t)].flatMap((group) =>
      group.entries.map((entry) => ({
        key: `page ${entry.to}`,
        group: t('Pages'),
        label: entry.label,
        hint: group.title ?? '',
        icon: <entry.icon aria-hidden className={icon} />,
        go: () => navigate({ to: entry.to, params: entry.params ?? true }),
      })),
    ),
    ...me.memberships.map((membership) => ({
      key: `workspace ${membership.tenant}`,
      group: t('Workspaces'),
      label: membership.name,
      hint: membership.slug,
      icon: <ArrowRightLeft aria-hidden className={icon} />,
      go: () => navigate({ to: '/w/$workspace', params: { workspace: membership.slug } }),
    })),
    {
      key: 'theme',
      group: t('Acts'),
      label: t('Switch between light and dark'),
      icon: <MoonStar aria-hidden className={icon} />,
      go: () => {
        applyTheme(currentTheme() === 'dark' ? 'light' : 'dark');
      },
    },
    {
      key: 'sign-out',
      group: t('Acts'),
      label: t('Sign out'),
      icon: <LogOut aria-hidden className={icon} />,
      go: signOut,
    },
  ].filter((hit) => matches(query, `${hit.label} ${'hint' in hit ? hit.hint : ''}`));
  const unique = hits.filter((hit, place) => hits.findIndex((other) => other.key === hit.key) === place);
  const shown: Hit[] = [
    ...unique,
    ...(students.data?.items ?? []).map((student) => ({
      key: student.id,
      group: t('Students'),
      label: student.name,
      hint: student.code,
      icon: <GraduationCap aria-hidden className={icon} />,
      go: () =>
        navigate({
          to: '/w/$workspace/spaces/students/$student',
          params: { workspace: workspace?.slug ?? '', student: student.id },
        }),
    })),
  ];
  const chosen = Math.min(at, shown.length - 1);

  const run = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    void hit.go();
  };
  const keys = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && shown.length > 0) {
      event.preventDefault();
      setAt((chosen + step + shown.length) % shown.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(shown[chosen]);
    }
  };

  return (
    <Dialog title={t('Search')} place="top" bare wide onClose={onClose}>
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Search aria-hidden className="size-4 text-faint" />
        <input
          // The dialog was opened to type here.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={shown[chosen] ? `${id}-${String(chosen)}` : undefined}
          aria-label={t('Search')}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
          onKeyDown={keys}
          placeholder={t('Pages, people’s names, acts')}
          className="h-12 w-full bg-transparent outline-none placeholder:text-faint"
        />
      </div>
      <div id={id} role="listbox" aria-label={t('Found')} className="max-h-[50vh] overflow-y-auto p-2">
        {shown.map((hit, place) => (
          // The focus stays in the field; keys are handled there.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={hit.key}
            id={`${id}-${String(place)}`}
            role="option"
            tabIndex={-1}
            aria-selected={place === chosen}
            ref={(element) => {
              if (place === chosen) element?.scrollIntoView({ block: 'nearest' });
            }}
            onClick={() => {
              run(hit);
            }}
            onPointerMove={() => {
              setAt(place);
            }}
            className={clsx(
              'flex cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-2 text-sm',
              place === chosen && 'bg-hover',
            )}
          >
            {hit.icon}
            <span className="min-w-0 flex-1 truncate">{hit.label}</span>
            <span className="text-xs text-faint">{hit.hint ?? hit.group}</span>
          </div>
        ))}
      </div>
      {shown.length === 0 && (
        <p className="px-4 pb-6 text-center text-sm text-soft">{t('Nothing by this name.')}</p>
      )}
    </Dialog>
  );
}

import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { api } from '@/api';
import { useT, type T } from '@/i18n';
import { Meter } from '@/layout/chart';
import { Loaded } from '@/layout/loaded';
import { useWorkspace } from '@/shell/workspace';

/** The limits there are, as the platform's staff sets them. */
export const limitNames = ['members', 'spaces.branches', 'spaces.students'] as const;

/** What a limit is about, in words; its name where there are none. */
export function limitTitle(name: string, t: T): string {
  const titles: Record<string, string> = {
    'spaces.students': t('Students'),
    'spaces.branches': t('Branches'),
    members: t('Members'),
  };
  return titles[name] ?? name;
}

/** How much of what is limited this workspace uses. */
export function Limits() {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const limits = useQuery({
    queryKey: ['limits', tenant],
    queryFn: () => call(api.GET('/api/v1/tenants/{tenant}/tenancy/limits', { params: { path: { tenant } } })),
  });
  return (
    <Loaded query={limits} height="h-24">
      {({ limits: rows }) => (
        <div className="flex flex-col gap-4">
          {rows.map((limit) => (
            <Meter key={limit.name} label={limitTitle(limit.name, t)} used={limit.used} most={limit.value} />
          ))}
        </div>
      )}
    </Loaded>
  );
}

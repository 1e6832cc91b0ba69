/** Roles with their reach: shown, and put together. */
import { all, call, type GrantReply, type Role, type ScopeKind } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api';
import { useT, type T } from '@/i18n';
import { useWorkspace } from '@/shell/workspace';
import { Badge } from '@/ui/bits';
import { Button } from '@/ui/button';
import { CheckField, Select } from '@/ui/field';

export const rolesQuery = (slug: string) => ({
  queryKey: ['roles', slug],
  queryFn: async (): Promise<Role[]> =>
    (await call(api.GET('/api/v1/tenants/{tenant}/identity/roles', { params: { path: { tenant: slug } } })))
      .items,
});

/** What grants can be limited to. Only for those who may see branches. */
export function useUnits(): { id: string; name: string }[] {
  const workspace = useWorkspace();
  const branches = useQuery({
    queryKey: ['units', workspace.slug],
    queryFn: () =>
      all((page_token) =>
        call(
          api.GET('/api/v1/tenants/{tenant}/spaces/branches', {
            params: {
              path: { tenant: workspace.slug },
              query: { page_size: 100, ...(page_token === undefined ? {} : { page_token }) },
            },
          }),
        ),
      ),
    enabled: workspace.can('spaces.branch.read'),
  });
  return branches.data ?? [];
}

export function scopeTitle(scope: ScopeKind, t: T): string {
  switch (scope) {
    case 'all':
      return t('Whole workspace');
    case 'units':
      return t('Some branches');
    case 'self':
      return t('What is their own');
  }
}

/** Grants in a few words. */
export function GrantBadges({ grants }: { grants: readonly GrantReply[] }) {
  const t = useT();
  const { slug } = useWorkspace();
  const roles = useQuery(rolesQuery(slug));
  const units = useUnits();
  if (grants.length === 0) return <span className="text-faint">{t('None')}</span>;
  return (
    <span className="flex flex-wrap gap-1">
      {grants.map((grant) => {
        const title = roles.data?.find((role) => role.key === grant.role)?.title ?? grant.role;
        const names = grant.units.map((id) => units.find((unit) => unit.id === id)?.name ?? id);
        const reach =
          grant.scope === 'all' ? '' : grant.scope === 'self' ? `: ${t('own')}` : `: ${names.join(', ')}`;
        return <Badge key={grant.role}>{title + reach}</Badge>;
      })}
    </span>
  );
}

/** Puts grants together. The roles offered are those of the workspace; the server decides which may be given. */
export function GrantEditor({
  roles,
  grants,
  onChange,
  single = false,
}: {
  roles: readonly Role[];
  grants: readonly GrantReply[];
  onChange: (grants: GrantReply[]) => void;
  single?: boolean;
}) {
  const t = useT();
  const units = useUnits();
  const free = roles.filter((role) => !grants.some((grant) => grant.role === role.key));
  const change = (at: number, grant: GrantReply) => {
    onChange(grants.map((one, place) => (place === at ? grant : one)));
  };
  const begin = (role: Role): GrantReply => ({ role: role.key, scope: role.scopes[0] ?? 'all', units: [] });
  return (
    <div className="flex flex-col gap-3">
      {grants.map((grant, at) => {
        const role = roles.find((one) => one.key === grant.role);
        const scopes = role?.scopes ?? [grant.scope];
        return (
          <div key={grant.role} className="rounded-lg border border-line p-3">
            <div className="flex items-center gap-2">
              <Select
                aria-label={t('Role')}
                value={grant.role}
                onChange={(event) => {
                  const next = roles.find((one) => one.key === event.target.value);
                  if (next) change(at, begin(next));
                }}
                choices={[...(role ? [role] : []), ...free].map((one) => ({
                  value: one.key,
                  label: one.title,
                }))}
              />
              {!single && (
                <Button
                  look="ghost"
                  size="icon"
                  aria-label={t('Take the role {role} away', { role: role?.title ?? grant.role })}
                  onClick={() => {
                    onChange(grants.filter((_, place) => place !== at));
                  }}
                >
                  <X aria-hidden className="size-4" />
                </Button>
              )}
            </div>
            {scopes.length > 1 && (
              <Select
                aria-label={t('Reach')}
                className="mt-2"
                value={grant.scope}
                onChange={(event) => {
                  change(at, { ...grant, scope: event.target.value as ScopeKind, units: [] });
                }}
                choices={scopes.map((scope) => ({ value: scope, label: scopeTitle(scope, t) }))}
              />
            )}
            {grant.scope === 'units' && (
              <fieldset className="mt-3 grid gap-1.5 sm:grid-cols-2">
                <legend className="sr-only">{t('Branches')}</legend>
                {units.length === 0 && <p className="text-sm text-soft">{t('There is no branch yet.')}</p>}
                {units.map((unit) => (
                  <CheckField
                    key={unit.id}
                    label={unit.name}
                    checked={grant.units.includes(unit.id)}
                    onChange={(event) => {
                      const rest = grant.units.filter((id) => id !== unit.id);
                      change(at, { ...grant, units: event.target.checked ? [...rest, unit.id] : rest });
                    }}
                  />
                ))}
              </fieldset>
            )}
          </div>
        );
      })}
      {!single && free.length > 0 && (
        <Button
          size="sm"
          className="self-start"
          onClick={() => {
            const [role] = free;
            if (role) onChange([...grants, begin(role)]);
          }}
        >
          <Plus aria-hidden className="size-3.5" />
          {t('Add a role')}
        </Button>
      )}
    </div>
  );
}

/** The state of an editor. */
export function useGrants(first: readonly GrantReply[]): [GrantReply[], (grants: GrantReply[]) => void] {
  return useState<GrantReply[]>([...first]);
}

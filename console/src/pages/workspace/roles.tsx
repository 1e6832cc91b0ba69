import { call, once, version, type Permission, type Role } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import clsx from 'clsx';
import { Check, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useT, type T } from '@/i18n';
import { FormDialog, required } from '@/layout/form';
import { Page, Section } from '@/layout/page';
import { Problem } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Badge, Skeleton } from '@/ui/bits';
import { Button } from '@/ui/button';
import { CheckField, TextField } from '@/ui/field';
import { rolesQuery, scopeTitle } from './grants';

/** `identity.member.read` belongs to `identity`. */
function groups(permissions: readonly Permission[]): [string, Permission[]][] {
  const found = new Map<string, Permission[]>();
  for (const permission of permissions) {
    const module = permission.name.split('.')[0] ?? '';
    found.set(module, [...(found.get(module) ?? []), permission]);
  }
  return [...found];
}

function moduleTitle(module: string, t: T): string {
  const titles: Record<string, string> = {
    backup: t('Backups'),
    identity: t('People and access'),
    spaces: t('Spaces'),
    tenancy: t('Workspace'),
  };
  return titles[module] ?? module;
}

export function RolesPage() {
  const t = useT();
  const workspace = useWorkspace();
  const tenant = workspace.slug;
  const manages = workspace.can('identity.role.manage');
  const roles = useQuery(rolesQuery(tenant));
  const permissions = useQuery({
    queryKey: ['permissions', tenant],
    queryFn: async () =>
      (await call(api.GET('/api/v1/tenants/{tenant}/identity/permissions', { params: { path: { tenant } } })))
        .items,
  });
  const [open, setOpen] = useState<Role | 'new' | null>(null);
  const [removing, setRemoving] = useState<Role | null>(null);
  const error = roles.error ?? permissions.error;
  return (
    <Page
      title={t('Roles')}
      description={t(
        'What each role allows. Nobody gives a role that allows more than they may do themselves.',
      )}
      actions={
        manages && (
          <Button
            look="primary"
            onClick={() => {
              setOpen('new');
            }}
          >
            <Plus aria-hidden className="size-4" />
            {t('Make a role')}
          </Button>
        )
      }
    >
      {error && (
        <Problem
          error={error}
          retry={() => {
            void roles.refetch();
            void permissions.refetch();
          }}
        />
      )}
      {(!roles.data || !permissions.data) && !error && <Skeleton className="h-96 w-full" />}
      {roles.data && permissions.data && (
        <Section flush>
          <Matrix
            roles={roles.data}
            permissions={permissions.data}
            {...(manages && { onEdit: setOpen, onRemove: setRemoving })}
          />
        </Section>
      )}
      {open !== null && permissions.data && (
        <RoleDialog
          role={open === 'new' ? null : open}
          permissions={permissions.data}
          onClose={() => {
            setOpen(null);
          }}
        />
      )}
      {removing && (
        <FormDialog
          title={t('Remove the role {role}?', { role: removing.title })}
          intro={t('Only a role that nobody holds can be removed.')}
          danger
          submit={t('Remove')}
          onClose={() => {
            setRemoving(null);
          }}
          run={async () => {
            await call(
              api.DELETE('/api/v1/tenants/{tenant}/identity/roles/{role}', {
                params: { path: { tenant, role: removing.key }, header: version(removing.version) },
              }),
            );
            await queries.invalidateQueries({ queryKey: ['roles', tenant] });
          }}
        />
      )}
    </Page>
  );
}

function Matrix({
  roles,
  permissions,
  onEdit,
  onRemove,
}: {
  roles: readonly Role[];
  permissions: readonly Permission[];
  onEdit?: (role: Role) => void;
  onRemove?: (role: Role) => void;
}) {
  const t = useT();
  return (
    // Wider than the page with many roles: who uses the keyboard can scroll it too.
    <div
      className="overflow-x-auto rounded-xl"
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      role="region"
      aria-label={t('Permissions of the roles')}
    >
      <table className="w-full text-sm">
        <thead>
          <tr className="border-b border-line">
            <th scope="col" className="sticky left-0 bg-surface px-4 py-3 text-left font-medium text-faint">
              {t('Permission')}
            </th>
            {roles.map((role) => (
              <th key={role.key} scope="col" className="min-w-20 px-2 py-3 align-top font-medium">
                <span className="block">{role.title}</span>
                {role.built_in ? (
                  <span className="text-xs font-normal text-faint">{t('built in')}</span>
                ) : (
                  <span className="flex justify-center gap-2 text-xs font-normal">
                    {onEdit && (
                      <button
                        type="button"
                        className="text-accent hover:underline"
                        aria-label={t('Change the role {role}', { role: role.title })}
                        onClick={() => {
                          onEdit(role);
                        }}
                      >
                        {t('Change')}
                      </button>
                    )}
                    {onRemove && (
                      <button
                        type="button"
                        className="text-danger hover:underline"
                        aria-label={t('Remove the role {role}', { role: role.title })}
                        onClick={() => {
                          onRemove(role);
                        }}
                      >
                        {t('Remove')}
                      </button>
                    )}
                  </span>
                )}
              </th>
            ))}
          </tr>
        </thead>
        {groups(permissions).map(([module, list]) => (
          <tbody key={module} className="divide-y divide-line">
            <tr className="border-b border-line bg-sunken">
              <th
                scope="colgroup"
                colSpan={roles.length + 1}
                className="px-4 py-1.5 text-left text-xs font-medium text-faint"
              >
                {moduleTitle(module, t)}
              </th>
            </tr>
            {list.map((permission) => (
              <tr key={permission.name} className="hover:bg-hover/60">
                <th
                  scope="row"
                  className="sticky left-0 min-w-44 bg-surface sm:min-w-64 px-4 py-2 text-left font-normal"
                >
                  {permission.title}
                  <span className="block font-mono text-2xs text-faint">{permission.name}</span>
                </th>
                {roles.map((role) => {
                  const held = role.permissions.includes(permission.name);
                  return (
                    <td key={role.key} className="px-3 py-2 text-center">
                      {held ? (
                        <Check className="mx-auto size-4 text-accent" role="img" aria-label={t('yes')} />
                      ) : (
                        <span className="text-edge">
                          <span aria-hidden>·</span>
                          <span className="sr-only">{t('no')}</span>
                        </span>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function RoleDialog({
  role,
  permissions,
  onClose,
}: {
  role: Role | null;
  permissions: readonly Permission[];
  onClose: () => void;
}) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const [held, setHeld] = useState<ReadonlySet<string>>(new Set(role?.permissions));
  const [key] = useState(once);
  const chosen = permissions.filter((permission) => held.has(permission.name));
  const scopes = (['all', 'units', 'self'] as const).filter((scope) =>
    chosen.every((permission) => permission.scopes.includes(scope)),
  );
  const flip = (name: string, on: boolean) => {
    const next = new Set(held);
    if (on) next.add(name);
    else next.delete(name);
    setHeld(next);
  };
  return (
    <FormDialog
      wide
      title={role ? t('Change the role {role}', { role: role.title }) : t('Make a role')}
      submit={t('Save')}
      disabled={held.size === 0}
      onClose={onClose}
      run={async (data) => {
        const body = { title: required(data, 'title'), permissions: [...held] };
        await (role
          ? call(
              api.PUT('/api/v1/tenants/{tenant}/identity/roles/{role}', {
                params: { path: { tenant, role: role.key }, header: version(role.version) },
                body,
              }),
            )
          : call(
              api.POST('/api/v1/tenants/{tenant}/identity/roles', {
                params: { path: { tenant }, header: key },
                body,
              }),
            ));
        await Promise.all([
          queries.invalidateQueries({ queryKey: ['roles', tenant] }),
          queries.invalidateQueries({ queryKey: ['me'] }),
        ]);
      }}
    >
      <TextField name="title" label={t('Title')} required maxLength={60} defaultValue={role?.title} />
      {groups(permissions.filter((permission) => permission.custom_roles)).map(([module, list]) => (
        <fieldset key={module} className="rounded-lg border border-line p-3">
          <legend className="px-1 text-sm font-medium text-soft">{moduleTitle(module, t)}</legend>
          <div className="grid gap-2 sm:grid-cols-2">
            {list.map((permission) => (
              <CheckField
                key={permission.name}
                label={permission.title}
                hint={permission.name}
                checked={held.has(permission.name)}
                onChange={(event) => {
                  flip(permission.name, event.target.checked);
                }}
              />
            ))}
          </div>
        </fieldset>
      ))}
      <p
        className={clsx(
          'flex flex-wrap items-center gap-1.5 text-sm text-soft',
          chosen.length === 0 && 'invisible',
        )}
      >
        {t('Can be given over:')}
        {scopes.map((scope) => (
          <Badge key={scope}>{scopeTitle(scope, t)}</Badge>
        ))}
      </p>
    </FormDialog>
  );
}

import { call, once, version, type Branch } from '@gantry/client';
import { Link } from '@tanstack/react-router';
import { Building2, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useT } from '@/i18n';
import { FormDialog, required, text } from '@/layout/form';
import { ListTable, useList } from '@/layout/list';
import { Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Badge } from '@/ui/bits';
import { Button } from '@/ui/button';
import { SelectField, TextField } from '@/ui/field';

const zones = Intl.supportedValuesOf('timeZone').map((zone) => ({
  value: zone,
  label: zone.replaceAll('_', ' '),
}));

export function BranchesPage() {
  const t = useT();
  const workspace = useWorkspace();
  const tenant = workspace.slug;
  const writes = workspace.can('spaces.branch.write');
  const [open, setOpen] = useState<Branch | 'new' | null>(null);
  const [removing, setRemoving] = useState<Branch | null>(null);
  const list = useList(['branches', tenant], (page_token) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/spaces/branches', {
        params: {
          path: { tenant },
          query: { page_size: 50, ...(page_token === undefined ? {} : { page_token }) },
        },
      }),
    ),
  );
  const add = writes && (
    <Button
      look="primary"
      onClick={() => {
        setOpen('new');
      }}
    >
      <Plus aria-hidden className="size-4" />
      {t('Add a branch')}
    </Button>
  );
  return (
    <Page
      title={t('Branches')}
      description={t('The halls of this workspace. Every student belongs to one.')}
      actions={add}
    >
      <Section flush>
        <ListTable
          label={t('Branches')}
          list={list}
          rowKey={(branch) => branch.id}
          empty={
            <Empty icon={<Building2 aria-hidden />} title={t('No branch yet')} action={add}>
              {t('Begin with the hall you open first; students are added or imported into it.')}
            </Empty>
          }
          columns={[
            {
              key: 'name',
              head: t('Name'),
              cell: (branch) => (
                <>
                  <Link
                    to="/w/$workspace/spaces/branches/$branch"
                    params={{ workspace: tenant, branch: branch.id }}
                    className="font-medium hover:text-accent hover:underline"
                  >
                    {branch.name}
                  </Link>
                  <span className="block font-mono text-xs text-faint">{branch.code}</span>
                </>
              ),
            },
            { key: 'city', head: t('City'), roomy: true, cell: (branch) => branch.city ?? '–' },
            {
              key: 'zone',
              head: t('Time zone'),
              roomy: true,
              cell: (branch) => branch.time_zone.replaceAll('_', ' '),
            },
            {
              key: 'state',
              head: t('State'),
              cell: (branch) =>
                branch.active ? <Badge tone="ok">{t('Open')}</Badge> : <Badge>{t('Closed')}</Badge>,
            },
            {
              key: 'acts',
              head: t('Acts'),
              silent: true,
              className: 'text-right whitespace-nowrap',
              cell: (branch) =>
                writes && (
                  <>
                    <Button
                      look="ghost"
                      size="sm"
                      onClick={() => {
                        setOpen(branch);
                      }}
                    >
                      {t('Change')}
                    </Button>
                    <Button
                      look="ghost"
                      size="sm"
                      onClick={() => {
                        setRemoving(branch);
                      }}
                    >
                      {t('Remove')}
                    </Button>
                  </>
                ),
            },
          ]}
        />
      </Section>
      {open !== null && (
        <BranchDialog
          branch={open === 'new' ? null : open}
          onClose={() => {
            setOpen(null);
          }}
        />
      )}
      {removing && (
        <FormDialog
          title={t('Remove {name}?', { name: removing.name })}
          intro={t(
            'Only a branch without students can be removed. A branch that has some can be closed instead.',
          )}
          danger
          submit={t('Remove')}
          onClose={() => {
            setRemoving(null);
          }}
          run={async () => {
            await call(
              api.DELETE('/api/v1/tenants/{tenant}/spaces/branches/{branch}', {
                params: { path: { tenant, branch: removing.id }, header: version(removing.version) },
              }),
            );
            await renew(tenant);
          }}
        />
      )}
    </Page>
  );
}

const renew = (tenant: string) =>
  Promise.all([
    queries.invalidateQueries({ queryKey: ['branches', tenant] }),
    queries.invalidateQueries({ queryKey: ['units', tenant] }),
  ]);

function BranchDialog({ branch, onClose }: { branch: Branch | null; onClose: () => void }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const [key] = useState(once);
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <FormDialog
      title={branch ? t('Change {name}', { name: branch.name }) : t('Add a branch')}
      submit={t('Save')}
      onClose={onClose}
      run={async (data) => {
        const body = {
          name: required(data, 'name'),
          code: required(data, 'code'),
          city: text(data, 'city') ?? null,
          address: text(data, 'address') ?? null,
          time_zone: required(data, 'time_zone'),
        };
        await (branch
          ? call(
              api.PATCH('/api/v1/tenants/{tenant}/spaces/branches/{branch}', {
                params: { path: { tenant, branch: branch.id }, header: version(branch.version) },
                body: { ...body, active: data.get('active') === 'true' },
              }),
            )
          : call(
              api.POST('/api/v1/tenants/{tenant}/spaces/branches', {
                params: { path: { tenant }, header: key },
                body,
              }),
            ));
        await renew(tenant);
      }}
    >
      <TextField name="name" label={t('Name')} required maxLength={120} defaultValue={branch?.name} />
      <TextField
        name="code"
        label={t('Code')}
        required
        maxLength={32}
        defaultValue={branch?.code}
        hint={t('Short, as it stands in files that are imported.')}
      />
      <TextField name="city" label={t('City')} maxLength={80} defaultValue={branch?.city ?? ''} />
      <TextField name="address" label={t('Address')} maxLength={300} defaultValue={branch?.address ?? ''} />
      <SelectField
        name="time_zone"
        label={t('Time zone')}
        defaultValue={branch?.time_zone ?? here}
        choices={zones.some((zone) => zone.value === here) ? zones : [...zones, { value: here, label: here }]}
      />
      {branch && (
        <SelectField
          name="active"
          label={t('State')}
          defaultValue={String(branch.active)}
          choices={[
            { value: 'true', label: t('Open') },
            { value: 'false', label: t('Closed') },
          ]}
        />
      )}
    </FormDialog>
  );
}

import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { api, queries } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Form, required } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Facts, Page, Section } from '@/layout/page';
import { useWorkspace } from '@/shell/workspace';
import { Badge } from '@/ui/bits';
import { TextField } from '@/ui/field';
import { toast } from '@/ui/toast';
import { WorkspaceBackups } from './backups';
import { Limits } from './limits';

export function SettingsPage() {
  const t = useT();
  const workspace = useWorkspace();
  const { time } = useFormat();
  const tenant = workspace.slug;
  const path = { params: { path: { tenant } } };
  const found = useQuery({
    queryKey: ['workspace', tenant],
    queryFn: async () => {
      const { data, response } = await api.GET('/api/v1/tenants/{tenant}', path);
      if (!data) throw new Error('the workspace has no content');
      return { ...data, tag: response.headers.get('etag') ?? '' };
    },
  });
  return (
    <Page title={t('Settings')} width="narrow">
      <Loaded query={found} height="h-56">
        {(known) => (
          <>
            <Section title={t('Workspace')}>
              <Facts
                facts={[
                  [
                    t('Address'),
                    <code key="slug" className="font-mono text-sm">
                      {known.slug}
                    </code>,
                  ],
                  [
                    t('State'),
                    <Badge key="state" tone={known.state === 'active' ? 'ok' : 'warn'}>
                      {known.state === 'active' ? t('Active') : known.state}
                    </Badge>,
                  ],
                  [t('Made'), time(known.created_at)],
                  [
                    t('Id'),
                    <code key="id" className="font-mono text-sm break-all">
                      {known.id}
                    </code>,
                  ],
                ]}
              />
            </Section>
            {workspace.can('tenancy.workspace.edit') && (
              <Section
                title={t('Name')}
                description={t('Shown to members and in invitations. The address stays.')}
              >
                <Form
                  key={known.tag}
                  submit={t('Save')}
                  run={async (data) => {
                    await call(
                      api.PATCH('/api/v1/tenants/{tenant}', {
                        params: { ...path.params, header: { 'If-Match': known.tag } },
                        body: { name: required(data, 'name') },
                      }),
                    );
                    await Promise.all([
                      queries.invalidateQueries({ queryKey: ['workspace', tenant] }),
                      queries.invalidateQueries({ queryKey: ['me'] }),
                    ]);
                    toast(t('Saved.'));
                  }}
                >
                  <TextField
                    name="name"
                    label={t('Name')}
                    required
                    maxLength={120}
                    defaultValue={known.name}
                  />
                </Form>
              </Section>
            )}
          </>
        )}
      </Loaded>
      {workspace.can('backup.workspace.read') && <WorkspaceBackups />}
      <Section title={t('Limits')} description={t('Set by the platform. Ask its staff for more.')}>
        <Limits />
      </Section>
    </Page>
  );
}

import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { api, queries } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Meter } from '@/layout/chart';
import { Form, required } from '@/layout/form';
import { Facts, Page, Section } from '@/layout/page';
import { Problem } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Badge, Skeleton } from '@/ui/bits';
import { TextField } from '@/ui/field';
import { toast } from '@/ui/toast';
import { limitTitle } from './limits';

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
      return data && { ...data, tag: response.headers.get('etag') ?? '' };
    },
  });
  const limits = useQuery({
    queryKey: ['limits', tenant],
    queryFn: () => call(api.GET('/api/v1/tenants/{tenant}/tenancy/limits', path)),
  });
  return (
    <Page title={t('Settings')} width="narrow">
      {found.error && <Problem error={found.error} retry={() => void found.refetch()} />}
      {found.isPending && <Skeleton className="h-56 w-full" />}
      {found.data && (
        <>
          <Section title={t('Workspace')}>
            <Facts
              facts={[
                [
                  t('Address'),
                  <code key="slug" className="font-mono text-sm">
                    {found.data.slug}
                  </code>,
                ],
                [
                  t('State'),
                  <Badge key="state" tone={found.data.state === 'active' ? 'ok' : 'warn'}>
                    {found.data.state === 'active' ? t('Active') : found.data.state}
                  </Badge>,
                ],
                [t('Made'), time(found.data.created_at)],
                [
                  t('Id'),
                  <code key="id" className="font-mono text-sm break-all">
                    {found.data.id}
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
                key={found.data.tag}
                submit={t('Save')}
                run={async (data) => {
                  await call(
                    api.PATCH('/api/v1/tenants/{tenant}', {
                      params: { ...path.params, header: { 'If-Match': found.data?.tag ?? '' } },
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
                  defaultValue={found.data.name}
                />
              </Form>
            </Section>
          )}
        </>
      )}
      <Section title={t('Limits')} description={t('Set by the platform. Ask its staff for more.')}>
        {limits.error && <Problem error={limits.error} retry={() => void limits.refetch()} />}
        <div className="flex flex-col gap-4">
          {limits.data?.limits.map((limit) => (
            <Meter key={limit.name} label={limitTitle(limit.name, t)} used={limit.used} most={limit.value} />
          ))}
        </div>
      </Section>
    </Page>
  );
}

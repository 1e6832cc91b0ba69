/** How well the workspace is backed up, as its members may know. */
import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { api } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Loaded } from '@/layout/loaded';
import { Facts, Section } from '@/layout/page';
import { useWorkspace } from '@/shell/workspace';
import { Badge } from '@/ui/bits';

export function WorkspaceBackups() {
  const t = useT();
  const { time } = useFormat();
  const { slug: tenant } = useWorkspace();
  const backups = useQuery({
    queryKey: ['workspace', tenant, 'backups'],
    queryFn: () => call(api.GET('/api/v1/tenants/{tenant}/backups', { params: { path: { tenant } } })),
  });
  const when = (at: string | null) => (at === null ? <Badge tone="warn">{t('None yet')}</Badge> : time(at));
  return (
    <Section
      title={t('Backups')}
      description={t('A backup counts when it was restored elsewhere and found equal.')}
    >
      <Loaded query={backups} height="h-20">
        {(known) => (
          <Facts
            facts={[
              [t('Last backup'), when(known.last_backup_at)],
              [t('Last proven restore'), when(known.last_proven_restore_at)],
              [t('What that restore held'), when(known.last_proven_backup_at)],
              [
                t('Second copy'),
                known.second_copy ? (
                  <Badge key="copy" tone="ok">
                    {t('Whole, in another store')}
                  </Badge>
                ) : (
                  t('None of the newest backup')
                ),
              ],
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}

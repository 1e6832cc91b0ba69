/** One branch: how it is laid out and when it is open. Everything that seats are sold by is set here. */
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Map as MapIcon } from 'lucide-react';
import { useT } from '@/i18n';
import { Loaded } from '@/layout/loaded';
import { Facts, Page, Section } from '@/layout/page';
import { useWorkspace } from '@/shell/workspace';
import { Badge } from '@/ui/bits';
import { LinkButton } from '@/ui/button';
import { Closures } from './closures';
import { branchQuery } from './queries';
import { Rules } from './rules';
import { Shifts } from './shifts';
import { Zones } from './zones';

export function BranchPage() {
  const t = useT();
  const workspace = useWorkspace();
  const { branch = '' } = useParams({ strict: false });
  const found = useQuery(branchQuery(workspace.slug, branch));
  const params = { workspace: workspace.slug, branch };
  const back = {
    label: t('Branches'),
    to: '/w/$workspace/spaces/branches' as const,
    params: { workspace: workspace.slug },
  };
  const { data } = found;
  if (!data) {
    return (
      <Page title={t('Branch')} back={back}>
        <Loaded query={found} height="h-72">
          {() => null}
        </Loaded>
      </Page>
    );
  }
  const seats = workspace.can('spaces.seat.read');
  const writes = workspace.can('spaces.seat.write');
  return (
    <Page
      title={data.name}
      back={back}
      mark={data.active ? <Badge tone="ok">{t('Open')}</Badge> : <Badge>{t('Closed')}</Badge>}
      actions={
        seats && (
          <>
            {writes && (
              <LinkButton to="/w/$workspace/spaces/branches/$branch/map" params={params}>
                {t('Draw the map')}
              </LinkButton>
            )}
            <LinkButton look="primary" to="/w/$workspace/spaces/seats/$branch" params={params}>
              <MapIcon aria-hidden className="size-4" />
              {t('Seats now')}
            </LinkButton>
          </>
        )
      }
    >
      <Section>
        <Facts
          facts={[
            [t('Code'), <code className="font-mono text-sm">{data.code}</code>],
            [t('Time zone'), data.time_zone.replaceAll('_', ' ')],
            [t('City'), data.city],
            [t('Address'), data.address],
          ]}
        />
      </Section>
      {seats && (
        <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-x-5 lg:grid-cols-2">
          <div>
            <Zones branch={data.id} writes={writes} />
            <Closures branch={data.id} zone={data.time_zone} writes={writes} />
          </div>
          <div>
            <Shifts branch={data.id} writes={writes} />
            <Rules branch={data.id} writes={writes} />
          </div>
        </div>
      )}
    </Page>
  );
}

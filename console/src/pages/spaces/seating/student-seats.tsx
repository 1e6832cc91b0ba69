/** The seats of one student: which, in which shift, until when. */
import { call, type Student } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Armchair } from 'lucide-react';
import { api } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Entries, Entry } from '@/layout/entries';
import { Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Badge } from '@/ui/bits';
import { LinkButton } from '@/ui/button';
import { later } from './hours';
import { seatsQuery, shiftsQuery } from './queries';

export function StudentSeats({ student: { id: student, branch_id: branch } }: { student: Student }) {
  const t = useT();
  const { date } = useFormat();
  const workspace = useWorkspace();
  const tenant = workspace.slug;
  const sees = workspace.can('spaces.seat.read');
  const seats = useQuery({ ...seatsQuery(tenant, branch), enabled: sees });
  const shifts = useQuery({ ...shiftsQuery(tenant, branch), enabled: sees });
  const claims = useQuery({
    queryKey: ['claims', tenant, branch, 'student', student],
    queryFn: () =>
      call(
        api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}/claims', {
          params: { path: { tenant, branch }, query: { student, page_size: 50 } },
        }),
      ),
  });
  const today = new Date().toISOString().slice(0, 10);
  const map = sees && (
    <LinkButton
      size="sm"
      to="/w/$workspace/spaces/seats/$branch"
      params={{ workspace: workspace.slug, branch }}
    >
      {t('Find a seat')}
    </LinkButton>
  );
  return (
    <Section title={t('Seats')} actions={map} flush>
      <Entries
        query={claims}
        empty={
          <Empty icon={<Armchair aria-hidden />} title={t('No seat yet')}>
            {t('Choose a shift and its days on the map of the branch, and give a free seat.')}
          </Empty>
        }
      >
        {(claim) => (
          <Entry
            key={claim.id}
            icon={<Armchair aria-hidden />}
            title={t('Seat {label}', {
              label: seats.data?.items.find(({ id }) => id === claim.seat_id)?.label ?? '…',
            })}
            mark={
              claim.state === 'held' ? (
                <Badge tone="warn">{t('Held')}</Badge>
              ) : claim.until <= today ? (
                <Badge>{t('Over')}</Badge>
              ) : claim.from > today ? (
                <Badge tone="accent">{t('Later')}</Badge>
              ) : (
                <Badge tone="ok">{t('Now')}</Badge>
              )
            }
            detail={[
              shifts.data?.items.find(({ id }) => id === claim.shift_id)?.name,
              `${date(claim.from)} – ${date(later(claim.until, -1))}`,
            ]
              .filter(Boolean)
              .join(' · ')}
          />
        )}
      </Entries>
    </Section>
  );
}

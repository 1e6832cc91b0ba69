import { call, version } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import clsx from 'clsx';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Facts, Page, Section } from '@/layout/page';
import { useUnits } from '@/pages/workspace/grants';
import { useWorkspace } from '@/shell/workspace';
import { Button } from '@/ui/button';
import { StudentSeats } from './seating/student-seats';
import { StudentDialog } from './student-form';
import { StatusBadge } from './students';

export function StudentPage() {
  const t = useT();
  const workspace = useWorkspace();
  const tenant = workspace.slug;
  const navigate = useNavigate();
  const units = useUnits();
  const { date, time, phone } = useFormat();
  const { student = '' } = useParams({ strict: false });
  const [open, setOpen] = useState<'edit' | 'remove' | null>(null);
  const path = { params: { path: { tenant, student } } };
  const found = useQuery({
    queryKey: ['students', tenant, student],
    queryFn: () => call(api.GET('/api/v1/tenants/{tenant}/spaces/students/{student}', path)),
  });
  const back = {
    label: t('Students'),
    to: '/w/$workspace/spaces/students' as const,
    params: { workspace: tenant },
  };
  const close = () => {
    setOpen(null);
  };
  const { data } = found;
  if (!data) {
    return (
      <Page title={t('Student')} back={back} width="narrow">
        <Loaded query={found} height="h-72">
          {() => null}
        </Loaded>
      </Page>
    );
  }
  const genders = { female: t('Female'), male: t('Male'), other: t('Other') };
  return (
    <Page
      title={data.name}
      back={back}
      mark={<StatusBadge status={data.status} />}
      actions={
        workspace.can('spaces.student.write') && (
          <>
            <Button
              onClick={() => {
                setOpen('edit');
              }}
            >
              {t('Change')}
            </Button>
            <Button
              onClick={() => {
                setOpen('remove');
              }}
            >
              {t('Remove')}
            </Button>
          </>
        )
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-x-5 lg:grid-cols-[minmax(0,1fr)_24rem]">
        <div>
          {workspace.can('spaces.membership.read') && <StudentSeats student={data} />}
          <Section title={t('Notes')}>
            <p className={clsx('whitespace-pre-wrap', data.notes === null && 'text-soft')}>
              {data.notes ?? t('Nothing is noted.')}
            </p>
          </Section>
        </div>
        <div>
          <Section title={t('Student')}>
            <Facts
              facts={[
                [t('Code'), data.code],
                [t('Branch'), units.find((unit) => unit.id === data.branch_id)?.name],
                [
                  t('Phone'),
                  <a key="phone" href={`tel:${data.phone}`} className="hover:text-accent hover:underline">
                    {phone(data.phone)}
                  </a>,
                ],
                [t('E-mail address'), data.email],
                [t('Joined'), date(data.joined_on)],
                [t('Born'), data.date_of_birth === null ? null : date(data.date_of_birth)],
                [t('Gender'), data.gender === null ? null : genders[data.gender]],
              ]}
            />
            <p className="mt-4 text-xs text-faint">
              {t('Added {created}, last changed {updated}.', {
                created: time(data.created_at),
                updated: time(data.updated_at),
              })}
            </p>
          </Section>
          <Section title={t('Parent or guardian')}>
            <Facts
              facts={[
                [t('Name'), data.guardian_name],
                [t('Phone'), data.guardian_phone === null ? null : phone(data.guardian_phone)],
              ]}
            />
          </Section>
        </div>
      </div>
      {open === 'edit' && <StudentDialog student={data} onClose={close} />}
      {open === 'remove' && (
        <FormDialog
          title={t('Remove {name}?', { name: data.name })}
          intro={t(
            'The student and all that is kept about them here is gone. Whoever only stopped coming can be marked as left instead.',
          )}
          danger
          submit={t('Remove')}
          onClose={close}
          run={async () => {
            await call(
              api.DELETE('/api/v1/tenants/{tenant}/spaces/students/{student}', {
                params: { ...path.params, header: version(data.version) },
              }),
            );
            await navigate({ to: back.to, params: back.params });
            await queries.invalidateQueries({ queryKey: ['students', tenant] });
          }}
        />
      )}
    </Page>
  );
}

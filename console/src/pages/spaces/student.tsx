import { call, version } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Facts, Page, Section } from '@/layout/page';
import { useUnits } from '@/pages/workspace/grants';
import { useWorkspace } from '@/shell/workspace';
import { Button } from '@/ui/button';
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
      width="narrow"
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
      <Section title={t('Student')}>
        <Facts
          facts={[
            [t('Code'), data.code],
            [t('Branch'), units.find((unit) => unit.id === data.branch_id)?.name],
            [t('Phone'), phone(data.phone)],
            [t('E-mail address'), data.email],
            [t('Joined'), date(data.joined_on)],
            [t('Born'), data.date_of_birth === null ? null : date(data.date_of_birth)],
            [t('Gender'), data.gender === null ? null : genders[data.gender]],
          ]}
        />
      </Section>
      <Section title={t('Parent or guardian')}>
        <Facts
          facts={[
            [t('Name'), data.guardian_name],
            [t('Phone'), data.guardian_phone === null ? null : phone(data.guardian_phone)],
          ]}
        />
      </Section>
      <Section title={t('Notes')}>
        <p className="whitespace-pre-wrap">{data.notes ?? '–'}</p>
        <p className="mt-4 text-xs text-faint">
          {t('Added {created}, last changed {updated}.', {
            created: time(data.created_at),
            updated: time(data.updated_at),
          })}
        </p>
      </Section>
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

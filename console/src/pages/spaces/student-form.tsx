import { call, once, version, type Gender, type Status, type Student } from '@gantry/client';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useT } from '@/i18n';
import { FormDialog, required, text, useOpened } from '@/layout/form';
import { useUnits } from '@/pages/workspace/grants';
import { useWorkspace } from '@/shell/workspace';
import { AreaField, CheckField, SelectField, TextField } from '@/ui/field';

export function StudentDialog({ student: found, onClose }: { student: Student | null; onClose: () => void }) {
  const t = useT();
  const student = useOpened(found);
  const { slug: tenant } = useWorkspace();
  const units = useUnits();
  const [key] = useState(once);
  return (
    <FormDialog
      wide
      title={student ? t('Change {name}', { name: student.name }) : t('Add a student')}
      submit={t('Save')}
      onClose={onClose}
      disabled={units.length === 0}
      run={async (data) => {
        const body = {
          branch_id: required(data, 'branch_id'),
          code: text(data, 'code') ?? null,
          name: required(data, 'name'),
          phone: required(data, 'phone'),
          email: text(data, 'email') ?? null,
          guardian_name: text(data, 'guardian_name') ?? null,
          guardian_phone: text(data, 'guardian_phone') ?? null,
          date_of_birth: text(data, 'date_of_birth') ?? null,
          gender: (text(data, 'gender') ?? null) as Gender | null,
          notes: text(data, 'notes') ?? null,
          shares_phone: data.get('shares_phone') !== null,
        };
        const joined = text(data, 'joined_on');
        const dates = joined === undefined ? {} : { joined_on: joined };
        await (student
          ? call(
              api.PATCH('/api/v1/tenants/{tenant}/spaces/students/{student}', {
                params: { path: { tenant, student: student.id }, header: version(student.version) },
                body: {
                  ...body,
                  ...dates,
                  code: required(data, 'code'),
                  status: required(data, 'status') as Status,
                },
              }),
            )
          : call(
              api.POST('/api/v1/tenants/{tenant}/spaces/students', {
                params: { path: { tenant }, header: key },
                body: { ...body, ...dates },
              }),
            ));
        await queries.invalidateQueries({ queryKey: ['students', tenant] });
      }}
    >
      {units.length === 0 && (
        <p className="text-soft">{t('Add a branch first: every student belongs to one.')}</p>
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField name="name" label={t('Name')} required maxLength={120} defaultValue={student?.name} />
        <TextField name="phone" label={t('Phone')} required type="tel" defaultValue={student?.phone} />
        <SelectField
          name="branch_id"
          label={t('Branch')}
          defaultValue={student?.branch_id}
          choices={units.map((unit) => ({ value: unit.id, label: unit.name }))}
        />
        <TextField
          name="code"
          label={t('Code')}
          maxLength={32}
          required={student !== null}
          defaultValue={student?.code}
          hint={student ? undefined : t('Made up when empty.')}
        />
        <TextField
          name="email"
          type="email"
          label={t('E-mail address')}
          defaultValue={student?.email ?? ''}
        />
        <TextField name="joined_on" type="date" label={t('Joined')} defaultValue={student?.joined_on} />
        <TextField
          name="guardian_name"
          label={t('Parent or guardian')}
          maxLength={120}
          defaultValue={student?.guardian_name ?? ''}
        />
        <TextField
          name="guardian_phone"
          type="tel"
          label={t('Their phone')}
          defaultValue={student?.guardian_phone ?? ''}
        />
        <TextField
          name="date_of_birth"
          type="date"
          label={t('Born')}
          defaultValue={student?.date_of_birth ?? ''}
        />
        <SelectField
          name="gender"
          label={t('Gender')}
          defaultValue={student?.gender ?? ''}
          choices={[
            { value: '', label: t('Not stated') },
            { value: 'female', label: t('Female') },
            { value: 'male', label: t('Male') },
            { value: 'other', label: t('Other') },
          ]}
        />
        {student && (
          <SelectField
            name="status"
            label={t('Status')}
            defaultValue={student.status}
            choices={[
              { value: 'active', label: t('Active') },
              { value: 'paused', label: t('Paused') },
              { value: 'left', label: t('Left') },
            ]}
          />
        )}
      </div>
      <AreaField name="notes" label={t('Notes')} maxLength={1000} defaultValue={student?.notes ?? ''} />
      <CheckField
        name="shares_phone"
        label={t('Another student may have the same phone')}
        hint={t('As siblings do who share one.')}
      />
    </FormDialog>
  );
}

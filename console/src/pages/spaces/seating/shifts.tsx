/** Shifts of a branch: the hours that seats are sold for. */
import { call, once, version, type Shift } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Clock, MoonStar, Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api';
import { useLanguage, useT } from '@/i18n';
import { Entries, Entry, EntryActs } from '@/layout/entries';
import { FormDialog, required, useOpened } from '@/layout/form';
import { Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Badge } from '@/ui/bits';
import { Button } from '@/ui/button';
import { CheckField, TextField } from '@/ui/field';
import { clockOf, daysOf, endMinuteOf, hoursOf, minuteOf, overnight, weekdayNames, weekdays } from './hours';
import { renewed, shiftsQuery } from './queries';

type Asked = { act: 'new' } | { act: 'change' | 'remove'; shift: Shift };

export function Shifts({ branch, writes }: { branch: string; writes: boolean }) {
  const t = useT();
  const { language } = useLanguage();
  const { slug: tenant } = useWorkspace();
  const shifts = useQuery(shiftsQuery(tenant, branch));
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => {
    setAsked(null);
  };
  const add = writes && (
    <Button
      size="sm"
      onClick={() => {
        setAsked({ act: 'new' });
      }}
    >
      <Plus aria-hidden className="size-4" />
      {t('Add a shift')}
    </Button>
  );
  return (
    <Section title={t('Shifts')} actions={add} flush>
      <Entries
        query={shifts}
        empty={
          <Empty icon={<Clock aria-hidden />} title={t('No shift yet')} action={add}>
            {t('Seats are sold by the shift: mornings, evenings, nights, or all day. They may overlap.')}
          </Empty>
        }
      >
        {(shift) => (
          <Entry
            key={shift.id}
            icon={overnight(shift) ? <MoonStar aria-hidden /> : <Clock aria-hidden />}
            title={shift.name}
            mark={!shift.active && <Badge>{t('Not offered')}</Badge>}
            detail={`${hoursOf(shift, t)} · ${daysOf(shift.days, language, t)}`}
            acts={
              writes && (
                <EntryActs
                  acts={[
                    {
                      act: 'change' as const,
                      label: t('Change'),
                      full: t('Change {name}', { name: shift.name }),
                    },
                    {
                      act: 'remove' as const,
                      label: t('Remove'),
                      full: t('Remove {name}', { name: shift.name }),
                    },
                  ]}
                  onAct={(act) => {
                    setAsked({ act, shift });
                  }}
                />
              )
            }
          />
        )}
      </Entries>
      {asked?.act === 'new' && <ShiftDialog branch={branch} shift={null} onClose={close} />}
      {asked?.act === 'change' && <ShiftDialog branch={branch} shift={asked.shift} onClose={close} />}
      {asked?.act === 'remove' && (
        <FormDialog
          title={t('Remove {name}?', { name: asked.shift.name })}
          intro={t(
            'Only a shift in which no seat was ever given can be removed. One that was used can be taken off offer instead.',
          )}
          danger
          submit={t('Remove')}
          onClose={close}
          run={async () => {
            const params = { path: { tenant, shift: asked.shift.id }, header: version(asked.shift.version) };
            await call(api.DELETE('/api/v1/tenants/{tenant}/spaces/shifts/{shift}', { params }));
            await renewed(tenant, 'shifts');
          }}
        />
      )}
    </Section>
  );
}

function ShiftDialog({
  branch,
  shift: now,
  onClose,
}: {
  branch: string;
  shift: Shift | null;
  onClose: () => void;
}) {
  const t = useT();
  const { language } = useLanguage();
  const { slug: tenant } = useWorkspace();
  const shift = useOpened(now);
  const [key] = useState(once);
  const [start, setStart] = useState(clockOf(shift?.start_minute ?? 360));
  const [end, setEnd] = useState(clockOf((shift?.end_minute ?? 720) % 1_440));
  const hours = { start_minute: minuteOf(start) ?? 0, end_minute: endMinuteOf(end) ?? 0 };
  const names = weekdayNames(language);
  return (
    <FormDialog
      title={shift ? t('Change {name}', { name: shift.name }) : t('Add a shift')}
      submit={t('Save')}
      onClose={onClose}
      run={async (data) => {
        const days = weekdays.filter((day) => data.get(day) !== null);
        const body = { name: required(data, 'name'), ...hours, days };
        await (shift
          ? call(
              api.PATCH('/api/v1/tenants/{tenant}/spaces/shifts/{shift}', {
                params: { path: { tenant, shift: shift.id }, header: version(shift.version) },
                body: { ...body, active: data.get('active') !== null },
              }),
            )
          : call(
              api.POST('/api/v1/tenants/{tenant}/spaces/branches/{branch}/shifts', {
                params: { path: { tenant, branch }, header: key },
                body,
              }),
            ));
        await renewed(tenant, 'shifts');
      }}
    >
      <TextField name="name" label={t('Name')} required maxLength={60} defaultValue={shift?.name} />
      <div className="grid grid-cols-2 gap-3">
        <TextField
          name="start_minute"
          label={t('Begins')}
          type="time"
          required
          value={start}
          onChange={(event) => {
            setStart(event.target.value);
          }}
        />
        <TextField
          name="end_minute"
          label={t('Ends')}
          type="time"
          required
          value={end}
          onChange={(event) => {
            setEnd(event.target.value);
          }}
        />
      </div>
      <p role="status" className="-mt-2 text-sm text-soft">
        {hoursOf(hours, t)}
      </p>
      <fieldset>
        <legend className="mb-2 text-sm font-medium">{t('Begins on')}</legend>
        <div className="grid grid-cols-4 gap-2.5 sm:grid-cols-7">
          {weekdays.map((day) => (
            <CheckField
              key={day}
              name={day}
              label={names[day]}
              defaultChecked={shift?.days.includes(day) ?? true}
            />
          ))}
        </div>
      </fieldset>
      {shift && (
        <CheckField
          name="active"
          label={t('Offered')}
          hint={t('A shift that is not offered stays for those who have it.')}
          defaultChecked={shift.active}
        />
      )}
    </FormDialog>
  );
}

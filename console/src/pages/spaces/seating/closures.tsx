/** Days on which the branch, or a zone of it, is closed. */
import { call, once, version } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { CalendarOff, Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Entries, Entry, EntryActs } from '@/layout/entries';
import { FormDialog, required, text } from '@/layout/form';
import { Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Button } from '@/ui/button';
import { SelectField, TextField } from '@/ui/field';
import { later, todayIn } from './hours';
import { closuresQuery, renewed, zonesQuery, type Closed } from './queries';

export function Closures({ branch, zone, writes }: { branch: string; zone: string; writes: boolean }) {
  const t = useT();
  const { date } = useFormat();
  const { slug: tenant } = useWorkspace();
  const closures = useQuery(closuresQuery(tenant, branch));
  const zones = useQuery(zonesQuery(tenant, branch));
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Closed | null>(null);
  const where = (closure: Closed) =>
    closure.zone_id === null
      ? t('The whole branch')
      : (zones.data?.items.find(({ id }) => id === closure.zone_id)?.name ?? '–');
  const when = ({ from, until }: Closed) => {
    const last = later(until, -1);
    return last === from ? date(from) : `${date(from)} – ${date(last)}`;
  };
  const add = writes && (
    <Button
      size="sm"
      onClick={() => {
        setAdding(true);
      }}
    >
      <Plus aria-hidden className="size-4" />
      {t('Add days')}
    </Button>
  );
  return (
    <Section title={t('Closed on')} actions={add} flush>
      <Entries
        query={closures}
        empty={
          <Empty icon={<CalendarOff aria-hidden />} title={t('No closed day ahead')}>
            {t('Holidays and repairs: nobody is let in then, and nothing is sold for these days alone.')}
          </Empty>
        }
      >
        {(closure) => (
          <Entry
            key={closure.id}
            icon={<CalendarOff aria-hidden />}
            title={when(closure)}
            detail={`${closure.reason} · ${where(closure)}`}
            acts={
              writes && (
                <EntryActs
                  acts={[
                    {
                      act: 'remove' as const,
                      label: t('Remove'),
                      full: t('Remove {name}', { name: closure.reason }),
                    },
                  ]}
                  onAct={() => {
                    setRemoving(closure);
                  }}
                />
              )
            }
          />
        )}
      </Entries>
      {adding && (
        <ClosureDialog
          branch={branch}
          today={todayIn(zone)}
          zones={zones.data?.items ?? []}
          onClose={() => {
            setAdding(false);
          }}
        />
      )}
      {removing && (
        <FormDialog
          title={t('Remove {name}?', { name: removing.reason })}
          intro={t('It is open then as on any other day.')}
          submit={t('Remove')}
          danger
          onClose={() => {
            setRemoving(null);
          }}
          run={async () => {
            const params = { path: { tenant, closure: removing.id }, header: version(removing.version) };
            await call(api.DELETE('/api/v1/tenants/{tenant}/spaces/closures/{closure}', { params }));
            await renewed(tenant, 'closures');
          }}
        />
      )}
    </Section>
  );
}

function ClosureDialog({
  branch,
  today,
  zones,
  onClose,
}: {
  branch: string;
  today: string;
  zones: readonly { id: string; name: string }[];
  onClose: () => void;
}) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const [key] = useState(once);
  const [from, setFrom] = useState(today);
  return (
    <FormDialog
      title={t('Close on some days')}
      submit={t('Add')}
      onClose={onClose}
      run={async (data) => {
        const zone = text(data, 'zone_id');
        await call(
          api.POST('/api/v1/tenants/{tenant}/spaces/branches/{branch}/closures', {
            params: { path: { tenant, branch }, header: key },
            body: {
              from,
              // People name the last day; the API wants the day after it.
              until: later(required(data, 'until'), 1),
              reason: required(data, 'reason'),
              ...(zone === undefined ? {} : { zone_id: zone }),
            },
          }),
        );
        await renewed(tenant, 'closures');
      }}
    >
      <div className="grid grid-cols-2 gap-3">
        <TextField
          name="from"
          label={t('First day')}
          type="date"
          required
          value={from}
          onChange={(event) => {
            setFrom(event.target.value);
          }}
        />
        <TextField name="until" label={t('Last day')} type="date" required min={from} defaultValue={today} />
      </div>
      <SelectField
        name="zone_id"
        label={t('Where')}
        choices={[
          { value: '', label: t('The whole branch') },
          ...zones.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <TextField
        name="reason"
        label={t('Why')}
        required
        maxLength={120}
        placeholder={t('Diwali')}
        hint={t('Staff and members read it.')}
      />
    </FormDialog>
  );
}

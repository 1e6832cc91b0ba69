/** Zones of a branch and how many seats each has; seats are added by the row. */
import { call, once, version, type Seat, type Zone } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Armchair, Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Entries, Entry, EntryActs } from '@/layout/entries';
import { FormDialog, required, text, useOpened } from '@/layout/form';
import { Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Button } from '@/ui/button';
import { CheckField, SelectField, TextField } from '@/ui/field';
import { toast } from '@/ui/toast';
import { labels, MOST } from './labels';
import { renewed, seatsQuery, zonesQuery } from './queries';

type Asked = { act: 'new' } | { act: 'seats' | 'change' | 'remove'; zone: Zone };

export function Zones({ branch, writes }: { branch: string; writes: boolean }) {
  const t = useT();
  const { number } = useFormat();
  const { slug: tenant } = useWorkspace();
  const zones = useQuery(zonesQuery(tenant, branch));
  const seats = useQuery(seatsQuery(tenant, branch));
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
      {t('Add a zone')}
    </Button>
  );
  const count = (zone: Zone): string => {
    if (!seats.data) return '';
    const inside = seats.data.items.filter((seat) => seat.zone_id === zone.id);
    const off = inside.filter((seat) => seat.status === 'out_of_service').length;
    const words = inside.length === 1 ? t('1 seat') : t('{n} seats', { n: number(inside.length) });
    return off === 0 ? words : `${words} · ${t('{n} out of service', { n: number(off) })}`;
  };
  return (
    <Section title={t('Zones and seats')} actions={add} flush>
      <Entries
        query={zones}
        empty={
          <Empty icon={<Armchair aria-hidden />} title={t('No zone yet')} action={add}>
            {t('A zone is a part of the hall, such as a quiet room. Its seats are added next.')}
          </Empty>
        }
      >
        {(zone) => (
          <Entry
            key={zone.id}
            icon={<Armchair aria-hidden />}
            title={zone.name}
            detail={count(zone)}
            acts={
              writes && (
                <EntryActs
                  acts={[
                    {
                      act: 'seats' as const,
                      label: t('Add seats'),
                      full: t('Add seats to {name}', { name: zone.name }),
                    },
                    {
                      act: 'change' as const,
                      label: t('Change'),
                      full: t('Change {name}', { name: zone.name }),
                    },
                    {
                      act: 'remove' as const,
                      label: t('Remove'),
                      full: t('Remove {name}', { name: zone.name }),
                    },
                  ]}
                  onAct={(act) => {
                    setAsked({ act, zone });
                  }}
                />
              )
            }
          />
        )}
      </Entries>
      {asked?.act === 'new' && <ZoneDialog branch={branch} zone={null} onClose={close} />}
      {asked?.act === 'change' && <ZoneDialog branch={branch} zone={asked.zone} onClose={close} />}
      {asked?.act === 'seats' && (
        <SeatsDialog branch={branch} zone={asked.zone} known={seats.data?.items ?? []} onClose={close} />
      )}
      {asked?.act === 'remove' && (
        <FormDialog
          title={t('Remove {name}?', { name: asked.zone.name })}
          intro={t('Only a zone without seats can be removed.')}
          danger
          submit={t('Remove')}
          onClose={close}
          run={async () => {
            const params = { path: { tenant, zone: asked.zone.id }, header: version(asked.zone.version) };
            await call(api.DELETE('/api/v1/tenants/{tenant}/spaces/zones/{zone}', { params }));
            await renewed(tenant, 'zones');
          }}
        />
      )}
    </Section>
  );
}

function ZoneDialog({
  branch,
  zone: now,
  onClose,
}: {
  branch: string;
  zone: Zone | null;
  onClose: () => void;
}) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const zone = useOpened(now);
  const [key] = useState(once);
  return (
    <FormDialog
      title={zone ? t('Change {name}', { name: zone.name }) : t('Add a zone')}
      submit={t('Save')}
      onClose={onClose}
      run={async (data) => {
        const position = Number(text(data, 'position') ?? 0);
        const body = { name: required(data, 'name'), position };
        await (zone
          ? call(
              api.PATCH('/api/v1/tenants/{tenant}/spaces/zones/{zone}', {
                params: { path: { tenant, zone: zone.id }, header: version(zone.version) },
                body,
              }),
            )
          : call(
              api.POST('/api/v1/tenants/{tenant}/spaces/branches/{branch}/zones', {
                params: { path: { tenant, branch }, header: key },
                body,
              }),
            ));
        await renewed(tenant, 'zones');
      }}
    >
      <TextField name="name" label={t('Name')} required maxLength={80} defaultValue={zone?.name} />
      <TextField
        name="position"
        type="number"
        min={0}
        max={10_000}
        step={1}
        label={t('Place in lists')}
        defaultValue={zone?.position ?? 0}
        hint={t('Zones are listed by this number, then by name.')}
      />
    </FormDialog>
  );
}

/** Seats of one kind, numbered. */
function SeatsDialog({
  branch,
  zone,
  known,
  onClose,
}: {
  branch: string;
  zone: Zone;
  known: readonly Seat[];
  onClose: () => void;
}) {
  const t = useT();
  const { number } = useFormat();
  const { slug: tenant } = useWorkspace();
  const [key] = useState(once);
  const [prefix, setPrefix] = useState('');
  const [first, setFirst] = useState('1');
  const [last, setLast] = useState('20');
  const wanted = labels(prefix, Number(first), Number(last));
  const there = new Set(known.map(({ label }) => label.toLowerCase()));
  const twice = wanted.filter((label) => there.has(label.toLowerCase()));
  const words =
    wanted.length === 0
      ? t('The last number comes after the first.')
      : wanted.length > MOST
        ? t('At most {n} seats at once.', { n: number(MOST) })
        : twice.length > 0
          ? t('There is already: {labels}', { labels: twice.slice(0, 5).join(', ') })
          : wanted.length === 1
            ? t('One seat: {label}', { label: wanted[0] ?? '' })
            : t('{n} seats: {first} to {last}', {
                n: number(wanted.length),
                first: wanted[0] ?? '',
                last: wanted.at(-1) ?? '',
              });
  return (
    <FormDialog
      title={t('Add seats to {name}', { name: zone.name })}
      submit={t('Add')}
      disabled={wanted.length === 0 || wanted.length > MOST || twice.length > 0}
      onClose={onClose}
      run={async (data) => {
        const has = (name: string) => data.get(name) !== null;
        await call(
          api.POST('/api/v1/tenants/{tenant}/spaces/branches/{branch}/seats', {
            params: { path: { tenant, branch }, header: key },
            body: {
              zone_id: zone.id,
              labels: wanted,
              ac: has('ac'),
              power: has('power'),
              window_side: has('window_side'),
              locker: has('locker'),
              size: required(data, 'size') as Seat['size'],
            },
          }),
        );
        await renewed(tenant, 'seats');
        toast(t('{n} seats were added.', { n: number(wanted.length) }));
      }}
    >
      <div className="grid grid-cols-3 gap-3">
        <TextField
          name="prefix"
          label={t('Begins with')}
          maxLength={12}
          placeholder="A-"
          autoComplete="off"
          value={prefix}
          onChange={(event) => {
            setPrefix(event.target.value);
          }}
        />
        <TextField
          name="first"
          label={t('From')}
          type="number"
          min={0}
          required
          value={first}
          onChange={(event) => {
            setFirst(event.target.value);
          }}
        />
        <TextField
          name="last"
          label={t('To')}
          type="number"
          min={0}
          required
          value={last}
          onChange={(event) => {
            setLast(event.target.value);
          }}
        />
      </div>
      <p role="status" className="-mt-2 text-sm text-soft">
        {words}
      </p>
      <SelectField
        name="size"
        label={t('Desk')}
        defaultValue="standard"
        choices={[
          { value: 'small', label: t('Small') },
          { value: 'standard', label: t('Standard') },
          { value: 'large', label: t('Large') },
        ]}
      />
      <fieldset className="grid grid-cols-2 gap-2.5">
        <legend className="mb-2 text-sm font-medium">{t('Each has')}</legend>
        <CheckField name="ac" label={t('Air conditioning')} />
        <CheckField name="power" label={t('Power socket')} />
        <CheckField name="window_side" label={t('Window')} />
        <CheckField name="locker" label={t('Locker')} />
      </fieldset>
    </FormDialog>
  );
}

/** One seat: what it is, who has it, and what can be done with it. */
import {
  call,
  once,
  version,
  type Claim,
  type Moment,
  type Seat,
  type Shift,
  type Zone,
} from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Armchair } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog, required, text, useOpened } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Badge, type Tone } from '@/ui/bits';
import { Button } from '@/ui/button';
import { CheckField, SelectField, TextField } from '@/ui/field';
import { StudentField, StudentName } from '../student-field';
import { clockOf, later } from './hours';
import { renewed } from './queries';
import type { Seated } from './state';
import { featuresOf, lookWord } from './words';

/** A shift on dates that somebody asks for. */
export interface Wanted {
  shift: string;
  from: string;
  until: string;
}

const tones: Record<Seated['look'], Tone> = { free: 'ok', held: 'warn', taken: 'accent', off: 'plain' };

type Asked = { act: 'change' | 'remove' | 'hold' } | { act: 'give' | 'release'; claim: Claim };

export function SeatPanel({
  seat,
  seated,
  zones,
  shifts,
  moment,
  wanted,
  onGone,
}: {
  seat: Seat | null;
  seated: Seated | null;
  zones: readonly Zone[];
  shifts: readonly Shift[];
  moment: Moment | null;
  wanted: Wanted | null;
  onGone: () => void;
}) {
  const t = useT();
  const workspace = useWorkspace();
  const [asked, setAsked] = useState<Asked | null>(null);
  if (seat === null) {
    return (
      <Section>
        <Empty icon={<Armchair aria-hidden />} title={t('Choose a seat')}>
          {t('Press one on the map, or reach the map by Tab and walk with the arrow keys.')}
        </Empty>
      </Section>
    );
  }
  const close = () => {
    setAsked(null);
  };
  const shiftName = (id: string) => shifts.find((shift) => shift.id === id)?.name ?? '–';
  const here = moment?.occupied.filter(({ seat_id }) => seat_id === seat.id) ?? [];
  const features = featuresOf(seat, t);
  const sells = workspace.can('spaces.membership.write');
  return (
    <Section
      title={
        <span className="flex flex-wrap items-center gap-2.5">
          {t('Seat {label}', { label: seat.label })}
          {seated && <Badge tone={tones[seated.look]}>{lookWord(seated, t)}</Badge>}
        </span>
      }
    >
      <p className="text-sm text-soft">
        {[zones.find(({ id }) => id === seat.zone_id)?.name, ...features].filter(Boolean).join(' · ')}
      </p>
      {here.map((one) => (
        <div key={one.shift_id} className="mt-4 rounded-lg border border-line p-3 text-sm">
          <p className="font-medium">
            {one.student_id === null ? t('Somebody') : <StudentName student={one.student_id} />}
          </p>
          <p className="text-soft">
            {t('{shift}, until {time}', {
              shift: shiftName(one.shift_id),
              time: clockOf(one.end_minute % 1_440),
            })}
          </p>
        </div>
      ))}
      {sells && wanted !== null && seated?.look === 'free' && (
        <Button
          look="primary"
          className="mt-4 w-full"
          onClick={() => {
            setAsked({ act: 'hold' });
          }}
        >
          {t('Hold this seat')}
        </Button>
      )}
      {workspace.can('spaces.membership.read') && (
        <Claims
          seat={seat}
          shiftName={shiftName}
          acts={sells}
          onAct={(act, claim) => {
            setAsked({ act, claim });
          }}
        />
      )}
      {workspace.can('spaces.seat.write') && (
        <div className="mt-5 flex gap-2 border-t border-line pt-4">
          <Button
            size="sm"
            onClick={() => {
              setAsked({ act: 'change' });
            }}
          >
            {t('Change')}
          </Button>
          <Button
            size="sm"
            onClick={() => {
              setAsked({ act: 'remove' });
            }}
          >
            {t('Remove')}
          </Button>
        </div>
      )}
      {asked?.act === 'change' && <SeatDialog seat={seat} zones={zones} onClose={close} />}
      {asked?.act === 'remove' && <RemoveSeat seat={seat} onGone={onGone} onClose={close} />}
      {asked?.act === 'hold' && wanted && (
        <Hold seat={seat} wanted={wanted} shift={shiftName(wanted.shift)} onClose={close} />
      )}
      {asked?.act === 'give' && <Give claim={asked.claim} seat={seat} onClose={close} />}
      {asked?.act === 'release' && <Release claim={asked.claim} seat={seat} onClose={close} />}
    </Section>
  );
}

/** Who holds it from now on, in whichever shift. */
function Claims({
  seat,
  shiftName,
  acts,
  onAct,
}: {
  seat: Seat;
  shiftName: (id: string) => string;
  acts: boolean;
  onAct: (act: 'give' | 'release', claim: Claim) => void;
}) {
  const t = useT();
  const { date, clock } = useFormat();
  const { slug: tenant } = useWorkspace();
  const claims = useQuery({
    queryKey: ['claims', tenant, seat.branch_id, seat.id],
    queryFn: () =>
      call(
        api.GET('/api/v1/tenants/{tenant}/spaces/branches/{branch}/claims', {
          params: { path: { tenant, branch: seat.branch_id }, query: { seat: seat.id, page_size: 20 } },
        }),
      ),
  });
  return (
    <div className="mt-5">
      <h3 className="mb-2 text-sm font-medium">{t('Given and held')}</h3>
      <Loaded query={claims} height="h-16">
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-sm text-soft">{t('Nobody had it yet.')}</p>
          ) : (
            <ul className="flex flex-col gap-2.5">
              {items.map((claim) => (
                <li key={claim.id} className="rounded-lg border border-line p-3 text-sm">
                  <p className="flex flex-wrap items-center gap-2 font-medium">
                    {claim.student_id === null ? t('Nobody yet') : <StudentName student={claim.student_id} />}
                    {claim.state === 'held' && <Badge tone="warn">{t('Held')}</Badge>}
                  </p>
                  <p className="text-soft">
                    {shiftName(claim.shift_id)} · {date(claim.from)} – {date(later(claim.until, -1))}
                  </p>
                  {claim.expires_at !== null && (
                    <p className="text-soft">{t('Until {time}', { time: clock(claim.expires_at) })}</p>
                  )}
                  {acts && claim.membership_id === null && (
                    <div className="mt-2.5 flex gap-2">
                      {claim.state === 'held' && (
                        <Button
                          size="sm"
                          look="primary"
                          onClick={() => {
                            onAct('give', claim);
                          }}
                        >
                          {t('Give it')}
                        </Button>
                      )}
                      <Button
                        size="sm"
                        onClick={() => {
                          onAct('release', claim);
                        }}
                      >
                        {claim.state === 'held' ? t('Let it go') : t('Take it back')}
                      </Button>
                    </div>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </div>
  );
}

const settled = (tenant: string) => renewed(tenant, 'occupancy', 'claims');

function Hold({
  seat,
  wanted,
  shift,
  onClose,
}: {
  seat: Seat;
  wanted: Wanted;
  shift: string;
  onClose: () => void;
}) {
  const t = useT();
  const { date } = useFormat();
  const { slug: tenant } = useWorkspace();
  const [key] = useState(once);
  return (
    <FormDialog
      title={t('Hold seat {label}?', { label: seat.label })}
      intro={t(
        '{shift}, {from} to {last}. Nobody else gets it until the hold ends by itself or it is given to somebody.',
        { shift, from: date(wanted.from), last: date(later(wanted.until, -1)) },
      )}
      submit={t('Hold')}
      onClose={onClose}
      run={async (data) => {
        const student = text(data, 'student_id');
        try {
          await call(
            api.POST('/api/v1/tenants/{tenant}/spaces/branches/{branch}/claims', {
              params: { path: { tenant, branch: seat.branch_id }, header: key },
              body: {
                seat_id: seat.id,
                shift_id: wanted.shift,
                from: wanted.from,
                until: wanted.until,
                ...(student === undefined ? {} : { student_id: student }),
              },
            }),
          );
        } finally {
          // Somebody may have been faster: the map shows it.
          await settled(tenant);
        }
      }}
    >
      <StudentField name="student_id" label={t('For')} branch={seat.branch_id} hint={t('If it is known.')} />
    </FormDialog>
  );
}

function Give({ claim, seat, onClose }: { claim: Claim; seat: Seat; onClose: () => void }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const [key] = useState(once);
  return (
    <FormDialog
      title={t('Give seat {label}', { label: seat.label })}
      submit={t('Give it')}
      onClose={onClose}
      run={async (data) => {
        await call(
          api.POST('/api/v1/tenants/{tenant}/spaces/claims/{claim}/confirmation', {
            params: { path: { tenant, claim: claim.id }, header: key },
            body: { student_id: required(data, 'student_id') },
          }),
        );
        await settled(tenant);
      }}
    >
      <StudentField
        name="student_id"
        label={t('To')}
        branch={seat.branch_id}
        required
        value={claim.student_id ?? undefined}
      />
    </FormDialog>
  );
}

function Release({ claim, seat, onClose }: { claim: Claim; seat: Seat; onClose: () => void }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  return (
    <FormDialog
      title={t('Take back seat {label}?', { label: seat.label })}
      intro={t('It is free for others at once.')}
      submit={t('Take it back')}
      danger
      onClose={onClose}
      run={async () => {
        const params = { path: { tenant, claim: claim.id } };
        await call(api.DELETE('/api/v1/tenants/{tenant}/spaces/claims/{claim}', { params }));
        await settled(tenant);
      }}
    />
  );
}

function RemoveSeat({ seat, onGone, onClose }: { seat: Seat; onGone: () => void; onClose: () => void }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  return (
    <FormDialog
      title={t('Remove seat {label}?', { label: seat.label })}
      intro={t('Only a seat that nobody ever held can be removed. Any other can be put out of service.')}
      submit={t('Remove')}
      danger
      onClose={onClose}
      run={async () => {
        const params = { path: { tenant, seat: seat.id }, header: version(seat.version) };
        await call(api.DELETE('/api/v1/tenants/{tenant}/spaces/seats/{seat}', { params }));
        onGone();
        await renewed(tenant, 'seats', 'maps', 'occupancy');
      }}
    />
  );
}

function SeatDialog({
  seat: now,
  zones,
  onClose,
}: {
  seat: Seat;
  zones: readonly Zone[];
  onClose: () => void;
}) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const seat = useOpened(now);
  return (
    <FormDialog
      title={t('Change seat {label}', { label: seat.label })}
      submit={t('Save')}
      onClose={onClose}
      run={async (data) => {
        const has = (name: string) => data.get(name) !== null;
        await call(
          api.PATCH('/api/v1/tenants/{tenant}/spaces/seats/{seat}', {
            params: { path: { tenant, seat: seat.id }, header: version(seat.version) },
            body: {
              label: required(data, 'label'),
              zone_id: required(data, 'zone_id'),
              size: required(data, 'size') as Seat['size'],
              status: required(data, 'status') as Seat['status'],
              ac: has('ac'),
              power: has('power'),
              window_side: has('window_side'),
              locker: has('locker'),
            },
          }),
        );
        await renewed(tenant, 'seats', 'occupancy');
      }}
    >
      <div className="grid grid-cols-2 gap-3">
        <TextField name="label" label={t('Label')} required maxLength={16} defaultValue={seat.label} />
        <SelectField
          name="zone_id"
          label={t('Zone')}
          defaultValue={seat.zone_id}
          choices={zones.map(({ id, name }) => ({ value: id, label: name }))}
        />
        <SelectField
          name="size"
          label={t('Desk')}
          defaultValue={seat.size}
          choices={[
            { value: 'small', label: t('Small') },
            { value: 'standard', label: t('Standard') },
            { value: 'large', label: t('Large') },
          ]}
        />
        <SelectField
          name="status"
          label={t('State')}
          defaultValue={seat.status}
          choices={[
            { value: 'in_service', label: t('In service') },
            { value: 'out_of_service', label: t('Out of service') },
          ]}
        />
      </div>
      <fieldset className="grid grid-cols-2 gap-2.5">
        <legend className="mb-2 text-sm font-medium">{t('It has')}</legend>
        <CheckField name="ac" label={t('Air conditioning')} defaultChecked={seat.ac} />
        <CheckField name="power" label={t('Power socket')} defaultChecked={seat.power} />
        <CheckField name="window_side" label={t('Window')} defaultChecked={seat.window_side} />
        <CheckField name="locker" label={t('Locker')} defaultChecked={seat.locker} />
      </fieldset>
    </FormDialog>
  );
}

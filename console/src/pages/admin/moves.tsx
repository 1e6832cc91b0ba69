/** Where a tenant's database is, and its moves to other homes. */
import { call, type Move, type MoveState, type TenantView } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { FormDialog, required } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Facts, Section } from '@/layout/page';
import { Badge, Note, type Tone } from '@/ui/bits';
import { Button } from '@/ui/button';
import { SelectField } from '@/ui/field';
import { fleetQuery, useHomeName } from './homes';

const underWay: readonly MoveState[] = ['requested', 'copying', 'pausing'];

/** What is under way, or waits for a decision, comes before another move. */
const open: readonly MoveState[] = [...underWay, 'moved'];

const renew = () => queries.invalidateQueries({ queryKey: ['admin', 'tenants'] });

type Asked = { act: 'move' } | { act: 'confirm' | 'revert'; move: Move };

export function Moves({ tenant }: { tenant: TenantView }) {
  const t = useT();
  const me = useMe();
  const homeName = useHomeName();
  const [asked, setAsked] = useState<Asked | null>(null);
  const path = { tenant: tenant.id };
  const key = ['admin', 'tenants', tenant.id, 'moves'];
  const moves = useQuery({
    queryKey: key,
    queryFn: () => call(api.GET('/api/v1/admin/tenants/{tenant}/moves', { params: { path } })),
    refetchInterval: ({ state }) =>
      state.data?.items.some((move) => underWay.includes(move.state)) === true ? 1_000 : false,
  });
  // Where the tenant is follows from a move that has ended.
  const busy = moves.data?.items.some((move) => underWay.includes(move.state)) === true;
  useEffect(() => {
    void renew();
  }, [busy]);
  const may = me.platform_permissions.includes('tenancy.tenant.move');
  const fleet = useQuery({ ...fleetQuery, enabled: may });
  const elsewhere = fleet.data?.homes.filter(({ name }) => name !== tenant.home) ?? [];
  const movable = tenant.state === 'active' || tenant.state === 'suspended';
  const free = moves.data?.items.every((move) => !open.includes(move.state)) === true;
  const close = () => {
    setAsked(null);
  };
  return (
    <Section
      title={t('Database')}
      description={t('Where it is: {home}', { home: homeName(tenant.home) })}
      actions={
        may &&
        movable &&
        free &&
        elsewhere.length > 0 && (
          <Button
            size="sm"
            onClick={() => {
              setAsked({ act: 'move' });
            }}
          >
            {t('Move')}
          </Button>
        )
      }
    >
      <Loaded query={moves} height="h-12">
        {({ items }) =>
          items.length === 0 ? (
            <p className="text-soft">{t('It was never moved.')}</p>
          ) : (
            <ul className="flex flex-col gap-3">
              {items.map((move) => (
                <Entry
                  key={move.id}
                  move={move}
                  acts={
                    may &&
                    move.state === 'moved' && (
                      <>
                        <Button
                          size="sm"
                          onClick={() => {
                            setAsked({ act: 'confirm', move });
                          }}
                        >
                          {t('Make it final')}
                        </Button>
                        <Button
                          size="sm"
                          onClick={() => {
                            setAsked({ act: 'revert', move });
                          }}
                        >
                          {t('Move back')}
                        </Button>
                      </>
                    )
                  }
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      {asked?.act === 'move' && (
        <FormDialog
          title={t('Move the database of {name}?', { name: tenant.name })}
          intro={t(
            'It is used while it is copied. Then writes are refused for a moment, the last changes follow, and all rows are compared. The former database is kept until you make the move final.',
          )}
          submit={t('Move')}
          onClose={close}
          run={async (form) => {
            const body = { to: required(form, 'to') };
            await call(api.POST('/api/v1/admin/tenants/{tenant}/moves', { params: { path }, body }));
            await renew();
          }}
        >
          <SelectField
            name="to"
            label={t('To')}
            choices={elsewhere.map(({ name }) => ({ value: name, label: homeName(name) }))}
          />
        </FormDialog>
      )}
      {asked?.act === 'confirm' && (
        <FormDialog
          title={t('Make the move final?')}
          intro={t('The former database, in {home}, is removed. There is no way back to it then.', {
            home: homeName(asked.move.from_home),
          })}
          danger
          submit={t('Make it final')}
          onClose={close}
          run={async () => {
            const params = { path: { ...path, move: asked.move.id } };
            await call(api.POST('/api/v1/admin/tenants/{tenant}/moves/{move}/confirmation', { params }));
            await renew();
          }}
        />
      )}
      {asked?.act === 'revert' && (
        <FormDialog
          title={t('Move back to {home}?', { home: homeName(asked.move.from_home) })}
          intro={t('Everything that was written since comes along. It is a move like the one before.')}
          submit={t('Move back')}
          onClose={close}
          run={async () => {
            const params = { path: { ...path, move: asked.move.id } };
            await call(api.POST('/api/v1/admin/tenants/{tenant}/moves/{move}/reversal', { params }));
            await renew();
          }}
        />
      )}
    </Section>
  );
}

function Entry({ move, acts }: { move: Move; acts: React.ReactNode }) {
  const t = useT();
  const { number, time } = useFormat();
  const homeName = useHomeName();
  const words: Record<MoveState, readonly [Tone, string]> = {
    requested: ['accent', t('Begins')],
    copying: ['accent', t('Being copied')],
    pausing: ['warn', t('The last changes follow')],
    moved: ['ok', t('Moved; the former database is kept')],
    confirmed: ['ok', t('Final')],
    reverted: ['plain', t('Moved back')],
    failed: ['danger', t('Failed; it stayed where it was')],
  };
  return (
    <li className="rounded-lg border border-line p-3.5">
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <span className="font-medium">
          {t('{from} → {to}', { from: homeName(move.from_home), to: homeName(move.to_home) })}
        </span>
        <Badge tone={words[move.state][0]}>{words[move.state][1]}</Badge>
        <span className="ml-auto flex gap-2 empty:hidden">{acts}</span>
      </div>
      <Facts
        facts={[
          [t('Asked for'), time(move.requested_at)],
          [t('Moved'), move.moved_at === null ? null : time(move.moved_at)],
          [t('Rows'), move.copied_rows === null ? null : number(move.copied_rows)],
          [
            t('Changed meanwhile, and followed'),
            move.followed_rows === null ? null : number(move.followed_rows),
          ],
        ]}
      />
      {move.last_error !== null && (
        <div className="mt-3">
          <Note tone="warn" title={t('{n} attempts failed', { n: number(move.failures) })}>
            {move.last_error}
          </Note>
        </div>
      )}
    </li>
  );
}

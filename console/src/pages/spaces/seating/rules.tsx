/** The rules of a branch: when one books, what comes back to who leaves, how long things wait. */
import { call, version, type Policy, type Rules as RulesOf } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api';
import { useFormat, useT, type T } from '@/i18n';
import { FormDialog, required, useOpened } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Facts, Section } from '@/layout/page';
import { useWorkspace } from '@/shell/workspace';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';
import { policyQuery, renewed } from './queries';

type Count = Exclude<keyof RulesOf, 'refund_ladder'>;

interface Rule {
  name: Count;
  label: string;
  /** What its number counts. */
  unit: string;
  said: (n: string) => string;
  least: number;
  most: number;
}

/** Every rule that is a number, in the order people think of them. */
function counts(t: T): readonly Rule[] {
  const days = (n: string) => t('{n} days', { n });
  const rule = (
    name: Count,
    label: string,
    unit: string,
    said: Rule['said'],
    least: number,
    most: number,
  ): Rule => ({ name, label, unit, said, least, most });
  return [
    rule(
      'notice_minutes',
      t('Booked at the latest'),
      t('minutes before'),
      (n) => t('{n} minutes before', { n }),
      0,
      43_200,
    ),
    rule(
      'advance_days',
      t('Booked at the earliest'),
      t('days before'),
      (n) => t('{n} days before', { n }),
      1,
      730,
    ),
    rule('hold_minutes', t('A hold lasts'), t('minutes'), (n) => t('{n} minutes', { n }), 1, 1_440),
    rule('grace_days', t('Seat kept after the end'), t('days'), days, 0, 90),
    rule('lock_in_days', t('Not ended within the first'), t('days'), days, 0, 730),
    rule(
      'pause_days_per_membership',
      t('Pause of a membership'),
      t('days at most'),
      (n) => t('at most {n} days', { n }),
      0,
      365,
    ),
    rule(
      'pause_days_per_year',
      t('Pause in a year'),
      t('days at most'),
      (n) => t('at most {n} days', { n }),
      0,
      365,
    ),
    rule(
      'no_show_strikes',
      t('Somebody is told after'),
      t('days without a visit, 0 for never'),
      (n) => (n === '0' ? t('Never') : t('{n} days without a visit', { n })),
      0,
      100,
    ),
  ];
}

export function Rules({ branch, writes }: { branch: string; writes: boolean }) {
  const t = useT();
  const { number } = useFormat();
  const { slug: tenant } = useWorkspace();
  const policy = useQuery(policyQuery(tenant, branch));
  const [open, setOpen] = useState(false);
  return (
    <Section
      title={t('Rules')}
      description={t('What is sold keeps the rules it was sold under.')}
      actions={
        writes &&
        policy.data && (
          <Button
            size="sm"
            onClick={() => {
              setOpen(true);
            }}
          >
            {t('Change')}
          </Button>
        )
      }
    >
      <Loaded query={policy} height="h-56">
        {({ rules }) => (
          <>
            <Facts
              facts={counts(t).map(({ name, label, said }) => [label, said(number(rules[name]))] as const)}
            />
            <h3 className="mt-5 mb-1.5 text-sm text-faint">{t('What comes back to who leaves')}</h3>
            <Ladder rules={rules} />
          </>
        )}
      </Loaded>
      {open && policy.data && (
        <RulesDialog
          branch={branch}
          policy={policy.data}
          onClose={() => {
            setOpen(false);
          }}
        />
      )}
    </Section>
  );
}

function Ladder({ rules }: { rules: RulesOf }) {
  const t = useT();
  const { number } = useFormat();
  if (rules.refund_ladder.length === 0) return <p>{t('Nothing, at any time.')}</p>;
  return (
    <ul className="flex flex-col gap-1">
      {rules.refund_ladder.map(({ days, percent }) => (
        <li key={days} className="flex justify-between gap-4 tabular-nums">
          <span className="text-soft">
            {days === 0 ? t('Before the first day') : t('Within the first {n} days', { n: number(days) })}
          </span>
          {t('{n} %', { n: number(percent) })}
        </li>
      ))}
      <li className="flex justify-between gap-4 tabular-nums">
        <span className="text-soft">{t('Later')}</span>
        {t('{n} %', { n: number(0) })}
      </li>
    </ul>
  );
}

function RulesDialog({
  branch,
  policy: now,
  onClose,
}: {
  branch: string;
  policy: Policy;
  onClose: () => void;
}) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const policy = useOpened(now);
  const [steps, setSteps] = useState(() => policy.rules.refund_ladder.map((step, id) => ({ id, ...step })));
  return (
    <FormDialog
      title={t('Rules of the branch')}
      intro={t('They hold for what is sold from now on.')}
      submit={t('Save')}
      wide
      onClose={onClose}
      run={async (data) => {
        const whole = (name: string) => Number(required(data, name));
        const rules = Object.fromEntries(counts(t).map(({ name }) => [name, whole(name)])) as Record<
          Count,
          number
        >;
        const refund_ladder = steps.map(({ id }) => ({
          days: whole(`days-${String(id)}`),
          percent: whole(`percent-${String(id)}`),
        }));
        await call(
          api.PUT('/api/v1/tenants/{tenant}/spaces/branches/{branch}/policy', {
            params: { path: { tenant, branch }, header: version(policy.version) },
            body: { ...rules, refund_ladder },
          }),
        );
        await renewed(tenant, 'policies');
      }}
    >
      <div className="grid items-end gap-x-4 gap-y-3 sm:grid-cols-2">
        {counts(t).map(({ name, label, unit, least, most }) => (
          <TextField
            key={name}
            name={name}
            label={`${label} (${unit})`}
            type="number"
            min={least}
            max={most}
            step={1}
            required
            defaultValue={policy.rules[name]}
          />
        ))}
      </div>
      <fieldset>
        <legend className="mb-1 text-sm font-medium">{t('What comes back to who leaves')}</legend>
        <p className="mb-3 text-sm text-soft">
          {t('Days rise and shares fall from step to step; 0 days is before the first one.')}
        </p>
        <div className="flex flex-col gap-2.5">
          {steps.map((step, at) => (
            <div key={step.id} className="flex items-end gap-3">
              <div className="flex-1">
                <TextField
                  name={`days-${String(step.id)}`}
                  pointer={`/refund_ladder/${String(at)}/days`}
                  label={t('Within days')}
                  type="number"
                  min={0}
                  max={3660}
                  step={1}
                  required
                  defaultValue={step.days}
                />
              </div>
              <div className="flex-1">
                <TextField
                  name={`percent-${String(step.id)}`}
                  pointer={`/refund_ladder/${String(at)}/percent`}
                  label={t('Percent')}
                  type="number"
                  min={0}
                  max={100}
                  step={1}
                  required
                  defaultValue={step.percent}
                />
              </div>
              <Button
                look="ghost"
                size="icon"
                className="mb-0.5"
                aria-label={t('Remove step {n}', { n: at + 1 })}
                onClick={() => {
                  setSteps(steps.filter(({ id }) => id !== step.id));
                }}
              >
                <Trash2 aria-hidden className="size-4" />
              </Button>
            </div>
          ))}
        </div>
        {steps.length < 20 && (
          <Button
            size="sm"
            className="mt-3"
            onClick={() => {
              const id = Math.max(-1, ...steps.map((step) => step.id)) + 1;
              const last = steps.at(-1);
              setSteps([
                ...steps,
                { id, days: (last?.days ?? -7) + 7, percent: Math.floor((last?.percent ?? 200) / 2) },
              ]);
            }}
          >
            <Plus aria-hidden className="size-4" />
            {t('Add a step')}
          </Button>
        )}
      </fieldset>
    </FormDialog>
  );
}

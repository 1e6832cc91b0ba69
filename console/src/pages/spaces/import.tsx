/** One import, from its columns to its undoing. It can be left at any step and found again. */
import { call, once, type Import } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useFormat, useT, type T } from '@/i18n';
import { Form, FormDialog } from '@/layout/form';
import { ActProblem, useAct } from '@/layout/act';
import { Loaded } from '@/layout/loaded';
import { Page, Section } from '@/layout/page';
import { Problem } from '@/layout/problem';
import { Progress, Wizard } from '@/layout/wizard';
import { save } from '@/pages/account/profile';
import { useUnits } from '@/pages/workspace/grants';
import { useWorkspace } from '@/shell/workspace';
import { Note } from '@/ui/bits';
import { Button, LinkButton } from '@/ui/button';
import { SelectField } from '@/ui/field';
import { Faults } from './faults';
import { ImportState } from './imports';

const working: readonly Import['state'][] = ['checking', 'running', 'undoing'];

function step(state: Import['state']): number {
  switch (state) {
    case 'draft':
    case 'cancelled':
    case 'expired':
      return 0;
    case 'checking':
      return 1;
    case 'checked':
    case 'failed':
      return 2;
    case 'running':
      return 2;
    case 'done':
    case 'undoing':
    case 'undone':
      return 3;
  }
}

export function ImportPage() {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const { import: id = '' } = useParams({ strict: false });
  const path = { params: { path: { tenant, import: id } } };
  const found = useQuery({
    queryKey: ['imports', tenant, id],
    queryFn: () => call(api.GET('/api/v1/tenants/{tenant}/spaces/imports/{import}', path)),
    refetchInterval: ({ state }) => (state.data && working.includes(state.data.state) ? 700 : false),
  });
  const back = {
    label: t('Imports'),
    to: '/w/$workspace/spaces/imports' as const,
    params: { workspace: tenant },
  };
  const { data } = found;
  if (!data) {
    return (
      <Page title={t('Import')} back={back}>
        <Loaded query={found} height="h-72">
          {() => null}
        </Loaded>
      </Page>
    );
  }
  return (
    <Page title={data.file_name ?? t('Import')} back={back} mark={<ImportState state={data.state} />}>
      <Wizard steps={[t('Columns'), t('Check'), t('Import')]} current={step(data.state)}>
        {found.error && <Problem error={found.error} retry={() => void found.refetch()} />}
        <Step data={data} />
      </Wizard>
    </Page>
  );
}

function Step({ data }: { data: Import }) {
  const t = useT();
  const [columns, setColumns] = useState(false);
  if (working.includes(data.state)) return <Working data={data} />;
  if (data.state === 'draft' || (columns && data.state === 'checked')) {
    return (
      <Columns
        data={data}
        onDone={() => {
          setColumns(false);
        }}
      />
    );
  }
  if (data.state === 'checked')
    return (
      <Checked
        data={data}
        onColumns={() => {
          setColumns(true);
        }}
      />
    );
  if (data.state === 'failed') {
    return (
      <Note tone="danger" title={t('The import was given up')}>
        {data.failure ?? t('Upload the file again.')}
      </Note>
    );
  }
  if (data.state === 'done' || data.state === 'undone') return <Done data={data} />;
  return <Note title={t('This import is over')}>{t('Upload the file again to import it.')}</Note>;
}

function fieldTitles(t: T): readonly (readonly [string, string])[] {
  return [
    ['name', t('Name')],
    ['phone', t('Phone')],
    ['code', t('Code')],
    ['email', t('E-mail address')],
    ['branch', t('Branch')],
    ['status', t('Status')],
    ['joined_on', t('Joined')],
    ['date_of_birth', t('Born')],
    ['gender', t('Gender')],
    ['guardian_name', t('Parent or guardian')],
    ['guardian_phone', t('Phone of the parent')],
    ['notes', t('Notes')],
  ];
}

/** Begins work of the server on the import; its state is read until the work is over. */
function useWork(data: Import) {
  const { slug: tenant } = useWorkspace();
  const [key] = useState(once);
  const path = { params: { path: { tenant, import: data.id }, header: key } };
  const renew = () => queries.invalidateQueries({ queryKey: ['imports', tenant] });
  return {
    tenant,
    check: async () => {
      await call(
        api.POST('/api/v1/tenants/{tenant}/spaces/imports/{import}/dry-run', {
          params: { path: path.params.path, header: once() },
        }),
      );
      await renew();
    },
    run: async () => {
      await call(api.POST('/api/v1/tenants/{tenant}/spaces/imports/{import}/run', path));
      await renew();
    },
    undo: async () => {
      await call(
        api.POST('/api/v1/tenants/{tenant}/spaces/imports/{import}/reversal', {
          params: { path: path.params.path, header: once() },
        }),
      );
      await renew();
    },
  };
}

function Columns({ data, onDone }: { data: Import; onDone: () => void }) {
  const t = useT();
  const { number } = useFormat();
  const { tenant, check } = useWork(data);
  const units = useUnits();
  const titles = fieldTitles(t);
  const columns = data.columns.map((column) => ({
    value: String(column.number),
    label: column.sample === '' ? column.header : `${column.header} (${column.sample})`,
  }));
  return (
    <Section
      title={t('Which column is what')}
      description={t(
        '{rows} rows. What was recognised is filled in; a sample of each column is beside its name.',
        {
          rows: number(data.total_rows),
        },
      )}
    >
      <Form
        submit={t('Check the rows')}
        run={async (form) => {
          const mapping: Record<string, number> = {};
          for (const [field] of titles) {
            const column = form.get(`map.${field}`);
            if (typeof column === 'string' && column !== '') mapping[field] = Number(column);
          }
          const branch = form.get('default_branch');
          await call(
            api.PATCH('/api/v1/tenants/{tenant}/spaces/imports/{import}', {
              params: { path: { tenant, import: data.id } },
              body: { mapping, default_branch: typeof branch === 'string' && branch !== '' ? branch : null },
            }),
          );
          await check();
          onDone();
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
          {titles.map(([field, title]) => (
            <SelectField
              key={field}
              name={`map.${field}`}
              pointer={`/mapping/${field}`}
              label={title}
              required={field === 'name' || field === 'phone'}
              defaultValue={String(data.mapping[field] ?? '')}
              choices={[{ value: '', label: t('not in the file') }, ...columns]}
            />
          ))}
          <SelectField
            name="default_branch"
            label={t('Rows that name no branch go to')}
            defaultValue={data.default_branch ?? (units.length === 1 ? units[0]?.id : '')}
            key={units.length}
            choices={[
              { value: '', label: t('nowhere: they are refused') },
              ...units.map((unit) => ({ value: unit.id, label: unit.name })),
            ]}
          />
        </div>
      </Form>
    </Section>
  );
}

function Working({ data }: { data: Import }) {
  const t = useT();
  const labels: Partial<Record<Import['state'], string>> = {
    checking: t('Checking the rows'),
    running: t('Importing'),
    undoing: t('Taking the students out again'),
  };
  return (
    <Section>
      <Progress label={labels[data.state] ?? ''} done={data.rows_done} total={data.total_rows} />
      <p className="mt-3 text-sm text-soft">
        {t('You can leave this page: the work goes on, and you find it here again.')}
      </p>
    </Section>
  );
}

function Numbers({
  numbers,
}: {
  numbers: readonly (readonly [label: string, value: number, tone?: string])[];
}) {
  const { number } = useFormat();
  return (
    <dl className="mb-5 grid grid-cols-2 gap-3 sm:grid-cols-4">
      {numbers.map(([label, value, tone]) => (
        <div key={label} className="rounded-xl border border-line bg-surface px-4 py-3">
          <dt className="text-sm text-faint">{label}</dt>
          <dd className={`text-2xl font-semibold tabular-nums ${tone ?? ''}`}>{number(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Checked({ data, onColumns }: { data: Import; onColumns: () => void }) {
  const t = useT();
  const { number } = useFormat();
  const { run } = useWork(data);
  const bad = data.rejected_rows;
  return (
    <>
      <Numbers
        numbers={[
          [t('Rows'), data.total_rows],
          [t('Can be imported'), data.accepted_rows, 'text-ok'],
          [t('Wrong'), bad, bad > 0 ? 'text-danger' : ''],
          [t('With a note'), data.noted_rows],
        ]}
      />
      <div className="mb-5">
        <Form
          submit={t('Import {n} students', { n: number(data.accepted_rows) })}
          disabled={data.accepted_rows === 0}
          run={run}
          aside={
            <>
              <Button onClick={onColumns}>{t('Change the columns')}</Button>
              {bad > 0 && <ErrorFile data={data} />}
            </>
          }
        >
          <p className="text-soft">
            {bad === 0
              ? t('Every row is fine. Nothing has been written yet.')
              : t(
                  'Nothing has been written yet. Wrong rows are left out; mend them in the file, or import the rest now.',
                )}
          </p>
        </Form>
      </div>
      {bad > 0 && <Faults id={data.id} />}
    </>
  );
}

function ErrorFile({ data }: { data: Import }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const act = useAct();
  return (
    <>
      <Button
        busy={act.busy}
        onClick={() =>
          act.run(async () => {
            const file = await call(
              api.GET('/api/v1/tenants/{tenant}/spaces/imports/{import}/errors.csv', {
                params: { path: { tenant, import: data.id } },
                parseAs: 'blob',
              }),
            );
            save('wrong-rows.csv', file);
          })
        }
      >
        <Download aria-hidden className="size-4" />
        {t('Wrong rows as a file')}
      </Button>
      <ActProblem act={act} />
    </>
  );
}

function Done({ data }: { data: Import }) {
  const t = useT();
  const { slug: tenant, can } = useWorkspace();
  const { undo } = useWork(data);
  const [asked, setAsked] = useState(false);
  const undone = data.state === 'undone';
  return (
    <>
      <Numbers
        numbers={
          undone
            ? [
                [t('Rows'), data.total_rows],
                [t('Taken out again'), data.removed_rows],
                [t('Left in place'), data.kept_rows],
              ]
            : [
                [t('Rows'), data.total_rows],
                [t('Imported'), data.accepted_rows, 'text-ok'],
                [t('Left out'), data.rejected_rows, data.rejected_rows > 0 ? 'text-danger' : ''],
              ]
        }
      />
      <div className="mb-5 flex flex-wrap gap-2">
        {can('spaces.student.read') && (
          <LinkButton look="primary" to="/w/$workspace/spaces/students" params={{ workspace: tenant }}>
            {t('To the students')}
          </LinkButton>
        )}
        {data.rejected_rows > 0 && <ErrorFile data={data} />}
        {!undone && data.accepted_rows > 0 && (
          <Button
            onClick={() => {
              setAsked(true);
            }}
          >
            {t('Undo the import')}
          </Button>
        )}
      </div>
      {!undone && data.rejected_rows > 0 && <Faults id={data.id} />}
      {asked && (
        <FormDialog
          title={t('Undo the import?')}
          intro={t('The students it made are taken out again. Those that were changed since stay.')}
          danger
          submit={t('Undo')}
          onClose={() => {
            setAsked(false);
          }}
          run={undo}
        />
      )}
    </>
  );
}

import { call, once, type Import } from '@gantry/client';
import { Link, useNavigate } from '@tanstack/react-router';
import { FileUp } from 'lucide-react';
import { useState } from 'react';
import { api, queries } from '@/api';
import { useFormat, useT, type T } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { FileDrop } from '@/layout/import';
import { ListTable, useList } from '@/layout/list';
import { Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { useUnits } from '@/pages/workspace/grants';
import { useWorkspace } from '@/shell/workspace';
import { Badge, type Tone } from '@/ui/bits';
import { Select } from '@/ui/field';

const tones: Partial<Record<Import['state'], Tone>> = {
  done: 'ok',
  failed: 'danger',
  checking: 'accent',
  running: 'accent',
  undoing: 'accent',
};

export function stateTitle(state: Import['state'], t: T): string {
  const titles: Record<Import['state'], string> = {
    draft: t('Uploaded'),
    checking: t('Being checked'),
    checked: t('Checked'),
    running: t('Running'),
    done: t('Done'),
    failed: t('Failed'),
    undoing: t('Being undone'),
    undone: t('Undone'),
    cancelled: t('Cancelled'),
    expired: t('Expired'),
  };
  return titles[state];
}

export function ImportState({ state }: { state: Import['state'] }) {
  return <Badge tone={tones[state] ?? 'plain'}>{stateTitle(state, useT())}</Badge>;
}

export function ImportsPage() {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const { time, number } = useFormat();
  const navigate = useNavigate();
  const units = useUnits();
  const [branch, setBranch] = useState('');
  const act = useAct();
  const list = useList(['imports', tenant], (page_token) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/spaces/imports', {
        params: { path: { tenant }, query: page_token === undefined ? {} : { page_token } },
      }),
    ),
  );

  const upload = (file: File) =>
    act.run(async () => {
      const made = await call(
        api.POST('/api/v1/tenants/{tenant}/spaces/imports', {
          params: {
            path: { tenant },
            query: { file_name: file.name, ...(branch === '' ? {} : { default_branch: branch }) },
            header: once(),
          },
          headers: { 'content-type': 'text/csv' },
          // The API takes the bytes as they are.
          body: file as unknown as string,
          bodySerializer: (body: unknown) => body as BodyInit,
        }),
      );
      await queries.invalidateQueries({ queryKey: ['imports', tenant] });
      await navigate({
        to: '/w/$workspace/spaces/imports/$import',
        params: { workspace: tenant, import: made.id },
      });
    });
  return (
    <Page
      title={t('Imports')}
      description={t(
        'Students from a file. Every row is checked first, and nothing is written before you say so.',
      )}
    >
      {units.length > 1 && (
        <div className="mb-3 flex flex-wrap items-center gap-2 text-sm">
          <label htmlFor="default-branch">{t('Rows that name no branch go to')}</label>
          <Select
            id="default-branch"
            className="w-full sm:w-72!"
            value={branch}
            onChange={(event) => {
              setBranch(event.target.value);
            }}
            choices={[
              { value: '', label: t('nowhere: they are refused') },
              ...units.map((unit) => ({ value: unit.id, label: unit.name })),
            ]}
          />
        </div>
      )}
      <FileDrop
        label={t('Drop a CSV file here')}
        hint={t(
          'The first line names the columns. Commas, semicolons and tabs, and the encodings of common programs, are recognised.',
        )}
        accept=".csv,.txt,.tsv,text/csv"
        busy={act.busy}
        onFile={(file) => void upload(file)}
      />
      <div className="mt-4">
        <ActProblem act={act} />
      </div>
      <div className="mt-6">
        <Section title={t('Before')} flush>
          <ListTable
            label={t('Imports')}
            list={list}
            rowKey={(one) => one.id}
            empty={<Empty icon={<FileUp aria-hidden />} title={t('Nothing was imported yet')} />}
            columns={[
              {
                key: 'file',
                head: t('File'),
                cell: (one) => (
                  <Link
                    to="/w/$workspace/spaces/imports/$import"
                    params={{ workspace: tenant, import: one.id }}
                    className="font-medium break-all hover:text-accent hover:underline"
                  >
                    {one.file_name ?? t('without a name')}
                  </Link>
                ),
              },
              { key: 'state', head: t('State'), cell: (one) => <ImportState state={one.state} /> },
              { key: 'rows', head: t('Rows'), roomy: true, cell: (one) => number(one.total_rows) },
              { key: 'bad', head: t('Refused'), roomy: true, cell: (one) => number(one.rejected_rows) },
              { key: 'at', head: t('Uploaded'), roomy: true, cell: (one) => time(one.created_at) },
            ]}
          />
        </Section>
      </div>
    </Page>
  );
}

import { call } from '@gantry/client';
import { api } from '@/api';
import { useT } from '@/i18n';
import { ListTable, useList } from '@/layout/list';
import { Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';

/** The rows that cannot be imported: which line, which cell, what is wrong, what to do. */
export function Faults({ id }: { id: string }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const list = useList(['imports', tenant, id, 'rejected'], (page_token) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/spaces/imports/{import}/rows', {
        params: {
          path: { tenant, import: id },
          query: { outcome: 'rejected', page_size: 50, ...(page_token === undefined ? {} : { page_token }) },
        },
      }),
    ),
  );
  return (
    <Section title={t('Wrong rows')} flush>
      <ListTable
        label={t('Wrong rows')}
        list={list}
        rowKey={(row) => String(row.line)}
        empty={<Empty title={t('No row is wrong')} />}
        columns={[
          {
            key: 'line',
            head: t('Line'),
            className: 'align-top tabular-nums text-faint w-16',
            cell: (row) => row.line,
          },
          {
            key: 'faults',
            head: t('What is wrong'),
            cell: (row) => (
              <ul className="flex flex-col gap-2">
                {row.faults.map((fault, at) => (
                  <li key={`${fault.code}${String(at)}`}>
                    <p>
                      {fault.column && <span className="font-medium">{fault.column.header}: </span>}
                      {fault.reason}
                      {fault.value !== '' && (
                        <code className="ml-1.5 rounded bg-danger-soft px-1 py-0.5 font-mono text-xs break-all text-danger">
                          {fault.value}
                        </code>
                      )}
                    </p>
                    <p className="text-soft">{fault.fix}</p>
                  </li>
                ))}
              </ul>
            ),
          },
          {
            key: 'cells',
            head: t('The row'),
            roomy: true,
            className: 'max-w-xs align-top',
            cell: (row) => (
              <span className="line-clamp-2 text-xs break-all text-faint">{row.cells.join(' · ')}</span>
            ),
          },
        ]}
      />
    </Section>
  );
}

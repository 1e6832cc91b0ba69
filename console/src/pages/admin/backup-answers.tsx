/** What the API was asked over a restored copy, and how it answered: the part of a proof that the bytes cannot give. */
import type { DatabaseView } from '@gantry/client';
import { useState } from 'react';
import { useFormat, useT } from '@/i18n';
import { given, ListTable } from '@/layout/list';
import { Badge } from '@/ui/bits';
import { Dialog } from '@/ui/dialog';

const good = (status: number): boolean => status >= 200 && status < 300;

export function Answers({ of, name }: { of: DatabaseView; name: string }) {
  const t = useT();
  const { number } = useFormat();
  const [open, setOpen] = useState(false);
  const answers = of.answers ?? [];
  if (answers.length === 0) return <span className="text-faint">{t('Not asked')}</span>;
  const well = answers.filter(({ status }) => good(status)).length;
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        aria-label={t('Answers of {name}: {n} of {most} good', {
          name,
          n: number(well),
          most: number(answers.length),
        })}
        className="text-accent tabular-nums underline-offset-2 hover:underline"
        onClick={() => {
          setOpen(true);
        }}
      >
        {t('{n} of {most} good', { n: number(well), most: number(answers.length) })}
      </button>
      {open && (
        <Dialog
          title={t('Asked over the restored copy')}
          wide
          onClose={() => {
            setOpen(false);
          }}
        >
          <p className="mb-4 text-soft">
            {t('The program was put together over the copy of {name} and read from it as it would in use.', {
              name,
            })}
          </p>
          <div className="rounded-lg border border-line">
            <ListTable
              label={t('Answers')}
              list={given(answers)}
              rowKey={({ asked }) => asked}
              empty={null}
              columns={[
                {
                  key: 'asked',
                  head: t('Request'),
                  cell: ({ asked }) => <code className="font-mono text-xs break-all">{asked}</code>,
                },
                {
                  key: 'status',
                  head: t('Answer'),
                  className: 'text-right',
                  cell: ({ status }) => <Badge tone={good(status) ? 'ok' : 'danger'}>{String(status)}</Badge>,
                },
              ]}
            />
          </div>
        </Dialog>
      )}
    </>
  );
}

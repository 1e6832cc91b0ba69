/** What the process was started with: every key, its value, and where that was set. */
import { call, type Setting } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Search, SlidersHorizontal } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api';
import { useT } from '@/i18n';
import { Filters } from '@/layout/filters';
import { given, ListTable } from '@/layout/list';
import { Loaded } from '@/layout/loaded';
import { Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { matches } from '@/shell/palette';
import { Badge } from '@/ui/bits';
import { Select } from '@/ui/field';

export const configurationQuery = {
  queryKey: ['admin', 'configuration'],
  queryFn: () => call(api.GET('/api/v1/admin/configuration')),
};

export function ConfigurationPage() {
  const t = useT();
  const [words, setWords] = useState('');
  const [which, setWhich] = useState<'all' | 'set'>('all');
  const configuration = useQuery(configurationQuery);
  const fits = (setting: Setting) =>
    (which === 'all' || setting.origin !== null) && matches(words, `${setting.key} ${setting.meaning}`);
  return (
    <Page
      title={t('Configuration')}
      description={t(
        'Of the process that answers. It is changed where it was set, and holds from the next start.',
      )}
    >
      <Filters>
        <div className="relative sm:w-72">
          <Search aria-hidden className="absolute top-2.5 left-2.5 size-4 text-faint" />
          <input
            type="search"
            aria-label={t('Find a key')}
            placeholder={t('Key or meaning')}
            value={words}
            onChange={(event) => {
              setWords(event.target.value);
            }}
            className="field-box pl-8!"
          />
        </div>
        <Select
          aria-label={t('Which keys')}
          className="sm:w-52!"
          value={which}
          onChange={(event) => {
            setWhich(event.target.value === 'set' ? 'set' : 'all');
          }}
          choices={[
            { value: 'all', label: t('All keys') },
            { value: 'set', label: t('Set somewhere') },
          ]}
        />
      </Filters>
      <Section flush>
        <Loaded query={configuration} height="h-96" className="p-5">
          {({ items }) => (
            <ListTable
              label={t('Configuration')}
              list={given(items.filter(fits))}
              rowKey={({ key }) => key}
              empty={<Empty icon={<SlidersHorizontal aria-hidden />} title={t('No key fits')} />}
              columns={[
                {
                  key: 'key',
                  head: t('Key'),
                  className: 'md:w-1/2 md:align-top',
                  cell: (setting) => (
                    <>
                      <code className="font-mono text-xs font-medium break-all">{setting.key}</code>
                      <span className="mt-0.5 block text-xs text-soft">{setting.meaning}</span>
                    </>
                  ),
                },
                {
                  key: 'value',
                  head: t('Value'),
                  className: 'md:align-top',
                  cell: ({ value, secret }) => (
                    <span className="flex flex-wrap items-center gap-2">
                      {value === null ? (
                        <span className="text-faint">{t('Not set')}</span>
                      ) : (
                        <code className="font-mono text-xs break-all">{value}</code>
                      )}
                      {secret && <Badge>{t('Secret')}</Badge>}
                    </span>
                  ),
                },
                {
                  key: 'origin',
                  head: t('Set in'),
                  className: 'md:align-top',
                  cell: ({ origin }) =>
                    origin === null ? (
                      <span className="text-xs text-faint">{t('Default')}</span>
                    ) : (
                      <code className="font-mono text-xs break-all">{origin}</code>
                    ),
                },
              ]}
            />
          )}
        </Loaded>
      </Section>
    </Page>
  );
}

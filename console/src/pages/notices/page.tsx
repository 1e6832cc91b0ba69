import { useState } from 'react';
import { useT } from '@/i18n';
import { Filters } from '@/layout/filters';
import { Page, Section } from '@/layout/page';
import { Select } from '@/ui/field';
import { MarkAll, Notices } from './list';
import { useNotices } from './notices';

/** All that somebody was told, as long as it is kept. */
export function NoticesPage() {
  const t = useT();
  const [onlyUnread, setOnlyUnread] = useState(false);
  const list = useNotices(onlyUnread);
  return (
    <Page
      title={t('Notifications')}
      description={t('What concerns you, in all your workspaces.')}
      width="narrow"
      actions={<MarkAll list={list} />}
    >
      <Filters>
        <Select
          aria-label={t('Which notifications')}
          className="sm:w-44!"
          value={onlyUnread ? 'unread' : 'all'}
          onChange={(event) => {
            setOnlyUnread(event.target.value === 'unread');
          }}
          choices={[
            { value: 'all', label: t('All') },
            { value: 'unread', label: t('Unread') },
          ]}
        />
      </Filters>
      <Section flush>
        <Notices list={list} />
      </Section>
    </Page>
  );
}

import { Bookmark, BookmarkPlus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useT } from '@/i18n';
import { FormDialog, required } from '@/layout/form';
import { TextField } from '@/ui/field';
import { Menu } from '@/ui/menu';
import { dropFilters, everybody, keepFilters, savedFilters, type StudentFilters } from './filters';

/** A menu of the filters that somebody keeps, on this device, for this workspace. */
export function SavedFiltersMenu({
  workspace,
  filters,
  onChoose,
}: {
  workspace: string;
  filters: StudentFilters;
  onChoose: (filters: StudentFilters) => void;
}) {
  const t = useT();
  const [saved, setSaved] = useState(() => savedFilters(workspace));
  const [naming, setNaming] = useState(false);
  const same = (other: StudentFilters) => JSON.stringify(other) === JSON.stringify(filters);
  const current = saved.find((one) => same(one.filters));
  return (
    <>
      <Menu
        label={t('Saved filters')}
        worded
        align="start"
        button={
          <span className="flex h-9 items-center gap-1.5 rounded-md border border-edge bg-surface px-3 text-base">
            <Bookmark aria-hidden className="size-4 shrink-0 text-faint" />
            <span className="truncate">{current?.name ?? t('Saved filters')}</span>
          </span>
        }
        header={
          saved.length === 0 && (
            <p className="w-56 px-2 pt-1 pb-1.5 text-xs text-faint">
              {t('Nothing is saved yet. What you save stays in this browser.')}
            </p>
          )
        }
        items={[
          ...saved.map(({ name, filters: kept }) => ({
            key: `use ${name}`,
            label: name,
            chosen: name === current?.name,
            icon: <Bookmark aria-hidden className="size-4 text-faint" />,
            onSelect: () => {
              onChoose(kept);
            },
          })),
          ...(current || same(everybody)
            ? []
            : [
                {
                  key: 'save',
                  label: t('Save these filters…'),
                  icon: <BookmarkPlus aria-hidden className="size-4 text-faint" />,
                  onSelect: () => {
                    setNaming(true);
                  },
                },
              ]),
          ...(current
            ? [
                {
                  key: 'drop',
                  label: t('Forget {name}', { name: current.name }),
                  icon: <Trash2 aria-hidden className="size-4 text-faint" />,
                  onSelect: () => {
                    setSaved(dropFilters(workspace, current.name));
                  },
                },
              ]
            : []),
          ...(same(everybody)
            ? []
            : [
                {
                  key: 'clear',
                  label: t('Show everybody'),
                  icon: <span className="size-4" />,
                  onSelect: () => {
                    onChoose(everybody);
                  },
                },
              ]),
        ]}
      />
      {naming && (
        <FormDialog
          title={t('Save these filters')}
          submit={t('Save')}
          onClose={() => {
            setNaming(false);
          }}
          run={(data) => {
            setSaved(keepFilters(workspace, { name: required(data, 'name').trim(), filters }));
            return Promise.resolve();
          }}
        >
          <TextField name="name" label={t('Name')} required maxLength={60} autoComplete="off" />
        </FormDialog>
      )}
    </>
  );
}

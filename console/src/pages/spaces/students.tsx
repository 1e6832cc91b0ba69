/** Students: as many as there are, of which only the rows in sight are in the page. */
import { call, type Status, type Student } from '@gantry/client';
import { useNavigate, Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import clsx from 'clsx';
import { Download, FileUp, GraduationCap, Plus, Search } from 'lucide-react';
import { useDeferredValue, useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { api } from '@/api';
import { useFormat, useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { Filters } from '@/layout/filters';
import { useList, type List } from '@/layout/list';
import { Page, Section } from '@/layout/page';
import { Empty, Problem } from '@/layout/problem';
import { save } from '@/pages/account/profile';
import { useUnits } from '@/pages/workspace/grants';
import { useWorkspace } from '@/shell/workspace';
import { Badge, Skeleton, type Tone } from '@/ui/bits';
import { Button, LinkButton } from '@/ui/button';
import { Select } from '@/ui/field';
import { asked, everybody, type StudentFilters } from './filters';
import { SavedFiltersMenu } from './saved-filters';
import { StudentDialog } from './student-form';

const tones: Record<Status, Tone> = { active: 'ok', paused: 'warn', left: 'plain' };

export function StatusBadge({ status }: { status: Status }) {
  const t = useT();
  const names: Record<Status, string> = { active: t('Active'), paused: t('Paused'), left: t('Left') };
  return <Badge tone={tones[status]}>{names[status]}</Badge>;
}

export function StudentsPage() {
  const t = useT();
  const workspace = useWorkspace();
  const tenant = workspace.slug;
  const units = useUnits();
  const [filters, setFilters] = useState(everybody);
  const shown = useDeferredValue(filters);
  const [adding, setAdding] = useState(false);
  const act = useAct();
  const list = useList(['students', tenant, shown], (page_token) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/spaces/students', {
        params: {
          path: { tenant },
          query: { ...asked(shown), page_size: 100, ...(page_token === undefined ? {} : { page_token }) },
        },
      }),
    ),
  );
  const set = (change: Partial<StudentFilters>) => {
    setFilters({ ...filters, ...change });
  };
  const filtered = filters.q !== '' || filters.branch !== '' || filters.status !== '';
  const params = { workspace: tenant };
  return (
    <Page
      title={t('Students')}
      actions={
        <>
          {workspace.can('spaces.student.export') && (
            <Button
              busy={act.busy}
              onClick={() =>
                act.run(async () => {
                  const file = await call(
                    api.GET('/api/v1/tenants/{tenant}/spaces/students/export.csv', {
                      params: { path: { tenant }, query: asked(filters) },
                      parseAs: 'blob',
                    }),
                  );
                  save('students.csv', file);
                })
              }
            >
              <Download aria-hidden className="size-4" />
              {t('Export')}
            </Button>
          )}
          {workspace.can('spaces.student.import') && (
            <LinkButton to="/w/$workspace/spaces/imports" params={params}>
              <FileUp aria-hidden className="size-4" />
              {t('Import')}
            </LinkButton>
          )}
          {workspace.can('spaces.student.write') && (
            <Button
              look="primary"
              onClick={() => {
                setAdding(true);
              }}
            >
              <Plus aria-hidden className="size-4" />
              {t('Add a student')}
            </Button>
          )}
        </>
      }
    >
      <ActProblem act={act} />
      <Filters>
        <div className="relative sm:w-72">
          <Search aria-hidden className="absolute top-2.5 left-2.5 size-4 text-faint" />
          <input
            type="search"
            aria-label={t('Find by name, code or phone')}
            placeholder={t('Name, code or phone')}
            maxLength={200}
            value={filters.q}
            onChange={(event) => {
              set({ q: event.target.value });
            }}
            className="field-box pl-8!"
          />
        </div>
        <Select
          aria-label={t('Branch')}
          className="sm:w-44!"
          value={filters.branch}
          onChange={(event) => {
            set({ branch: event.target.value });
          }}
          choices={[
            { value: '', label: t('All branches') },
            ...units.map((unit) => ({ value: unit.id, label: unit.name })),
          ]}
        />
        <Select
          aria-label={t('Status')}
          className="sm:w-36!"
          value={filters.status}
          onChange={(event) => {
            set({ status: event.target.value as StudentFilters['status'] });
          }}
          choices={[
            { value: '', label: t('Any status') },
            { value: 'active', label: t('Active') },
            { value: 'paused', label: t('Paused') },
            { value: 'left', label: t('Left') },
          ]}
        />
        <Select
          aria-label={t('Order')}
          className="sm:w-44!"
          value={filters.order_by}
          onChange={(event) => {
            set({ order_by: event.target.value });
          }}
          choices={[
            { value: 'name', label: t('By name') },
            { value: 'code', label: t('By code') },
            { value: '-created_at', label: t('Newest first') },
            { value: 'created_at', label: t('Oldest first') },
          ]}
        />
        <SavedFiltersMenu key={tenant} workspace={tenant} filters={filters} onChoose={setFilters} />
      </Filters>
      <Section flush>
        {list.error !== null && (
          <div className="p-4">
            <Problem error={list.error} retry={list.again} />
          </div>
        )}
        {list.loading && <Skeleton className="m-5 h-64" />}
        {!list.loading && list.error === null && list.rows.length === 0 && (
          <Empty
            icon={<GraduationCap aria-hidden />}
            title={filtered ? t('Nobody fits') : t('No student yet')}
            action={
              !filtered &&
              workspace.can('spaces.student.import') && (
                <LinkButton look="primary" to="/w/$workspace/spaces/imports" params={params}>
                  {t('Import a file')}
                </LinkButton>
              )
            }
          >
            {filtered
              ? t('Words may be shorter: every one of them must begin or be in name, code or phone.')
              : t('Add them one by one, or all at once from a CSV file.')}
          </Empty>
        )}
        {list.rows.length > 0 && <Rows list={list} units={units} />}
      </Section>
      {adding && (
        <StudentDialog
          student={null}
          onClose={() => {
            setAdding(false);
          }}
        />
      )}
    </Page>
  );
}

const ROW = 44;
const grid =
  'grid grid-cols-[minmax(0,1fr)_auto] items-center gap-3 px-4 md:grid-cols-[7rem_minmax(0,2fr)_9rem_minmax(0,1fr)_7rem_6rem]';

function Rows({ list, units }: { list: List<Student>; units: readonly { id: string; name: string }[] }) {
  const t = useT();
  const { date, number, phone } = useFormat();
  const { slug } = useWorkspace();
  const navigate = useNavigate();
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const virtual = useVirtualizer({
    count: list.rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { more, loadingMore, loadMore } = list;
  useEffect(() => {
    if (more && !loadingMore && last > list.rows.length - 40) loadMore();
  }, [last, more, loadingMore, loadMore, list.rows.length]);

  const keys = (event: KeyboardEvent) => {
    const page = Math.floor((scroller.current?.clientHeight ?? ROW) / ROW) - 1;
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: list.rows.length - 1,
    };
    if (event.key === 'Enter') {
      const row = list.rows[at];
      if (row)
        void navigate({
          to: '/w/$workspace/spaces/students/$student',
          params: { workspace: slug, student: row.id },
        });
      return;
    }
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const place = Math.max(0, Math.min(list.rows.length - 1, next));
    setAt(place);
    virtual.scrollToIndex(place);
  };
  const rowId = (index: number) => `student-${String(index)}`;
  return (
    <>
      <div
        role="grid"
        aria-label={t('Students')}
        aria-rowcount={more ? -1 : list.rows.length + 1}
        aria-activedescendant={items.some((item) => item.index === at) ? rowId(at) : undefined}
        tabIndex={0}
        onKeyDown={keys}
        className="group text-sm"
      >
        <div role="rowgroup" className="border-b border-line text-xs font-medium text-faint">
          <div role="row" aria-rowindex={1} className={clsx(grid, 'h-9')}>
            <span role="columnheader" className="hidden md:block">
              {t('Code')}
            </span>
            <span role="columnheader">{t('Name')}</span>
            <span role="columnheader" className="hidden md:block">
              {t('Phone')}
            </span>
            <span role="columnheader" className="hidden md:block">
              {t('Branch')}
            </span>
            <span role="columnheader" className="hidden md:block">
              {t('Joined')}
            </span>
            <span role="columnheader">{t('Status')}</span>
          </div>
        </div>
        <div ref={scroller} role="rowgroup" className="h-[max(20rem,calc(100dvh-19rem))] overflow-y-auto">
          <div role="presentation" className="relative" style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = list.rows[item.index];
              if (!row) return null;
              return (
                <div
                  key={row.id}
                  id={rowId(item.index)}
                  role="row"
                  aria-rowindex={item.index + 2}
                  aria-selected={item.index === at}
                  className={clsx(
                    grid,
                    'absolute inset-x-0 top-0 border-b border-line hover:bg-hover/60',
                    item.index === at && 'group-focus-visible:bg-accent-soft',
                  )}
                  style={{ height: ROW, transform: `translateY(${String(item.start)}px)` }}
                >
                  <span role="gridcell" className="hidden truncate font-mono text-xs text-soft md:block">
                    {row.code}
                  </span>
                  <span role="gridcell" className="min-w-0 truncate">
                    <Link
                      tabIndex={-1}
                      to="/w/$workspace/spaces/students/$student"
                      params={{ workspace: slug, student: row.id }}
                      className="font-medium hover:text-accent hover:underline"
                    >
                      {row.name}
                    </Link>
                    <span className="block truncate font-mono text-2xs text-faint md:hidden">{row.code}</span>
                  </span>
                  <span role="gridcell" className="hidden truncate tabular-nums md:block">
                    {phone(row.phone)}
                  </span>
                  <span role="gridcell" className="hidden truncate text-soft md:block">
                    {units.find((unit) => unit.id === row.branch_id)?.name ?? '–'}
                  </span>
                  <span role="gridcell" className="hidden truncate text-soft md:block">
                    {date(row.joined_on)}
                  </span>
                  <span role="gridcell">
                    <StatusBadge status={row.status} />
                  </span>
                </div>
              );
            })}
          </div>
        </div>
      </div>
      <p role="status" className="border-t border-line px-4 py-2 text-xs text-faint">
        {more
          ? t('{n} read; more come while you scroll.', { n: number(list.rows.length) })
          : t('{n} in all.', { n: number(list.rows.length) })}
      </p>
    </>
  );
}

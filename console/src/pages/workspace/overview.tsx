import { all, call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { Building2, FileUp, GraduationCap, UserPlus } from 'lucide-react';
import { api } from '@/api';
import { useFormat, useT } from '@/i18n';
import { BarChart } from '@/layout/chart';
import { Page, Section } from '@/layout/page';
import { Problem } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Skeleton } from '@/ui/bits';
import { LinkButton } from '@/ui/button';
import { Limits } from './limits';

const DAYS = 14;

export function OverviewPage() {
  const t = useT();
  const workspace = useWorkspace();
  return (
    <Page title={workspace.name}>
      <div className="grid items-start gap-x-5 lg:grid-cols-3">
        <div className="lg:col-span-2">
          {workspace.can('identity.audit.read') && <Activity slug={workspace.slug} />}
          <Next />
        </div>
        {workspace.can('tenancy.workspace.read') && <Usage />}
      </div>
      {workspace.permissions.length === 0 && (
        <Section title={t('You are a member here')}>
          <p className="text-soft">
            {t('No role of yours opens a page yet. Ask an owner of the workspace for one.')}
          </p>
        </Section>
      )}
    </Page>
  );
}

function Usage() {
  const t = useT();
  return (
    <Section title={t('In use')} description={t('Against the limits of this workspace.')}>
      <Limits />
    </Section>
  );
}

/** What was done on each of the last days, by the audit log. */
function Activity({ slug }: { slug: string }) {
  const t = useT();
  const { date, number } = useFormat();
  const rows = useQuery({
    queryKey: ['activity', slug],
    queryFn: () => {
      const from = new Date(Date.now() - (DAYS - 1) * 86_400_000);
      from.setUTCHours(0, 0, 0, 0);
      return all((page_token) =>
        call(
          api.GET('/api/v1/tenants/{tenant}/identity/audit', {
            params: {
              path: { tenant: slug },
              query: {
                from: from.toISOString(),
                page_size: 100,
                ...(page_token === undefined ? {} : { page_token }),
              },
            },
          }),
        ),
      );
    },
  });
  const counts = new Map<string, number>();
  for (let back = DAYS - 1; back >= 0; back -= 1) {
    counts.set(new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10), 0);
  }
  for (const row of rows.data ?? []) {
    const key = row.at.slice(0, 10);
    const known = counts.get(key);
    if (known !== undefined) counts.set(key, known + 1);
  }
  return (
    <Section
      title={t('Activity')}
      actions={
        <LinkButton size="sm" to="/w/$workspace/audit" params={{ workspace: slug }}>
          {t('Audit log')}
        </LinkButton>
      }
    >
      {rows.isPending && <Skeleton className="h-36 w-full" />}
      {rows.error instanceof RangeError ? (
        <p className="text-soft">{t('Too much happened in the last {n} days to count here.', { n: DAYS })}</p>
      ) : (
        rows.error && <Problem error={rows.error} retry={() => void rows.refetch()} />
      )}
      {rows.data && (
        <>
          <p className="text-2xl font-semibold tabular-nums">{number(rows.data.length)}</p>
          <BarChart
            title={t('Audited acts in the last {n} days (UTC)', { n: DAYS })}
            unit={t('acts')}
            bars={[...counts].map(([day, value]) => ({ label: date(day), value }))}
          />
        </>
      )}
    </Section>
  );
}

/** What people do next in a workspace. */
function Next() {
  const t = useT();
  const workspace = useWorkspace();
  const params = { workspace: workspace.slug };
  const steps = [
    workspace.can('spaces.branch.write') && {
      icon: Building2,
      title: t('Add a branch'),
      text: t('Students belong to one, and roles can be limited to some.'),
      to: '/w/$workspace/spaces/branches' as const,
    },
    workspace.can('spaces.student.import') && {
      icon: FileUp,
      title: t('Import students'),
      text: t('From a CSV file, with a look at every fault before anything is written.'),
      to: '/w/$workspace/spaces/imports' as const,
    },
    workspace.can('spaces.student.read') && {
      icon: GraduationCap,
      title: t('Look up a student'),
      text: t('By name, code or phone.'),
      to: '/w/$workspace/spaces/students' as const,
    },
    workspace.can('identity.member.manage') && {
      icon: UserPlus,
      title: t('Invite a colleague'),
      text: t('To one role and one reach.'),
      to: '/w/$workspace/members' as const,
    },
  ].filter((step) => step !== false);
  if (steps.length === 0) return null;
  return (
    <Section title={t('Do next')}>
      <ul className="grid gap-3 sm:grid-cols-2">
        {steps.map((step) => (
          <li key={step.to} className="flex items-start gap-3 rounded-lg border border-line p-3.5">
            <step.icon aria-hidden className="mt-0.5 size-4.5 shrink-0 text-accent" />
            <div>
              <LinkButton
                look="ghost"
                size="sm"
                className="-mt-1 -ml-2.5 text-ink!"
                to={step.to}
                params={params}
              >
                {step.title}
              </LinkButton>
              <p className="text-sm text-soft">{step.text}</p>
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

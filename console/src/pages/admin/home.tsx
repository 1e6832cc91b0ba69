import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { api, useMe } from '@/api';
import { useT } from '@/i18n';
import { Page, Section } from '@/layout/page';
import { Empty, Problem } from '@/layout/problem';
import { Badge, Skeleton } from '@/ui/bits';
import { LinkButton } from '@/ui/button';

/** The state of this installation, and the way to a second factor for operators who have none. */
export function PlatformPage() {
  const t = useT();
  const me = useMe();
  const health = useQuery({
    queryKey: ['health'],
    queryFn: () => call(api.GET('/api/v1/health/all')),
    refetchInterval: 10_000,
  });
  return (
    <Page
      title={t('Platform')}
      description={t('Every workspace of this installation, and what runs behind them.')}
    >
      {!me.second_factor && (
        <Section>
          <Empty
            icon={<KeyRound aria-hidden />}
            title={t('Operators need a second factor')}
            action={
              <LinkButton look="primary" to="/account/security">
                {t('Set one up')}
              </LinkButton>
            }
          >
            {t('The pages of the platform stay closed without one.')}
          </Empty>
        </Section>
      )}
      <Section title={t('Health')} description={t('Asked again every 10 seconds.')} flush>
        {health.error && (
          <div className="p-4">
            <Problem error={health.error} retry={() => void health.refetch()} />
          </div>
        )}
        {health.isPending && <Skeleton className="m-5 h-16" />}
        <ul className="divide-y divide-line">
          {health.data?.checks.map((check) => (
            <li key={check.name} className="flex flex-wrap items-center justify-between gap-2 px-5 py-3">
              <span>
                <span className="font-medium">{check.name}</span>
                {check.reason != null && <span className="block text-sm text-soft">{check.reason}</span>}
              </span>
              {check.ok ? (
                <Badge tone="ok">{t('Well')}</Badge>
              ) : (
                <Badge tone={check.needed ? 'danger' : 'warn'}>{t('Not well')}</Badge>
              )}
            </li>
          ))}
        </ul>
      </Section>
    </Page>
  );
}

import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { api, useMe } from '@/api';
import { useT } from '@/i18n';
import { Loaded } from '@/layout/loaded';
import { Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { Badge } from '@/ui/bits';
import { LinkButton } from '@/ui/button';

/** The state of this installation, and the way to a second factor for operators who have none. */
export function PlatformPage() {
  const t = useT();
  const me = useMe();
  const names: Record<string, string> = { control_database: t('Control database'), mail: t('Mail') };
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
        <Loaded query={health} height="h-16" className="p-5">
          {({ checks }) => (
            <ul className="divide-y divide-line">
              {checks.map((check) => (
                <li key={check.name} className="flex flex-wrap items-center justify-between gap-2 px-5 py-3">
                  <span>
                    <span className="font-medium">{names[check.name] ?? check.name}</span>
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
          )}
        </Loaded>
      </Section>
    </Page>
  );
}

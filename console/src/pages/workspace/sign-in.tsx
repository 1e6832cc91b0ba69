/** How people sign in to this workspace: what it asks of its members, and its own providers. */
import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useT } from '@/i18n';
import { FormDialog } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Page, Section } from '@/layout/page';
import { useWorkspace } from '@/shell/workspace';
import { Badge, Note } from '@/ui/bits';
import { Button, LinkButton } from '@/ui/button';
import { Providers } from './providers';

export function WorkspaceSignInPage() {
  const t = useT();
  return (
    <Page
      title={t('Signing in')}
      description={t('What members have to show before they can work here. Only owners decide this.')}
      width="narrow"
    >
      <SecondFactor />
      <Providers />
    </Page>
  );
}

function SecondFactor() {
  const t = useT();
  const me = useMe();
  const { slug: tenant } = useWorkspace();
  const [asked, setAsked] = useState(false);
  const params = { path: { tenant } };
  const key = ['workspace', tenant, 'security'];
  const security = useQuery({
    queryKey: key,
    queryFn: () => call(api.GET('/api/v1/tenants/{tenant}/identity/security', { params })),
  });
  return (
    <Section
      title={t('Second factor of members')}
      description={t(
        'When it is demanded, whoever has none is let in to their own account alone, until they add one. Keys of service accounts are not asked.',
      )}
    >
      <Loaded query={security} height="h-10">
        {({ require_second_factor: demanded }) => (
          <>
            <div className="flex flex-wrap items-center justify-between gap-3">
              <p>
                {demanded ? (
                  <Badge tone="ok">{t('Demanded of everybody')}</Badge>
                ) : (
                  <Badge>{t('Everybody decides for themselves')}</Badge>
                )}
              </p>
              {(demanded || me.second_factor) && (
                <Button
                  onClick={() => {
                    setAsked(true);
                  }}
                >
                  {demanded ? t('Stop demanding it') : t('Demand it')}
                </Button>
              )}
            </div>
            {!demanded && !me.second_factor && (
              <div className="mt-4">
                <Note title={t('You have none yourself')}>
                  <p className="mb-2.5">{t('Add one first, or you would shut yourself out.')}</p>
                  <LinkButton size="sm" to="/account/security">
                    {t('Add a second factor')}
                  </LinkButton>
                </Note>
              </div>
            )}
            {asked && (
              <FormDialog
                title={
                  demanded ? t('Stop demanding a second factor?') : t('Demand a second factor of everybody?')
                }
                intro={
                  demanded
                    ? t('Members can then work here by their password alone.')
                    : t('Members without one cannot work here until they add one, starting now.')
                }
                danger={demanded}
                submit={demanded ? t('Stop demanding it') : t('Demand it')}
                onClose={() => {
                  setAsked(false);
                }}
                run={async () => {
                  const body = { require_second_factor: !demanded };
                  await call(api.PUT('/api/v1/tenants/{tenant}/identity/security', { params, body }));
                  await queries.invalidateQueries({ queryKey: key });
                }}
              />
            )}
          </>
        )}
      </Loaded>
    </Section>
  );
}

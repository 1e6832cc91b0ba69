/** Accounts at providers that sign in to this one. */
import { call, type Button as Provider, type Link as Linked } from '@gantry/client';
import { useQueries, useQuery } from '@tanstack/react-query';
import { LogIn } from 'lucide-react';
import { useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { Entry } from '@/layout/entries';
import { FormDialog } from '@/layout/form';
import { Loaded } from '@/layout/loaded';
import { Section } from '@/layout/page';
import { leave } from '@/pages/auth/departure';
import { Badge } from '@/ui/bits';
import { Button } from '@/ui/button';

interface Offer extends Provider {
  /** The workspace that it opens, where that is all it does. */
  workspace: string | null;
}

/** What this person can link: the installation's providers, and those of each workspace they are in. */
function useOffers(): Offer[] {
  const me = useMe();
  const found = useQueries({
    queries: me.memberships.map(({ slug, name }) => ({
      queryKey: ['providers', slug],
      queryFn: () => call(api.GET('/api/v1/auth/providers', { params: { query: { workspace: slug } } })),
      select: ({ items }: { items: Provider[] }) =>
        items.map((item) => ({ ...item, workspace: item.workspace_only ? name : null })),
    })),
  });
  const general = useQuery({
    queryKey: ['providers', null],
    queryFn: () => call(api.GET('/api/v1/auth/providers')),
  });
  const offers = [
    ...(general.data?.items ?? []).map((item) => ({ ...item, workspace: null })),
    ...found.flatMap(({ data }) => data ?? []),
  ];
  return [...new Map(offers.map((offer) => [offer.key, offer])).values()];
}

const hostOf = (issuer: string): string => (URL.canParse(issuer) ? new URL(issuer).host : issuer);

export function LinkedAccounts() {
  const t = useT();
  const act = useAct();
  const offers = useOffers();
  const links = useQuery({
    queryKey: ['me', 'linked-accounts'],
    queryFn: () => call(api.GET('/api/v1/me/linked-accounts')),
  });
  // Nobody needs to read of what this installation does not have.
  if (offers.length === 0 && links.data?.items.length === 0) return null;
  return (
    <Section
      title={t('Signing in by others')}
      description={t(
        'An account elsewhere signs you in here, too. Your second factor is asked for all the same.',
      )}
      flush
    >
      <Loaded query={links} height="h-16" className="p-5">
        {({ items }) => (
          <ul className="divide-y divide-line">
            {items.map((linked) => (
              <Row key={linked.id} linked={linked} />
            ))}
            {offers.map((offer) => (
              <Entry
                key={offer.key}
                icon={<LogIn aria-hidden />}
                title={offer.name}
                mark={offer.workspace !== null && <Badge>{offer.workspace}</Badge>}
                detail={
                  offer.workspace === null
                    ? t('Signs you in everywhere')
                    : t('Opens {workspace} only', { workspace: offer.workspace })
                }
                acts={
                  <Button
                    size="sm"
                    aria-label={t('Link {provider}', { provider: offer.name })}
                    disabled={act.busy}
                    onClick={() =>
                      act.run(async () => {
                        const { authorization_url: address } = await call(
                          api.POST('/api/v1/me/providers/{provider}/attempts', {
                            params: { path: { provider: offer.key } },
                          }),
                        );
                        leave(address, { purpose: 'link', provider: offer.name });
                      })
                    }
                  >
                    {t('Link')}
                  </Button>
                }
              />
            ))}
          </ul>
        )}
      </Loaded>
      {act.error !== null && (
        <div className="px-5 pt-4">
          <ActProblem act={act} />
        </div>
      )}
    </Section>
  );
}

function Row({ linked }: { linked: Linked }) {
  const t = useT();
  const me = useMe();
  const { day, time } = useFormat();
  const [removing, setRemoving] = useState(false);
  const host = hostOf(linked.issuer);
  const workspace = me.memberships.find(({ tenant }) => tenant === linked.workspace)?.name;
  const used =
    linked.last_used_at === null
      ? t('not used yet')
      : t('last used {time}', { time: time(linked.last_used_at) });
  return (
    <Entry
      icon={<LogIn aria-hidden />}
      title={host}
      mark={
        <>
          <Badge tone="ok">{t('Linked')}</Badge>
          {workspace !== undefined && <Badge>{workspace}</Badge>}
        </>
      }
      detail={
        <>
          <span className="break-all">{linked.subject}</span> ·{' '}
          {t('since {day}', { day: day(linked.created_at) })} · {used}
        </>
      }
      acts={
        <Button
          size="sm"
          aria-label={t('Remove {name}', { name: host })}
          onClick={() => {
            setRemoving(true);
          }}
        >
          {t('Remove')}
        </Button>
      }
    >
      {removing && (
        <FormDialog
          title={t('Remove {name}?', { name: host })}
          intro={t('It signs you in no more, and other sessions that began with it end.')}
          danger
          submit={t('Remove')}
          onClose={() => {
            setRemoving(false);
          }}
          run={async () => {
            await call(
              api.DELETE('/api/v1/me/linked-accounts/{link}', { params: { path: { link: linked.id } } }),
            );
            await queries.invalidateQueries({ queryKey: ['me', 'linked-accounts'] });
          }}
        />
      )}
    </Entry>
  );
}

/** Keeps what is shown as fresh as the server, for as long as somebody is signed in. */
import { events, type Me } from '@gantry/client';
import { useEffect, useState } from 'react';
import { api, meQuery, queries } from '@/api';
import { doubt, whenReachable } from '@/shell/offline';
import { concernsOf } from './concerns';
import { Renewals } from './renewals';
import { share } from './shared';

/** After a refusal that who is signed in does not explain. */
const AGAIN = 30_000;

/** A pause that the signal ends, and the server when it is back. */
const pause = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((done) => {
    const finish = () => {
      clearTimeout(timer);
      unsubscribe();
      signal?.removeEventListener('abort', finish);
      done();
    };
    const timer = setTimeout(finish, milliseconds);
    const unsubscribe = whenReachable(finish);
    signal?.addEventListener('abort', finish);
  });

/**
 * Listens to the workspace that is open, or to any other of the person's, because what concerns them alone comes with each. Staff without a
 * workspace have nothing to listen to; the bell asks for them.
 */
export function useLive(me: Me, open: string | undefined): void {
  const [attempt, setAttempt] = useState(0);
  const readable = me.memberships.filter(({ state }) => state === 'active' || state === 'suspended');
  const heard = readable.find(({ slug }) => slug === open) ?? readable[0];
  const tenant = heard?.tenant;
  const slug = heard?.slug;
  const whose = `${me.identity}.${me.impersonation?.operator ?? ''}`;

  useEffect(() => {
    if (tenant === undefined || slug === undefined) return;
    const renewals = new Renewals(queries, slug);
    let later: ReturnType<typeof setTimeout> | undefined;
    // What is kept of an earlier visit was not watched since.
    renewals.forget();
    const end = share({
      name: `gantry.events.${whose}.${tenant}`,
      open: (after, signal) =>
        events(api, tenant, { signal, wait: pause, ...(after === undefined ? {} : { after }) }),
      take: (told) => {
        switch (told.type) {
          case 'happened':
            renewals.note(concernsOf(told.kind));
            break;
          case 'opened':
            if (told.missed) renewals.note(['me', 'everything']);
            break;
          case 'interrupted':
            void doubt();
            break;
          case 'over':
            // Signed out, no member any more, or the session is for something else: who is signed in says which.
            void queries.invalidateQueries({ queryKey: meQuery.queryKey });
            later = setTimeout(() => {
              setAttempt((before) => before + 1);
            }, AGAIN);
        }
      },
    });
    return () => {
      end();
      renewals.stop();
      clearTimeout(later);
    };
  }, [tenant, slug, whose, attempt]);
}

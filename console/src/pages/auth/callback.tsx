/** Where the browser comes back to from a provider's page. It posts what it came with, once; opening it changes nothing by itself. */
import { call, type Return } from '@gantry/client';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { api, queries } from '@/api';
import { useT } from '@/i18n';
import { Problem } from '@/layout/problem';
import { Note, Skeleton } from '@/ui/bits';
import { LinkButton } from '@/ui/button';
import { toast } from '@/ui/toast';
import { begun, returned, type Journey } from './departure';
import { AuthPage } from './frame';
import { safeNext } from './link';
import { SecondStepPage, useSignIn } from './sign-in';

const link = (body: Return) => call(api.POST('/api/v1/me/linked-accounts', { body }));
const signIn = (body: Return) => call(api.POST('/api/v1/auth/sessions/provider', { body }));

/** What the browser came with is good once, and a page may be rendered twice. */
let posted: ReturnType<typeof link | typeof signIn> | null = null;

export function CallbackPage() {
  const t = useT();
  const [journey] = useState<Journey>(() => begun() ?? { purpose: 'sign-in', provider: '' });
  const home = journey.purpose === 'link' ? '/account/security' : '/sign-in';
  const back = (
    <LinkButton look="primary" className="w-full" to={home}>
      {journey.purpose === 'link' ? t('Back to your account') : t('Back to signing in')}
    </LinkButton>
  );
  if (returned === null) {
    return (
      <AuthPage
        title={t('This link is incomplete')}
        intro={t('Begin again: what a provider answers is good for one visit.')}
        footer={<Link to={home}>{t('Go on')}</Link>}
      />
    );
  }
  if ('refusal' in returned) {
    const declined = returned.refusal === 'access_denied';
    return (
      <AuthPage title={t('The provider did not let you in')}>
        <div className="flex flex-col gap-4">
          <Note tone="warn">
            {declined
              ? t('It was declined there. Nothing has changed here.')
              : t('It answered “{answer}”. Nothing has changed here.', { answer: returned.refusal })}
          </Note>
          {back}
        </div>
      </AuthPage>
    );
  }
  return <Post answer={returned.answer} journey={journey} back={back} />;
}

function Post({ answer, journey, back }: { answer: Return; journey: Journey; back: React.ReactNode }) {
  const t = useT();
  const navigate = useNavigate();
  const { step, setStep, done, goOn } = useSignIn(safeNext(journey.next));
  const [error, setError] = useState<unknown>(null);
  const { purpose, provider } = journey;

  useEffect(() => {
    let wanted = true;
    posted ??= purpose === 'link' ? link(answer) : signIn(answer);
    posted
      .then(async (given) => {
        if (!wanted) return;
        if ('subject' in given) {
          await queries.invalidateQueries({ queryKey: ['me'] });
          toast(t('{provider} is linked: you can sign in with it.', { provider }));
          await navigate({ to: '/account/security', replace: true });
        } else await goOn(given);
      })
      .catch((caught: unknown) => {
        if (wanted) setError(caught);
      });
    return () => {
      wanted = false;
    };
    // What the page came with does not change, and is posted once.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  if (step) {
    return (
      <SecondStepPage
        step={step}
        done={done}
        again={() => {
          setStep(null);
          void navigate({ to: '/sign-in' });
        }}
      />
    );
  }
  if (error !== null) {
    return (
      <AuthPage title={purpose === 'link' ? t('The account was not linked') : t('Signing in did not work')}>
        <div className="flex flex-col gap-4">
          <Problem error={error} />
          {back}
        </div>
      </AuthPage>
    );
  }
  return (
    <AuthPage title={purpose === 'link' ? t('Linking your account') : t('Signing you in')}>
      <Skeleton className="h-24 w-full" />
    </AuthPage>
  );
}

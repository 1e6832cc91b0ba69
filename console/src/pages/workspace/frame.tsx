/** What surrounds the pages of one workspace: whether it is there, ready, and writable. */
import { Outlet, useParams } from '@tanstack/react-router';
import { LoaderCircle, SearchX } from 'lucide-react';
import { useEffect } from 'react';
import { queries, useMe } from '@/api';
import { useT } from '@/i18n';
import { Page } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { rememberWorkspace } from '@/shell/workspace';
import { LinkButton } from '@/ui/button';

export function WorkspaceFrame() {
  const t = useT();
  const me = useMe();
  const { workspace: slug } = useParams({ strict: false });
  const membership = me.memberships.find((one) => one.slug === slug);
  const waiting = membership?.state === 'provisioning' || membership === undefined;

  useEffect(() => {
    if (membership) rememberWorkspace(membership.slug);
  }, [membership]);

  // The owner of a new workspace becomes its member when its database is there, moments after the address is confirmed.
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => void queries.invalidateQueries({ queryKey: ['me'] }), 1_000);
    const end = setTimeout(() => {
      clearInterval(timer);
    }, 20_000);
    return () => {
      clearInterval(timer);
      clearTimeout(end);
    };
  }, [waiting, slug]);

  if (membership === undefined) {
    return (
      <Page title={t('Not found')}>
        <Empty
          icon={<SearchX aria-hidden />}
          title={t('You are in no workspace of this name')}
          action={<LinkButton to="/workspaces">{t('Your workspaces')}</LinkButton>}
        >
          {t('If it has just been made, it opens here by itself in a moment.')}
        </Empty>
      </Page>
    );
  }
  if (membership.state === 'provisioning') {
    return (
      <Page title={membership.name}>
        <Empty
          icon={<LoaderCircle aria-hidden className="animate-spin" />}
          title={t('The workspace is being set up')}
        >
          {t('This takes moments; the page goes on by itself.')}
        </Empty>
      </Page>
    );
  }
  return (
    <>
      {membership.state === 'suspended' && (
        <div role="status" className="bg-warn-soft px-4 py-2 text-center text-sm text-warn">
          {t('This workspace is suspended: everything can be read, nothing changed.')}
        </div>
      )}
      <Outlet />
    </>
  );
}

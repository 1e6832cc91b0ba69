/** Signing in by others: a button for each provider of the installation, and of the workspace that somebody wants to open. */
import { call } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { LogIn } from 'lucide-react';
import { api } from '@/api';
import { useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { lastWorkspace } from '@/shell/workspace';
import { Button } from '@/ui/button';
import { leave } from './departure';

/** The workspace that an address of the console is in. */
export const workspaceOf = (address: string | undefined): string | undefined =>
  address === undefined ? undefined : /^\/w\/([a-z0-9-]+)/.exec(address)?.[1];

export function ProviderButtons({ next }: { next: string | undefined }) {
  const t = useT();
  const act = useAct();
  const workspace = workspaceOf(next) ?? lastWorkspace();
  const { data } = useQuery({
    queryKey: ['providers', workspace],
    queryFn: () =>
      call(api.GET('/api/v1/auth/providers', { params: { query: workspace === null ? {} : { workspace } } })),
    staleTime: 60_000,
  });
  // Signing in by a password needs nothing of this: what fails here is not there.
  if (!data || data.items.length === 0) return null;
  return (
    <>
      <ActProblem act={act} />
      {data.items.map(({ key, name, workspace_only: alone }) => (
        <div key={key}>
          <Button
            className="w-full"
            disabled={act.busy}
            onClick={() =>
              act.run(async () => {
                const { authorization_url: address } = await call(
                  api.POST('/api/v1/auth/providers/{provider}/attempts', {
                    params: { path: { provider: key } },
                    body: { mode: 'cookie' },
                  }),
                );
                leave(address, {
                  purpose: 'sign-in',
                  provider: name,
                  ...(next === undefined ? {} : { next }),
                });
              })
            }
          >
            <LogIn aria-hidden className="size-4 text-faint" />
            {t('Sign in with {provider}', { provider: name })}
          </Button>
          {alone && (
            <p className="mt-1 text-center text-xs text-faint">
              {t('Opens the workspace {workspace} only', { workspace: workspace ?? '' })}
            </p>
          )}
        </div>
      ))}
    </>
  );
}

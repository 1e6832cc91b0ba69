/** The frame of every page for people who are signed in. */
import { Link, Outlet, useLocation, useNavigate, useParams, useRouter } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import clsx from 'clsx';
import { ChevronsUpDown, LogOut, Menu as MenuIcon, Search, UserRound, Wrench, Check } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import type { Me } from '@gantry/client';
import { meQuery, signOut } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Problem } from '@/layout/problem';
import { useLive } from '@/live/use-live';
import { Initials, Kbd } from '@/ui/bits';
import { Dialog } from '@/ui/dialog';
import { Menu } from '@/ui/menu';
import { Bell } from './bell';
import { Mark } from './logo';
import { accountNav, platformNav, workspaceNav, type Group } from './nav';
import { OfflineBanner } from './offline';
import { Palette } from './palette';
import { LanguageMenu, ThemeMenu } from './preferences';
import { lastWorkspace, withRights, type Workspace } from './workspace';

const NoticesPanel = lazy(async () => ({
  default: (await import('@/pages/notices/panel')).NoticesPanel,
}));

/** Opens the pages below to whoever is signed in, and sends others to sign in first. */
export function SignedIn() {
  const { data: me, error, refetch } = useQuery(meQuery);
  if (error && !me) {
    return (
      <div className="mx-auto max-w-md p-8">
        <Problem error={error} retry={() => void refetch()} />
      </div>
    );
  }
  if (me === undefined) return <div aria-busy className="h-full" />;
  if (me === null) return <ToSignIn />;
  return <Shell me={me} />;
}

/** Goes to sign in once, and remembers where from. */
function ToSignIn() {
  const navigate = useNavigate();
  const [next] = useState(() => location.pathname);
  useEffect(() => {
    void navigate({ to: '/sign-in', search: { next }, replace: true });
  }, [navigate, next]);
  return null;
}

function Shell({ me }: { me: Me }) {
  const t = useT();
  const { workspace: slug } = useParams({ strict: false });
  const { pathname } = useLocation();
  const [drawer, setDrawer] = useState(false);
  const [palette, setPalette] = useState(false);
  const [tray, setTray] = useState(false);
  const router = useRouter();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useLive(me, slug ?? lastWorkspace() ?? undefined);

  const membership = me.memberships.find((one) => one.slug === (slug ?? lastWorkspace()));
  const workspace = useMemo(() => (membership ? withRights(membership) : null), [membership]);
  const [, part] = pathname.split('/');
  const groups = useMemo(() => {
    if (part === 'admin') return platformNav(me.platform_permissions, t);
    if (part === 'account' || part === 'reference') return accountNav(t);
    return workspace ? workspaceNav(workspace, t) : accountNav(t);
  }, [part, me.platform_permissions, workspace, t]);

  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setPalette(true);
      }
    };
    window.addEventListener('keydown', open);
    return () => {
      window.removeEventListener('keydown', open);
    };
  }, []);

  // What may be opened next is there before it is asked for, and when the network is gone.
  useEffect(() => {
    const places = groups.flatMap((group) => group.entries);
    const timer = setTimeout(() => {
      for (const { to, params } of places) void router.preloadRoute({ to, params: params ?? true });
    }, 300);
    return () => {
      clearTimeout(timer);
    };
  }, [groups, router]);

  // Another page: who reads by ear starts at its beginning.
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.focus();
  }, [pathname]);

  const side = (close?: () => void) => (
    <SideBar
      me={me}
      workspace={workspace}
      groups={groups}
      onGo={close}
      // Where there is a drawer, the bell stands beside its button.
      onTray={
        close
          ? undefined
          : () => {
              setTray(true);
            }
      }
      onSearch={() => {
        close?.();
        setPalette(true);
      }}
    />
  );
  return (
    <div className="flex h-full">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-raised px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t('Skip to the page')}
      </a>
      <aside className="hidden w-60 shrink-0 flex-col border-r border-line bg-sunken lg:flex">{side()}</aside>
      {drawer && (
        <Dialog
          title={t('Pages')}
          place="side"
          bare
          onClose={() => {
            setDrawer(false);
          }}
        >
          <div className="flex h-full flex-col">
            {side(() => {
              setDrawer(false);
            })}
          </div>
        </Dialog>
      )}
      <div className="flex min-w-0 flex-1 flex-col">
        {me.impersonation && <ActingBanner me={me} acting={me.impersonation} />}
        <OfflineBanner />
        <header className="flex items-center gap-2 border-b border-line bg-sunken px-3 py-2 lg:hidden">
          <button
            type="button"
            aria-label={t('Open the menu')}
            className="grid size-8 place-items-center rounded-md text-soft hover:bg-hover"
            onClick={() => {
              setDrawer(true);
            }}
          >
            <MenuIcon aria-hidden className="size-4.5" />
          </button>
          <Link to="/" className="flex min-w-0 items-center gap-2 font-semibold">
            <Mark className="size-5 shrink-0" />
            <span className="truncate">{workspace?.name ?? 'Gantry'}</span>
          </Link>
          <span className="ml-auto">
            <Bell
              me={me}
              onOpen={() => {
                setTray(true);
              }}
            />
          </span>
        </header>
        {/* It scrolls, also where a page has nothing else that can have the focus. */}
        {/* eslint-disable jsx-a11y/no-noninteractive-tabindex */}
        <main
          ref={main}
          id="main"
          tabIndex={0}
          className="min-h-0 flex-1 overflow-y-auto focus-visible:-outline-offset-2"
        >
          {/* eslint-enable jsx-a11y/no-noninteractive-tabindex */}
          <Outlet />
        </main>
      </div>
      {tray && (
        <Suspense>
          <NoticesPanel
            onClose={() => {
              setTray(false);
            }}
          />
        </Suspense>
      )}
      {palette && (
        <Palette
          me={me}
          workspace={workspace}
          groups={groups}
          onClose={() => {
            setPalette(false);
          }}
        />
      )}
    </div>
  );
}

function SideBar({
  me,
  workspace,
  groups,
  onGo,
  onTray,
  onSearch,
}: {
  me: Me;
  workspace: Workspace | null;
  groups: readonly Group[];
  onGo: (() => void) | undefined;
  onTray: (() => void) | undefined;
  onSearch: () => void;
}) {
  const t = useT();
  const navigate = useNavigate();
  const mac = navigator.userAgent.includes('Mac');
  return (
    <>
      <div className="p-2">
        <Menu
          label={t('Workspaces')}
          worded
          align="start"
          button={
            <span className="flex min-w-0 flex-1 items-center gap-2.5 px-2 py-1.5">
              <Mark className="size-6 shrink-0" />
              <span className="min-w-0 flex-1 truncate font-semibold">{workspace?.name ?? 'Gantry'}</span>
              <ChevronsUpDown aria-hidden className="size-3.5 text-faint" />
            </span>
          }
          items={[
            ...me.memberships.map((membership) => ({
              key: membership.tenant,
              label: membership.name,
              chosen: membership.slug === workspace?.slug,
              icon:
                membership.slug === workspace?.slug ? (
                  <Check aria-hidden className="size-4" />
                ) : (
                  <span className="size-4" />
                ),
              onSelect: () => {
                onGo?.();
                void navigate({ to: '/w/$workspace', params: { workspace: membership.slug } });
              },
            })),
            ...(me.platform_permissions.length > 0
              ? [
                  {
                    key: 'platform',
                    label: t('Platform'),
                    icon: <Wrench aria-hidden className="size-4 text-faint" />,
                    onSelect: () => {
                      onGo?.();
                      void navigate({ to: '/admin' });
                    },
                  },
                ]
              : []),
          ]}
        />
        <div className="mt-1.5 flex items-center gap-1">
          <button
            type="button"
            onClick={onSearch}
            className="flex min-w-0 flex-1 items-center gap-2 rounded-md border border-line bg-surface px-2.5 py-1.5 text-sm text-faint hover:border-edge"
          >
            <Search aria-hidden className="size-3.5" />
            <span className="flex-1 text-left">{t('Search')}</span>
            <Kbd>{mac ? '⌘K' : 'Ctrl K'}</Kbd>
          </button>
          {onTray && <Bell me={me} onOpen={onTray} />}
        </div>
      </div>
      <nav aria-label={t('Pages')} className="flex-1 overflow-y-auto px-2 pb-4">
        {groups.map((group, at) => (
          <div key={group.title ?? at} className="mt-3">
            {group.title !== undefined && (
              <p className="px-2 pb-1 text-xs font-medium text-faint">{group.title}</p>
            )}
            <ul className="flex flex-col gap-px">
              {group.entries.map((entry) => (
                <li key={entry.to}>
                  <Link
                    to={entry.to}
                    params={entry.params ?? true}
                    activeOptions={{ exact: entry.exact ?? false }}
                    onClick={onGo}
                    className="flex items-center gap-2.5 rounded-md px-2 py-1.5 text-sm"
                    activeProps={{ className: 'bg-accent-soft font-medium text-accent' }}
                    inactiveProps={{ className: 'text-soft hover:bg-hover hover:text-ink' }}
                  >
                    <entry.icon aria-hidden className="size-4" />
                    {entry.label}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <div className="flex items-center gap-0.5 border-t border-line p-2">
        <div className="min-w-0 flex-1">
          <AccountMenu me={me} onGo={onGo} />
        </div>
        <LanguageMenuUp />
        <ThemeMenuUp />
      </div>
    </>
  );
}

/** At the foot of the page menus open upwards. */
const upwards = clsx('[&>div>div]:bottom-full [&>div>div]:mb-1');
const LanguageMenuUp = () => (
  <div className={upwards}>
    <LanguageMenu />
  </div>
);
const ThemeMenuUp = () => (
  <div className={upwards}>
    <ThemeMenu />
  </div>
);

function AccountMenu({ me, onGo }: { me: Me; onGo: (() => void) | undefined }) {
  const t = useT();
  const navigate = useNavigate();
  return (
    <div className={upwards}>
      <Menu
        label={t('Account')}
        worded
        align="start"
        button={
          <span className="flex min-w-0 items-center gap-2 p-1.5">
            <Initials name={me.name} />
            <span className="min-w-0 flex-1 truncate text-sm">{me.name}</span>
          </span>
        }
        header={<p className="truncate px-2 pt-1 pb-1.5 text-xs text-faint">{me.email}</p>}
        items={[
          // A session that opens one workspace does not open the account.
          ...(typeof me.only_workspace === 'string'
            ? []
            : [
                {
                  key: 'account',
                  label: t('Your account'),
                  icon: <UserRound aria-hidden className="size-4 text-faint" />,
                  onSelect: () => {
                    onGo?.();
                    void navigate({ to: '/account' });
                  },
                },
              ]),
          {
            key: 'out',
            label: t('Sign out'),
            icon: <LogOut aria-hidden className="size-4 text-faint" />,
            onSelect: () => void signOut(),
          },
        ]}
      />
    </div>
  );
}

function ActingBanner({ me, acting }: { me: Me; acting: NonNullable<Me['impersonation']> }) {
  const t = useT();
  const { time } = useFormat();
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center justify-center gap-x-3 gap-y-1 bg-danger-fill px-4 py-2 text-sm text-white"
    >
      <span>
        {t('You act as {name} until {until}: {reason}', {
          name: me.name,
          until: time(acting.until),
          reason: acting.reason,
        })}
      </span>
      <button type="button" className="font-medium underline" onClick={() => void signOut()}>
        {t('Stop')}
      </button>
    </div>
  );
}

/** Every address of the console. Pages are loaded when they are opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  type ErrorComponentProps,
} from '@tanstack/react-router';
import { meQuery, queries } from '@/api';
import { useT } from '@/i18n';
import { Empty, Problem } from '@/layout/problem';
import { Page } from '@/layout/page';
import { LinkButton } from '@/ui/button';
import { SearchX } from 'lucide-react';
import { OfflineBanner } from '@/shell/offline';
import { StepUpDialog } from '@/shell/step-up';
import { lastWorkspace } from '@/shell/workspace';
// First of all pages: it takes the provider's answer out of the address before the router reads it.
import { CALLBACK } from '@/pages/auth/departure';
import { safeNext } from '@/pages/auth/link';
import { Toasts } from '@/ui/toast';

const root = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <StepUpDialog />
      <Toasts />
    </>
  ),
});

const auth = () => import('@/pages/auth/links');
const page = lazyRouteComponent;

const open = createRoute({
  getParentRoute: () => root,
  id: 'open',
  component: () => (
    <div className="flex h-full flex-col">
      <OfflineBanner />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <Outlet />
      </div>
    </div>
  ),
});

const start = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: async () => {
    const me = await queries.query(meQuery);
    if (!me) throw redirect({ to: '/sign-in' });
    const last = me.memberships.find((one) => one.slug === lastWorkspace()) ?? me.memberships[0];
    if (last && (me.memberships.length === 1 || last.slug === lastWorkspace())) {
      throw redirect({ to: '/w/$workspace', params: { workspace: last.slug } });
    }
    if (!last && me.platform_permissions.length > 0) throw redirect({ to: '/admin' });
    throw redirect({ to: '/workspaces' });
  },
});

const signIn = createRoute({
  getParentRoute: () => open,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string } => {
    const next = safeNext(search['next']);
    return next === undefined ? {} : { next };
  },
  component: page(() => import('@/pages/auth/sign-in'), 'SignInPage'),
});

const openPages = [
  signIn,
  createRoute({
    getParentRoute: () => open,
    path: '/sign-up',
    component: page(() => import('@/pages/auth/sign-up'), 'SignUpPage'),
  }),
  createRoute({
    getParentRoute: () => open,
    path: CALLBACK,
    component: page(() => import('@/pages/auth/callback'), 'CallbackPage'),
  }),
  createRoute({ getParentRoute: () => open, path: '/verify', component: page(auth, 'VerifyPage') }),
  createRoute({
    getParentRoute: () => open,
    path: '/forgot-password',
    component: page(auth, 'ForgotPasswordPage'),
  }),
  createRoute({
    getParentRoute: () => open,
    path: '/reset-password',
    component: page(auth, 'ResetPasswordPage'),
  }),
  createRoute({ getParentRoute: () => open, path: '/unlock', component: page(auth, 'UnlockPage') }),
  createRoute({
    getParentRoute: () => open,
    path: '/change-email',
    component: page(auth, 'ChangeEmailPage'),
  }),
  createRoute({ getParentRoute: () => open, path: '/set-up', component: page(auth, 'SetUpPage') }),
  createRoute({
    getParentRoute: () => open,
    path: '/invitation',
    component: page(() => import('@/pages/auth/invitation'), 'InvitationPage'),
  }),
];

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  component: page(() => import('@/shell/app'), 'SignedIn'),
});

const workspaces = createRoute({
  getParentRoute: () => signedIn,
  path: '/workspaces',
  component: page(() => import('@/pages/account/workspaces'), 'WorkspacesPage'),
});

const accountPages = [
  createRoute({
    getParentRoute: () => signedIn,
    path: '/account',
    component: page(() => import('@/pages/account/profile'), 'ProfilePage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/account/security',
    component: page(() => import('@/pages/account/security'), 'SecurityPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/account/sessions',
    component: page(() => import('@/pages/account/sessions'), 'SessionsPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/notifications',
    component: page(() => import('@/pages/notices/page'), 'NoticesPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/reference',
    component: page(() => import('@/pages/reference/page'), 'ReferencePage'),
  }),
];

const workspace = createRoute({
  getParentRoute: () => signedIn,
  path: '/w/$workspace',
  component: page(() => import('@/pages/workspace/frame'), 'WorkspaceFrame'),
});

const workspacePages = [
  createRoute({
    getParentRoute: () => workspace,
    path: '/',
    component: page(() => import('@/pages/workspace/overview'), 'OverviewPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/members',
    component: page(() => import('@/pages/workspace/members'), 'MembersPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/roles',
    component: page(() => import('@/pages/workspace/roles'), 'RolesPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/services',
    component: page(() => import('@/pages/workspace/services'), 'ServicesPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/services/$service',
    component: page(() => import('@/pages/workspace/services'), 'ServicePage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/audit',
    component: page(() => import('@/pages/workspace/audit'), 'AuditPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/settings',
    component: page(() => import('@/pages/workspace/settings'), 'SettingsPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/sign-in',
    component: page(() => import('@/pages/workspace/sign-in'), 'WorkspaceSignInPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/spaces/branches',
    component: page(() => import('@/pages/spaces/branches'), 'BranchesPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/spaces/branches/$branch',
    component: page(() => import('@/pages/spaces/seating/branch'), 'BranchPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/spaces/branches/$branch/map',
    component: page(() => import('@/pages/spaces/seating/editor'), 'MapEditorPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/spaces/seats',
    component: page(() => import('@/pages/spaces/seating/seats'), 'SeatsPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/spaces/seats/$branch',
    component: page(() => import('@/pages/spaces/seating/seats'), 'SeatsPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/spaces/students',
    component: page(() => import('@/pages/spaces/students'), 'StudentsPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/spaces/students/$student',
    component: page(() => import('@/pages/spaces/student'), 'StudentPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/spaces/imports',
    component: page(() => import('@/pages/spaces/imports'), 'ImportsPage'),
  }),
  createRoute({
    getParentRoute: () => workspace,
    path: '/spaces/imports/$import',
    component: page(() => import('@/pages/spaces/import'), 'ImportPage'),
  }),
];

const platformPages = [
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin',
    component: page(() => import('@/pages/admin/home'), 'PlatformPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin/metrics',
    component: page(() => import('@/pages/admin/metrics'), 'MetricsPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin/fleet',
    component: page(() => import('@/pages/admin/fleet'), 'FleetPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin/configuration',
    component: page(() => import('@/pages/admin/configuration'), 'ConfigurationPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin/tenants',
    component: page(() => import('@/pages/admin/tenants'), 'TenantsPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin/tenants/$tenant',
    component: page(() => import('@/pages/admin/tenant'), 'TenantPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin/backups',
    component: page(() => import('@/pages/admin/backups'), 'BackupsPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin/backups/$backup',
    component: page(() => import('@/pages/admin/backup'), 'BackupPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin/people',
    component: page(() => import('@/pages/admin/people'), 'PeoplePage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin/mails',
    component: page(() => import('@/pages/admin/queues'), 'MailsPage'),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: '/admin/jobs',
    component: page(() => import('@/pages/admin/queues'), 'JobsPage'),
  }),
];

const tree = root.addChildren([
  start,
  open.addChildren(openPages),
  signedIn.addChildren([
    workspaces,
    ...accountPages,
    ...platformPages,
    workspace.addChildren(workspacePages),
  ]),
]);

/** A page that failed shows why and can be tried again; the frame around it stays. */
function Failed({ error, reset }: ErrorComponentProps) {
  return (
    <div className="mx-auto max-w-2xl p-8">
      <Problem error={error} retry={reset} />
    </div>
  );
}

function Nowhere() {
  const t = useT();
  return (
    <Page title={t('Not found')}>
      <Empty
        icon={<SearchX aria-hidden />}
        title={t('There is no page at this address')}
        action={<LinkButton to="/">{t('Go to the start page')}</LinkButton>}
      >
        {t('It may have moved, or it is not yours to see.')}
      </Empty>
    </Page>
  );
}

export const router = createRouter({
  routeTree: tree,
  defaultErrorComponent: Failed,
  defaultNotFoundComponent: Nowhere,
  defaultPreload: 'intent',
  scrollRestoration: false,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

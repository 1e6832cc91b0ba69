/** The pages there are, each with the permission that opens it. Pages that somebody may not see are not offered. */
import type { LinkProps } from '@tanstack/react-router';
import {
  Activity,
  Armchair,
  BookOpen,
  Building2,
  ClipboardList,
  DatabaseBackup,
  FileUp,
  GraduationCap,
  House,
  KeyRound,
  Layers,
  LogIn,
  Bot,
  Mail,
  Server,
  Settings,
  ShieldCheck,
  Skull,
  SlidersHorizontal,
  UserRound,
  Users,
  UsersRound,
  type LucideIcon,
} from 'lucide-react';
import type { T } from '@/i18n';
import type { Workspace } from './workspace';

export interface Entry {
  label: string;
  to: NonNullable<LinkProps['to']>;
  params?: { workspace: string };
  icon: LucideIcon;
  /** Only this very address marks it as open. */
  exact?: boolean;
}

export interface Group {
  title?: string;
  entries: Entry[];
}

const filled = (groups: Group[]): Group[] => groups.filter((group) => group.entries.length > 0);

export function workspaceNav(workspace: Workspace, t: T): Group[] {
  const params = { workspace: workspace.slug };
  const entry = (permission: string | null, rest: Omit<Entry, 'params'>): Entry[] =>
    permission === null || workspace.can(permission) ? [{ ...rest, params }] : [];
  return filled([
    { entries: entry(null, { label: t('Overview'), to: '/w/$workspace', icon: House, exact: true }) },
    {
      title: t('Spaces'),
      entries: [
        ...entry('spaces.student.read', {
          label: t('Students'),
          to: '/w/$workspace/spaces/students',
          icon: GraduationCap,
        }),
        ...entry('spaces.seat.read', {
          label: t('Seats'),
          to: '/w/$workspace/spaces/seats',
          icon: Armchair,
        }),
        ...entry('spaces.branch.read', {
          label: t('Branches'),
          to: '/w/$workspace/spaces/branches',
          icon: Building2,
        }),
        ...entry('spaces.student.import', {
          label: t('Imports'),
          to: '/w/$workspace/spaces/imports',
          icon: FileUp,
        }),
      ],
    },
    {
      title: t('Workspace'),
      entries: [
        ...entry('identity.member.read', { label: t('Members'), to: '/w/$workspace/members', icon: Users }),
        ...entry('identity.member.read', { label: t('Roles'), to: '/w/$workspace/roles', icon: ShieldCheck }),
        ...entry('identity.service.read', {
          label: t('Service accounts'),
          to: '/w/$workspace/services',
          icon: Bot,
        }),
        ...entry('identity.audit.read', {
          label: t('Audit log'),
          to: '/w/$workspace/audit',
          icon: ClipboardList,
        }),
        ...entry('identity.ownership.transfer', {
          label: t('Signing in'),
          to: '/w/$workspace/sign-in',
          icon: LogIn,
        }),
        ...entry('tenancy.workspace.read', {
          label: t('Settings'),
          to: '/w/$workspace/settings',
          icon: Settings,
        }),
      ],
    },
  ]);
}

export function accountNav(t: T): Group[] {
  return [
    {
      title: t('Account'),
      entries: [
        { label: t('Profile'), to: '/account', icon: UserRound, exact: true },
        { label: t('Security'), to: '/account/security', icon: KeyRound },
        { label: t('Sessions'), to: '/account/sessions', icon: Server },
      ],
    },
    {
      title: t('For programs'),
      entries: [{ label: t('API reference'), to: '/reference', icon: BookOpen }],
    },
  ];
}

export function platformNav(permissions: readonly string[], t: T): Group[] {
  const entry = (permission: string, rest: Entry): Entry[] =>
    permissions.includes(permission) ? [rest] : [];
  return filled([
    {
      title: t('Platform'),
      entries: [
        ...(permissions.length > 0
          ? [{ label: t('Health'), to: '/admin' as const, icon: Server, exact: true }]
          : []),
        ...entry('telemetry.metrics.read', { label: t('Metrics'), to: '/admin/metrics', icon: Activity }),
        ...entry('tenancy.tenant.read', { label: t('Tenants'), to: '/admin/tenants', icon: Building2 }),
        ...entry('tenancy.tenant.read', { label: t('Fleet'), to: '/admin/fleet', icon: Layers }),
        ...entry('identity.person.read', { label: t('People'), to: '/admin/people', icon: UsersRound }),
        ...entry('backup.backup.read', {
          label: t('Backups and drills'),
          to: '/admin/backups',
          icon: DatabaseBackup,
        }),
        ...entry('notify.mail.read', { label: t('Mail'), to: '/admin/mails', icon: Mail }),
        ...entry('notify.job.read', { label: t('Dead jobs'), to: '/admin/jobs', icon: Skull }),
        ...entry('telemetry.configuration.read', {
          label: t('Configuration'),
          to: '/admin/configuration',
          icon: SlidersHorizontal,
        }),
      ],
    },
  ]);
}

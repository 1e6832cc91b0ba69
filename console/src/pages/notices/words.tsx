/** What a notice says, and the place it is about. */
import type { Notice } from '@gantry/client';
import type { LinkProps } from '@tanstack/react-router';
import {
  AlarmClock,
  Bell,
  DatabaseBackup,
  FileCheck,
  FileX,
  MailWarning,
  MailPlus,
  ShieldCheck,
  Truck,
  type LucideIcon,
} from 'lucide-react';
import type { T } from '@/i18n';

export interface Words {
  icon: LucideIcon;
  title: string;
  detail?: string;
  place?: Pick<LinkProps, 'to' | 'params'> | undefined;
  /** Something is to be done about it. */
  alarm?: boolean;
}

export function wordsOf({ kind, subjects, tenant }: Notice, t: T): Words {
  const text = (name: string): string | undefined => {
    const value = subjects[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const workspace = tenant?.slug ?? '';
  const where = tenant?.name ?? '';
  const importOf = (): Pick<Words, 'place'> => {
    const id = text('import');
    if (id === undefined) return {};
    return { place: { to: '/w/$workspace/spaces/imports/$import', params: { workspace, import: id } } };
  };
  const backupOf = (): Words['place'] => {
    const id = text('backup');
    return id === undefined
      ? { to: '/admin/backups' }
      : { to: '/admin/backups/$backup', params: { backup: id } };
  };
  const tenantOf = (): Words['place'] => {
    const id = text('tenant');
    return id === undefined
      ? { to: '/admin/tenants' }
      : { to: '/admin/tenants/$tenant', params: { tenant: id } };
  };
  switch (kind) {
    case 'spaces.import.finished':
      return {
        icon: FileCheck,
        title: t('An import is done'),
        detail: t('{n} rows are in, {refused} were refused.', {
          n: text('accepted_rows') ?? '–',
          refused: text('rejected_rows') ?? '–',
        }),
        ...importOf(),
      };
    case 'spaces.import.failed':
      return { icon: FileX, title: t('An import was given up'), alarm: true, ...importOf() };
    case 'spaces.ticket.breached':
      return { icon: AlarmClock, title: t('A ticket was not solved in time'), alarm: true };
    case 'files.file.refused':
      return {
        icon: FileX,
        title: t('A file was refused'),
        detail: t('It is not what it says it is, or holds what is not let in.'),
        alarm: true,
      };
    case 'identity.role.changed':
      return {
        icon: ShieldCheck,
        title: t('Somebody changed your roles in {workspace}', { workspace: where }),
        place: { to: '/w/$workspace', params: { workspace } },
      };
    case 'identity.invitation.received':
      return {
        icon: MailPlus,
        title: t('You are invited to {workspace}', { workspace: where }),
        detail: t('As {role}. The link to join is in the mail.', { role: text('role_title') ?? '–' }),
      };
    case 'backup.failed':
      return { icon: DatabaseBackup, title: t('A backup failed'), alarm: true, place: backupOf() };
    case 'backup.stale':
      return {
        icon: DatabaseBackup,
        title: t('The last good backup is too old'),
        alarm: true,
        place: { to: '/admin/backups' },
      };
    case 'tenancy.move.finished':
      return {
        icon: Truck,
        title: t('A tenant is in its new home'),
        detail: t('The former database is kept until you make the move final.'),
        place: tenantOf(),
      };
    case 'tenancy.move.failed':
      return { icon: Truck, title: t('The move of a tenant failed'), alarm: true, place: tenantOf() };
    case 'notify.mail.dead':
      return {
        icon: MailWarning,
        title: t('A mail was given up'),
        detail: text('template') ?? '',
        alarm: true,
        place: { to: '/admin/mails' },
      };
    default:
      return { icon: Bell, title: kind };
  }
}

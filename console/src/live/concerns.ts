/**
 * What each kind of event makes out of date. The first part of a query's key says what the query is about, the second, below a workspace, which
 * workspace: by that a query declares what it concerns, and this is the one place that says which events touch it.
 */

/** What queries of one workspace are about: the first part of their keys, before the workspace's address. */
export const topics = [
  'announcements',
  'audit',
  'branches',
  'documents',
  'claims',
  'closures',
  'imports',
  'invitations',
  'leads',
  'limits',
  'maps',
  'members',
  'occupancy',
  'palette',
  'people',
  'referrals',
  'policies',
  'roles',
  'seats',
  'services',
  'shifts',
  'students',
  'tickets',
  'units',
  'workspace',
  'zones',
] as const;

export type Topic = (typeof topics)[number];

/**
 * `everything` is all topics of the workspace, `me` what is known of whoever is signed in, `notices` their tray, `backups` those of the platform, which
 * operators are told of.
 */
export type Concern = Topic | 'backups' | 'everything' | 'me' | 'notices';

/** Every kind of event there is. A test looks in the server's sources for kinds that are missing here. */
export const concerns: Readonly<Record<string, readonly Concern[]>> = {
  'backup.backup.changed': ['backups'],
  'backup.work.changed': ['backups'],
  'identity.access.changed': ['me', 'everything'],
  'identity.api_key.changed': ['services', 'audit'],
  'identity.invitation.changed': ['invitations', 'audit', 'limits'],
  'identity.member.changed': ['members', 'people', 'audit', 'limits'],
  'identity.role.changed': ['roles', 'members', 'audit'],
  'identity.service.changed': ['services', 'people', 'audit', 'limits'],
  'notify.notice.created': ['notices'],
  'notify.notice.read': ['notices'],
  'notify.notice.removed': ['notices'],
  'files.file.changed': ['audit'],
  'spaces.announcement.changed': ['announcements', 'audit'],
  'spaces.branch.changed': ['branches', 'units', 'audit', 'limits'],
  'spaces.document.changed': ['documents', 'audit'],
  'spaces.import.changed': ['imports'],
  'spaces.import.failed': ['imports'],
  'spaces.import.finished': ['imports', 'students', 'audit', 'limits'],
  'spaces.import.undone': ['imports', 'students', 'audit', 'limits'],
  'spaces.lead.changed': ['leads', 'audit'],
  'spaces.referral.changed': ['referrals', 'audit'],
  'spaces.closure.changed': ['closures', 'occupancy', 'audit'],
  'spaces.policy.changed': ['policies', 'audit'],
  'spaces.seat.changed': ['seats', 'maps', 'occupancy', 'audit', 'limits'],
  'spaces.seat.occupied': ['occupancy', 'claims'],
  'spaces.seat_map.changed': ['maps', 'audit'],
  'spaces.shift.changed': ['shifts', 'occupancy', 'audit'],
  'spaces.zone.changed': ['zones', 'audit'],
  'spaces.student.changed': ['students', 'palette', 'limits'],
  'spaces.ticket.changed': ['tickets', 'audit'],
  'tenancy.workspace.changed': ['me', 'workspace', 'limits', 'audit'],
  'tenancy.workspace.resumed': ['me', 'workspace', 'audit'],
  'tenancy.workspace.suspended': ['me', 'workspace', 'audit'],
};

/** Of an event that this console does not know, as after an update of the server, everything may be out of date. */
export const concernsOf = (kind: string): readonly Concern[] => concerns[kind] ?? ['everything'];

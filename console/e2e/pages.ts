/** Every page of the console, and a workspace that has something to show on it. */
import { readFileSync } from 'node:fs';
import type { World } from './world';

export interface Stop {
  name: string;
  path: string;
  heading: string;
}

export interface Seeded {
  owner: string;
  slug: string;
  student: string;
  import: string;
  service: string;
}

export const openPages: readonly Stop[] = [
  { name: 'sign-in', path: '/sign-in', heading: 'Sign in' },
  { name: 'sign-up', path: '/sign-up', heading: 'Make a workspace' },
  { name: 'forgot-password', path: '/forgot-password', heading: 'Reset your password' },
  { name: 'verify', path: '/verify#token=none', heading: 'Confirm your address' },
  { name: 'reset-password', path: '/reset-password#token=none', heading: 'Choose a new password' },
  { name: 'unlock', path: '/unlock#token=none', heading: 'Unlock your account' },
  { name: 'change-email', path: '/change-email#token=none', heading: 'Move your account to this address' },
  { name: 'set-up', path: '/set-up#token=none', heading: 'Set up Gantry' },
  {
    name: 'callback',
    path: '/sign-in/callback?error=access_denied',
    heading: 'The provider did not let you in',
  },
  { name: 'invitation', path: '/invitation#token=none', heading: 'This invitation cannot be opened' },
];

export const accountPages: readonly Stop[] = [
  { name: 'workspaces', path: '/workspaces', heading: 'Your workspaces' },
  { name: 'profile', path: '/account', heading: 'Profile' },
  { name: 'security', path: '/account/security', heading: 'Security' },
  { name: 'notifications', path: '/notifications', heading: 'Notifications' },
  { name: 'sessions', path: '/account/sessions', heading: 'Sessions' },
  { name: 'reference', path: '/reference', heading: 'API reference' },
];

/** What somebody in no workspace but of the platform's staff sees. */
export const platformPages = (tenant: string, backup?: string): Stop[] => [
  { name: 'admin', path: '/admin', heading: 'Platform' },
  { name: 'admin-tenants', path: '/admin/tenants', heading: 'Tenants' },
  { name: 'admin-tenant', path: `/admin/tenants/${tenant}`, heading: 'North Hall' },
  { name: 'admin-metrics', path: '/admin/metrics', heading: 'Metrics' },
  { name: 'admin-fleet', path: '/admin/fleet', heading: 'Fleet' },
  { name: 'admin-configuration', path: '/admin/configuration', heading: 'Configuration' },
  { name: 'admin-people', path: '/admin/people', heading: 'People' },
  { name: 'admin-backups', path: '/admin/backups', heading: 'Backups and drills' },
  ...(backup === undefined
    ? []
    : [{ name: 'admin-backup', path: `/admin/backups/${backup}`, heading: 'Databases' }]),
  { name: 'admin-mails', path: '/admin/mails', heading: 'Mail' },
  { name: 'admin-jobs', path: '/admin/jobs', heading: 'Dead jobs' },
];

export const workspacePages = (seeded: Seeded): Stop[] => {
  const base = `/w/${seeded.slug}`;
  return [
    { name: 'overview', path: base, heading: 'North Hall' },
    { name: 'members', path: `${base}/members`, heading: 'Members' },
    { name: 'roles', path: `${base}/roles`, heading: 'Roles' },
    { name: 'services', path: `${base}/services`, heading: 'Service accounts' },
    { name: 'service', path: `${base}/services/${seeded.service}`, heading: 'Door reader' },
    { name: 'audit', path: `${base}/audit`, heading: 'Audit log' },
    { name: 'signing-in', path: `${base}/sign-in`, heading: 'Signing in' },
    { name: 'settings', path: `${base}/settings`, heading: 'Settings' },
    { name: 'branches', path: `${base}/spaces/branches`, heading: 'Branches' },
    { name: 'students', path: `${base}/spaces/students`, heading: 'Students' },
    { name: 'student', path: `${base}/spaces/students/${seeded.student}`, heading: 'Zoe Example' },
    { name: 'imports', path: `${base}/spaces/imports`, heading: 'Imports' },
    { name: 'import', path: `${base}/spaces/imports/${seeded.import}`, heading: 'students.csv' },
    { name: 'not-found', path: `${base}/nothing`, heading: 'Not found' },
  ];
};

const students = readFileSync(new URL('../../examples/students.csv', import.meta.url), 'utf8');

/** An owner with branches, students, an import with faults, an invitation, a role and a service account. */
export async function populate(world: World): Promise<Seeded> {
  const owner = 'ada@example.com';
  const visitor = await world.visitor();
  await visitor.signUp(owner, 'Ada Example', 'North Hall');
  const slug = 'north-hall';
  const api = async (method: string, path: string, body?: unknown, type = 'application/json') => {
    const answer = await visitor.page.evaluate(
      async ([method_, path_, text, kind]) => {
        const token = (await (await fetch('/api/v1/csrf-token')).json()) as { csrf_token: string };
        const response = await fetch(path_, {
          method: method_,
          headers: { 'x-csrf-token': token.csrf_token, ...(text === null ? {} : { 'content-type': kind }) },
          body: text,
        });
        return { ok: response.ok, status: response.status, text: await response.text() };
      },
      [
        method,
        `/api/v1/tenants/${slug}${path}`,
        body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
        type,
      ] as const,
    );
    if (!answer.ok) throw new Error(`${method} ${path}: ${String(answer.status)} ${answer.text}`);
    return (answer.text === '' ? {} : JSON.parse(answer.text)) as { id: string; state?: string };
  };
  const main = await api('POST', '/spaces/branches', {
    code: 'MAIN',
    name: 'Main hall',
    city: 'Pune',
    time_zone: 'Asia/Kolkata',
  });
  await api('POST', '/spaces/branches', {
    code: 'EAST',
    name: 'East hall',
    city: 'Pune',
    time_zone: 'Asia/Kolkata',
  });
  const student = await api('POST', '/spaces/students', {
    branch_id: main.id,
    name: 'Zoe Example',
    phone: '9111111111',
    guardian_name: 'Max Example',
    notes: 'Prefers a seat by the window.',
  });
  const upload = await api(
    'POST',
    `/spaces/imports?file_name=students.csv&default_branch=${main.id}`,
    students,
    'text/csv',
  );
  await api('POST', `/spaces/imports/${upload.id}/dry-run`);
  for (;;) {
    const { state } = await api('GET', `/spaces/imports/${upload.id}`);
    if (state === 'checked') break;
  }
  const done = await api(
    'POST',
    `/spaces/imports?file_name=first.csv&default_branch=${main.id}`,
    students,
    'text/csv',
  );
  await api('POST', `/spaces/imports/${done.id}/run`);
  for (;;) {
    const { state } = await api('GET', `/spaces/imports/${done.id}`);
    if (state === 'done') break;
  }
  await api('POST', '/identity/invitations', { email: 'desk@example.com', role: 'spaces.receptionist' });
  await api('POST', '/identity/roles', {
    title: 'Front desk',
    permissions: ['spaces.branch.read', 'spaces.student.read', 'spaces.student.write'],
  });
  const service = await api('POST', '/identity/service-accounts', {
    name: 'Door reader',
    grants: [{ role: 'spaces.receptionist', scope: 'all', units: [] }],
  });
  await api('POST', `/identity/service-accounts/${service.id}/keys`, { name: 'Main door' });
  await visitor.leave();
  return { owner, slug, student: student.id, import: upload.id, service: service.id };
}

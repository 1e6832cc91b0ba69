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
  branch: string;
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
    { name: 'branch', path: `${base}/spaces/branches/${seeded.branch}`, heading: 'Main hall' },
    { name: 'seat-map', path: `${base}/spaces/branches/${seeded.branch}/map`, heading: 'Map of Main hall' },
    { name: 'seats', path: `${base}/spaces/seats/${seeded.branch}`, heading: 'Seats' },
    { name: 'students', path: `${base}/spaces/students`, heading: 'Students' },
    { name: 'student', path: `${base}/spaces/students/${seeded.student}`, heading: 'Zoe Example' },
    { name: 'imports', path: `${base}/spaces/imports`, heading: 'Imports' },
    { name: 'import', path: `${base}/spaces/imports/${seeded.import}`, heading: 'students.csv' },
    { name: 'not-found', path: `${base}/nothing`, heading: 'Not found' },
  ];
};

type Api = (method: string, path: string, body?: unknown) => Promise<unknown>;

/** Two rooms with seats, drawn, in three shifts, a holiday, and a few seats that somebody has. */
async function layOut(api: Api, branch: string, student: string): Promise<void> {
  const at = `/spaces/branches/${branch}`;
  const placed: unknown[] = [];
  const seats: { id: string }[] = [];
  for (const [room, [name, prefix, many, y]] of (
    [
      ['Quiet room', 'Q-', 14, 6],
      ['Main room', 'A-', 30, 30],
    ] as const
  ).entries()) {
    const zone = (await api('POST', `${at}/zones`, { name, position: room })) as { id: string };
    const labels = Array.from({ length: many }, (_, n) => prefix + String(n + 1).padStart(2, '0'));
    const made = (await api('POST', `${at}/seats`, {
      zone_id: zone.id,
      labels,
      power: true,
      ac: room === 0,
    })) as { items: { id: string }[] };
    const row = room === 0 ? 7 : 10;
    made.items.forEach(({ id }, n) => {
      const column = n % row;
      const aisle = room === 1 && column >= 5 ? 6 : 0;
      placed.push({ seat_id: id, x: 4 + column * 6 + aisle, y: y + Math.floor(n / row) * 8, turned: 0 });
    });
    seats.push(...made.items);
  }
  const wall = (x: number, y: number, width: number, height: number) => ({
    kind: 'wall',
    x,
    y,
    width,
    height,
  });
  const drawn = {
    width: 74,
    height: 56,
    seats: placed,
    shapes: [
      wall(0, 0, 74, 1),
      wall(0, 0, 1, 56),
      wall(73, 0, 1, 56),
      wall(0, 24, 50, 1),
      { kind: 'door', x: 50, y: 24, width: 8, height: 1 },
      { kind: 'window', x: 8, y: 0, width: 12, height: 1 },
      { kind: 'block', x: 60, y: 4, width: 10, height: 8, text: 'Office' },
      { kind: 'label', x: 45, y: 8, width: 14, height: 3, text: 'Quiet room' },
    ],
  };
  await api('PUT', `${at}/seat-map`, drawn);
  const minutes = { Morning: [360, 720], Evening: [1020, 1320], 'All day': [360, 360] } as const;
  const shifts: string[] = [];
  for (const [name, [start_minute, end_minute]] of Object.entries(minutes)) {
    const shift = (await api('POST', `${at}/shifts`, { name, start_minute, end_minute })) as { id: string };
    shifts.push(shift.id);
  }
  // Dates are those of the branch.
  const day = (days: number) =>
    new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Kolkata' }).format(Date.now() + days * 86_400_000);
  await api('POST', `${at}/closures`, { from: day(20), until: day(21), reason: 'Holiday' });
  for (const n of [1, 4, 9, 15, 16, 22, 30, 41]) {
    const claim = (await api('POST', `${at}/claims`, {
      seat_id: seats[n]?.id,
      shift_id: shifts[2],
      from: day(0),
      until: day(30),
    })) as { id: string };
    if (n !== 9) await api('POST', `/spaces/claims/${claim.id}/confirmation`, { student_id: student });
  }
}

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
          headers: {
            'x-csrf-token': token.csrf_token,
            ...(text === null ? {} : { 'content-type': kind }),
            // A map is drawn over the version that was there before anybody drew one.
            ...(method_ === 'PUT' ? { 'if-match': '"v0"' } : {}),
          },
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
  await layOut(api, main.id, student.id);
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
  return { owner, slug, branch: main.id, student: student.id, import: upload.id, service: service.id };
}

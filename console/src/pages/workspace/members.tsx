import { call, once, version, type Invitation, type Member } from '@gantry/client';
import { useQuery } from '@tanstack/react-query';
import { MailPlus, UserPlus, Users } from 'lucide-react';
import { useState } from 'react';
import { api, queries, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { ActProblem, useAct } from '@/layout/act';
import { FormDialog, required } from '@/layout/form';
import { ListTable, useList } from '@/layout/list';
import { Page, Section } from '@/layout/page';
import { Empty, Problem } from '@/layout/problem';
import { useWorkspace } from '@/shell/workspace';
import { Badge, Initials, type Tone } from '@/ui/bits';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';
import { toast } from '@/ui/toast';
import { GrantBadges, GrantEditor, rolesQuery, useGrants } from './grants';

export function MembersPage() {
  const t = useT();
  const workspace = useWorkspace();
  const me = useMe();
  const { day } = useFormat();
  const tenant = workspace.slug;
  const manages = workspace.can('identity.member.manage');
  const [open, setOpen] = useState<Member | 'invite' | null>(null);
  const [leaving, setLeaving] = useState<Member | null>(null);
  const list = useList(['members', tenant], (page_token) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/identity/members', {
        params: {
          path: { tenant },
          query: { page_size: 50, ...(page_token === undefined ? {} : { page_token }) },
        },
      }),
    ),
  );
  return (
    <Page
      title={t('Members')}
      description={t('Who works here, and what each may do.')}
      actions={
        manages && (
          <Button
            look="primary"
            onClick={() => {
              setOpen('invite');
            }}
          >
            <UserPlus aria-hidden className="size-4" />
            {t('Invite')}
          </Button>
        )
      }
    >
      <Section flush>
        <ListTable
          label={t('Members')}
          list={list}
          rowKey={(member) => member.identity}
          empty={<Empty icon={<Users aria-hidden />} title={t('No members')} />}
          columns={[
            {
              key: 'name',
              head: t('Name'),
              cell: (member) => (
                <span className="flex items-center gap-2.5">
                  <Initials name={member.name} />
                  <span className="min-w-0">
                    <span className="block truncate font-medium">
                      {member.name}{' '}
                      {member.identity === me.identity && <Badge tone="accent">{t('You')}</Badge>}
                    </span>
                    <span className="block truncate text-faint">{member.email}</span>
                  </span>
                </span>
              ),
            },
            { key: 'roles', head: t('Roles'), cell: (member) => <GrantBadges grants={member.grants} /> },
            { key: 'joined', head: t('Joined'), roomy: true, cell: (member) => day(member.joined_at) },
            {
              key: 'seen',
              head: t('Last sign-in'),
              roomy: true,
              cell: (member) => (member.last_login_at === null ? t('Never') : day(member.last_login_at)),
            },
            {
              key: 'acts',
              head: t('Acts'),
              silent: true,
              className: 'text-right whitespace-nowrap',
              cell: (member) =>
                manages && (
                  <>
                    <Button
                      look="ghost"
                      size="sm"
                      onClick={() => {
                        setOpen(member);
                      }}
                    >
                      {t('Roles')}
                    </Button>
                    <Button
                      look="ghost"
                      size="sm"
                      onClick={() => {
                        setLeaving(member);
                      }}
                    >
                      {t('Remove')}
                    </Button>
                  </>
                ),
            },
          ]}
        />
      </Section>
      <Invitations manages={manages} />
      {open === 'invite' && (
        <InviteDialog
          onClose={() => {
            setOpen(null);
          }}
        />
      )}
      {open !== null && open !== 'invite' && (
        <RolesDialog
          member={open}
          onClose={() => {
            setOpen(null);
          }}
        />
      )}
      {leaving && (
        <FormDialog
          title={t('Remove {name}?', { name: leaving.name })}
          intro={t('They lose access to this workspace at once. Their account stays.')}
          danger
          submit={t('Remove')}
          onClose={() => {
            setLeaving(null);
          }}
          run={async () => {
            await call(
              api.DELETE('/api/v1/tenants/{tenant}/identity/members/{member}', {
                params: { path: { tenant, member: leaving.identity } },
              }),
            );
            await queries.invalidateQueries({ queryKey: ['members', tenant] });
          }}
        />
      )}
    </Page>
  );
}

function RolesDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const roles = useQuery(rolesQuery(tenant));
  const [grants, setGrants] = useGrants(member.grants);
  return (
    <FormDialog
      title={t('Roles of {name}', { name: member.name })}
      submit={t('Save')}
      onClose={onClose}
      disabled={!roles.data}
      run={async () => {
        await call(
          api.PUT('/api/v1/tenants/{tenant}/identity/members/{member}/grants', {
            params: { path: { tenant, member: member.identity }, header: version(member.version) },
            body: { grants },
          }),
        );
        await Promise.all([
          queries.invalidateQueries({ queryKey: ['members', tenant] }),
          queries.invalidateQueries({ queryKey: ['me'] }),
        ]);
      }}
    >
      {roles.error && <Problem error={roles.error} />}
      {roles.data && <GrantEditor roles={roles.data} grants={grants} onChange={setGrants} />}
    </FormDialog>
  );
}

function InviteDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const roles = useQuery(rolesQuery(tenant));
  const [grants, setGrants] = useGrants([{ role: 'member', scope: 'all', units: [] }]);
  const [key] = useState(once);
  return (
    <FormDialog
      title={t('Invite somebody')}
      intro={t('They get a mail with a link that only works for this address.')}
      submit={t('Send the invitation')}
      onClose={onClose}
      disabled={!roles.data}
      run={async (data) => {
        const [grant] = grants;
        if (!grant) return;
        const email = required(data, 'email');
        await call(
          api.POST('/api/v1/tenants/{tenant}/identity/invitations', {
            params: { path: { tenant }, header: key },
            body: { email, role: grant.role, scope: grant.scope, units: grant.units },
          }),
        );
        await queries.invalidateQueries({ queryKey: ['invitations', tenant] });
        toast(t('A mail to {email} is on its way.', { email }));
      }}
    >
      <TextField name="email" type="email" label={t('E-mail address')} required autoComplete="off" />
      {roles.error && <Problem error={roles.error} />}
      {roles.data && <GrantEditor single roles={roles.data} grants={grants} onChange={setGrants} />}
    </FormDialog>
  );
}

const tones: Record<string, Tone> = { pending: 'accent', accepted: 'ok' };

function Invitations({ manages }: { manages: boolean }) {
  const t = useT();
  const { slug: tenant } = useWorkspace();
  const { day } = useFormat();
  const act = useAct();
  const list = useList(['invitations', tenant], (page_token) =>
    call(
      api.GET('/api/v1/tenants/{tenant}/identity/invitations', {
        params: { path: { tenant }, query: page_token === undefined ? {} : { page_token } },
      }),
    ),
  );
  const states: Record<string, string> = {
    pending: t('Open'),
    accepted: t('Accepted'),
    revoked: t('Withdrawn'),
    expired: t('Expired'),
  };
  const run = (work: () => Promise<unknown>, said: string) =>
    act.run(async () => {
      await work();
      await queries.invalidateQueries({ queryKey: ['invitations', tenant] });
      toast(said);
    });
  const path = (invitation: Invitation) => ({ params: { path: { tenant, invitation: invitation.id } } });
  return (
    <Section title={t('Invitations')} flush>
      <div className="px-4 pt-4 empty:hidden">
        <ActProblem act={act} />
      </div>
      <ListTable
        label={t('Invitations')}
        list={list}
        rowKey={(invitation) => invitation.id}
        empty={
          <Empty icon={<MailPlus aria-hidden />} title={t('Nobody was invited yet')}>
            {t('Invite a colleague by mail; they appear here until they accept.')}
          </Empty>
        }
        columns={[
          { key: 'email', head: t('E-mail address'), cell: (invitation) => invitation.email },
          { key: 'role', head: t('Role'), cell: (invitation) => <GrantBadges grants={[invitation.grant]} /> },
          {
            key: 'state',
            head: t('State'),
            cell: (invitation) => (
              <Badge tone={tones[invitation.state] ?? 'plain'}>
                {states[invitation.state] ?? invitation.state}
              </Badge>
            ),
          },
          { key: 'until', head: t('Until'), roomy: true, cell: (invitation) => day(invitation.expires_at) },
          {
            key: 'acts',
            head: t('Acts'),
            silent: true,
            className: 'text-right whitespace-nowrap',
            cell: (invitation) =>
              manages &&
              invitation.state === 'pending' && (
                <>
                  <Button
                    look="ghost"
                    size="sm"
                    onClick={() =>
                      run(
                        () =>
                          call(
                            api.POST(
                              '/api/v1/tenants/{tenant}/identity/invitations/{invitation}/resend',
                              path(invitation),
                            ),
                          ),
                        t('The mail was sent again.'),
                      )
                    }
                  >
                    {t('Send again')}
                  </Button>
                  <Button
                    look="ghost"
                    size="sm"
                    onClick={() =>
                      run(
                        () =>
                          call(
                            api.DELETE(
                              '/api/v1/tenants/{tenant}/identity/invitations/{invitation}',
                              path(invitation),
                            ),
                          ),
                        t('The invitation is withdrawn.'),
                      )
                    }
                  >
                    {t('Withdraw')}
                  </Button>
                </>
              ),
          },
        ]}
      />
    </Section>
  );
}

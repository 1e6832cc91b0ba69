import { call, type Person } from '@gantry/client';
import { useNavigate } from '@tanstack/react-router';
import { UsersRound } from 'lucide-react';
import { useState } from 'react';
import { api, queries, sessionBegan, useMe } from '@/api';
import { useFormat, useT } from '@/i18n';
import { Filters } from '@/layout/filters';
import { FormDialog, required, text } from '@/layout/form';
import { ListTable, useList } from '@/layout/list';
import { Page, Section } from '@/layout/page';
import { Empty } from '@/layout/problem';
import { ReasonField } from '@/layout/reason';
import { Badge, Initials } from '@/ui/bits';
import { Button } from '@/ui/button';
import { TextField } from '@/ui/field';
import { toast } from '@/ui/toast';

export function PeoplePage() {
  const t = useT();
  const me = useMe();
  const navigate = useNavigate();
  const { time } = useFormat();
  const [email, setEmail] = useState('');
  const [asked, setAsked] = useState<{
    act: 'suspend' | 'resume' | 'unlock' | 'impersonate';
    person: Person;
  } | null>(null);
  const may = (permission: string) => me.platform_permissions.includes(permission);
  const list = useList(['admin', 'people', email], (page_token) =>
    call(
      api.GET('/api/v1/admin/people', {
        params: {
          query: {
            page_size: 50,
            ...(email === '' ? {} : { email }),
            ...(page_token === undefined ? {} : { page_token }),
          },
        },
      }),
    ),
  );
  const renew = () => queries.invalidateQueries({ queryKey: ['admin', 'people'] });
  const close = () => {
    setAsked(null);
  };
  return (
    <Page
      title={t('People')}
      description={t('Everybody with an account on this installation.')}
      unwatched={['admin', 'people']}
    >
      <Filters
        onSubmit={(data) => {
          setEmail(text(data, 'email')?.trim() ?? '');
        }}
      >
        <input
          name="email"
          type="email"
          aria-label={t('E-mail address')}
          placeholder={t('Whole e-mail address')}
          className="field-box sm:w-72!"
        />
        <Button type="submit">{t('Find')}</Button>
      </Filters>
      <Section flush>
        <ListTable
          label={t('People')}
          list={list}
          rowKey={(person) => person.id}
          empty={
            <Empty icon={<UsersRound aria-hidden />} title={t('Nobody has this address')}>
              {t('Addresses are found whole, not by their beginning.')}
            </Empty>
          }
          columns={[
            {
              key: 'name',
              head: t('Name'),
              cell: (person) => (
                <span className="flex items-center gap-2.5">
                  <Initials name={person.name} />
                  <span className="min-w-0">
                    <span className="block truncate font-medium">{person.name}</span>
                    <span className="block truncate text-faint">{person.email}</span>
                  </span>
                </span>
              ),
            },
            {
              key: 'state',
              head: t('State'),
              cell: (person) =>
                person.state !== 'active' ? (
                  <Badge tone="warn">{t('Suspended')}</Badge>
                ) : person.verified_at === null ? (
                  <Badge>{t('Not confirmed')}</Badge>
                ) : (
                  <Badge tone="ok">{t('Active')}</Badge>
                ),
            },
            {
              key: 'factor',
              head: t('Second factor'),
              roomy: true,
              cell: (person) => (person.second_factor_since === null ? t('No') : t('Yes')),
            },
            {
              key: 'seen',
              head: t('Last sign-in'),
              roomy: true,
              cell: (person) => (person.last_login_at === null ? t('Never') : time(person.last_login_at)),
            },
            {
              key: 'acts',
              head: t('Acts'),
              silent: true,
              className: 'text-right whitespace-nowrap',
              cell: (person) => (
                <>
                  {may('identity.person.impersonate') &&
                    person.state === 'active' &&
                    person.id !== me.identity && (
                      <Button
                        look="ghost"
                        size="sm"
                        onClick={() => {
                          setAsked({ act: 'impersonate', person });
                        }}
                      >
                        {t('Act as')}
                      </Button>
                    )}
                  {may('identity.account.unlock') && person.state === 'active' && (
                    <Button
                      look="ghost"
                      size="sm"
                      onClick={() => {
                        setAsked({ act: 'unlock', person });
                      }}
                    >
                      {t('Unlock')}
                    </Button>
                  )}
                  {may('identity.person.suspend') && person.id !== me.identity && (
                    <Button
                      look="ghost"
                      size="sm"
                      onClick={() => {
                        setAsked({ act: person.state === 'disabled' ? 'resume' : 'suspend', person });
                      }}
                    >
                      {person.state === 'disabled' ? t('Resume') : t('Suspend')}
                    </Button>
                  )}
                </>
              ),
            },
          ]}
        />
      </Section>
      {asked?.act === 'suspend' && (
        <FormDialog
          title={t('Suspend {name}?', { name: asked.person.name })}
          intro={t('Every session of theirs ends at once, and they cannot sign in.')}
          danger
          submit={t('Suspend')}
          onClose={close}
          run={async (data) => {
            const body = { reason: required(data, 'reason') };
            const params = { path: { person: asked.person.id } };
            await call(api.PUT('/api/v1/admin/people/{person}/suspension', { params, body }));
            await renew();
          }}
        >
          <ReasonField />
        </FormDialog>
      )}
      {asked?.act === 'resume' && (
        <FormDialog
          title={t('Resume {name}?', { name: asked.person.name })}
          intro={t('They can sign in again.')}
          submit={t('Resume')}
          onClose={close}
          run={async () => {
            const params = { path: { person: asked.person.id } };
            await call(api.DELETE('/api/v1/admin/people/{person}/suspension', { params }));
            await renew();
          }}
        />
      )}
      {asked?.act === 'impersonate' && (
        <FormDialog
          title={t('Act as {name}?', { name: asked.person.name })}
          intro={t(
            'For half an hour you are in one workspace as them, and leave your own session. They get a mail with your reason, and the audit log there names you in every row. What is sensitive stays closed.',
          )}
          danger
          submit={t('Act as them')}
          onClose={close}
          run={async (data) => {
            const workspace = required(data, 'workspace');
            const body = {
              person: asked.person.id,
              workspace,
              reason: required(data, 'reason'),
              mode: 'cookie' as const,
            };
            await call(api.POST('/api/v1/admin/impersonations', { body }));
            await sessionBegan();
            await navigate({ to: '/w/$workspace', params: { workspace } });
          }}
        >
          <TextField
            name="workspace"
            label={t('Address of the workspace')}
            required
            placeholder="north-hall"
            autoComplete="off"
            className="font-mono"
          />
          <ReasonField least={10} hint={t('They read it. At least ten letters, no personal data.')} />
        </FormDialog>
      )}
      {asked?.act === 'unlock' && (
        <FormDialog
          title={t('Unlock {name}?', { name: asked.person.name })}
          intro={t('Failed attempts to sign in are forgotten.')}
          submit={t('Unlock')}
          onClose={close}
          run={async () => {
            await call(api.POST('/api/v1/admin/identity/unlocks', { body: { email: asked.person.email } }));
            toast(t('Unlocked.'));
          }}
        />
      )}
    </Page>
  );
}

-- People. One row per address for the whole platform; what a person may do in a tenant is in `grants`.
create table identities (
    id {id} primary key,
    email {text} not null,
    name {text} not null,
    password_hash {text},
    state {text} not null check (state in ('active', 'disabled')),
    verified_at {time},
    last_login_at {time},
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null
);
create unique index identities_email_key on identities (email);

-- What each sign-up of an unconfirmed address asked for. They do not touch each other: the mail of one
-- confirms the password, the name and the workspace of that one, and then the others are gone.
create table sign_ups (
    id {id} primary key,
    identity_id {id} not null references identities (id) on delete cascade,
    name {text} not null,
    password_hash {text} not null,
    workspace_name {text} not null,
    workspace_slug {text},
    ip {text},
    created_at {time} not null
);
create index sign_ups_identity on sign_ups (identity_id, created_at);
create index sign_ups_created on sign_ups (created_at);

-- Links sent by mail (and the printed set-up link). Only SHA-256 of the token is kept.
-- `subject` names what the token speaks for: a sign-up, an identity, an invitation, or the installation.
create table email_tokens (
    hash {bytes} primary key,
    purpose {text} not null check (purpose in ('verify', 'reset', 'invite', 'set_up')),
    subject {text} not null,
    created_at {time} not null,
    expires_at {time} not null,
    used_at {time}
);
create index email_tokens_subject on email_tokens (subject, purpose);
create index email_tokens_expires on email_tokens (expires_at);

-- Roles on the platform itself, apart from any tenant.
create table platform_grants (
    identity_id {id} not null references identities (id) on delete cascade,
    role {text} not null,
    created_at {time} not null,
    primary key (identity_id, role)
);

-- Failed log-ins per account name, known or not: `account` is a keyed hash of the normalised address.
create table lockouts (
    account {bytes} primary key,
    failures {int} not null,
    level {int} not null,
    locked_until {time},
    updated_at {time} not null
);
create index lockouts_updated on lockouts (updated_at);

-- People. One row per address for the whole platform; what a person may do in a tenant is in `grants`.
create table identities (
    id {id} primary key,
    email {text} not null,
    name {text} not null,
    password_hash {text},
    state {text} not null check (state in ('active', 'disabled')),
    state_reason {text},
    verified_at {time},
    -- Since when the account has a second factor; null: it has none.
    second_factor_since {time},
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
    purpose {text} not null check (purpose in ('verify', 'reset', 'invite', 'set_up', 'change_email', 'unlock')),
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

-- Failed proofs of a password. `counter` is a keyed hash of who is counted: strangers at an account name (known
-- or not), one device or session at it, or a network address. `account` is set unless it is an address, so that
-- everything about an account can be lifted at once.
create table lockouts (
    counter {bytes} primary key,
    account {bytes},
    failures {int} not null,
    level {int} not null,
    locked_until {time},
    updated_at {time} not null
);
create index lockouts_account on lockouts (account);
create index lockouts_updated on lockouts (updated_at);

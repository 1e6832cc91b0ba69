-- Passkeys of people (WebAuthn): public keys whose private part an authenticator keeps.
create table passkeys (
    id {id} primary key,
    identity_id {id} not null references identities (id) on delete cascade,
    name {text} not null,
    -- The authenticator's name for the key.
    credential_id {bytes} not null,
    -- The account's name in authenticators: random, so that it tells nothing about the person.
    user_handle {id} not null,
    -- Public key, signature counter and flags, as the library that verifies wants them. Nothing in it is secret.
    credential {json} not null,
    created_at {time} not null,
    last_used_at {time},
    -- When it last showed a signature counter that was used before: then there is a copy of it.
    copied_at {time}
);
create unique index passkeys_credential_id_key on passkeys (credential_id);
create index passkeys_identity on passkeys (identity_id, created_at);

-- Questions put to authenticators: each answered once, within five minutes, where it was asked. Only SHA-256 of the
-- token is kept.
create table passkey_ceremonies (
    hash {bytes} primary key,
    purpose {text} not null check (purpose in ('register', 'log_in', 'second_factor', 'step_up')),
    -- The session or the half log-in in which it was asked; empty for a log-in by passkey alone.
    bound_to {text} not null,
    identity_id {id} references identities (id) on delete cascade,
    user_handle {id},
    state {json} not null,
    expires_at {time} not null
);
create index passkey_ceremonies_identity on passkey_ceremonies (identity_id);
create index passkey_ceremonies_expires on passkey_ceremonies (expires_at);

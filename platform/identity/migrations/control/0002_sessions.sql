-- A signed-in device. `secret_hash` is set for browser sessions only; API clients hold refresh tokens.
create table sessions (
    id {id} primary key,
    identity_id {id} not null references identities (id) on delete cascade,
    kind {text} not null check (kind in ('cookie', 'token')),
    secret_hash {bytes},
    -- How the person proved who they are: names of RFC 8176, joined by commas.
    methods {text} not null,
    proven_at {time} not null,
    second_factor_at {time},
    -- Staff acting as this person: who, why, and the one tenant it opens.
    operator_id {id},
    operator_reason {text},
    operator_tenant_id {id},
    created_at {time} not null,
    last_seen_at {time} not null,
    expires_at {time} not null,
    absolute_at {time} not null,
    revoked_at {time},
    revoked_reason {text},
    ip {text},
    user_agent {text},
    check ((operator_id is null) = (operator_tenant_id is null)),
    check ((operator_id is null) = (operator_reason is null))
);
create index sessions_identity on sessions (identity_id, created_at);
create index sessions_operator on sessions (operator_id) where operator_id is not null;
create index sessions_expires on sessions (expires_at);

-- One-use refresh tokens; a session is the family. A child that gave way to another one during the
-- grace period keeps its row, so that its use is recognised as reuse.
create table refresh_tokens (
    hash {bytes} primary key,
    session_id {id} not null references sessions (id) on delete cascade,
    parent {bytes},
    issued_at {time} not null,
    expires_at {time} not null,
    used_at {time},
    replaced_at {time}
);
create index refresh_tokens_session on refresh_tokens (session_id);
create index refresh_tokens_parent on refresh_tokens (parent);

-- Keys that sign access tokens. The private part is sealed with the master key, and erased once the key signs no more;
-- `not_after` is when it is forgotten altogether.
create table signing_keys (
    kid {text} primary key,
    public_key {bytes} not null,
    sealed_private {bytes},
    state {text} not null check (state in ('next', 'active', 'retired', 'revoked')),
    created_at {time} not null,
    not_before {time} not null,
    not_after {time},
    check ((state in ('next', 'active')) = (sealed_private is not null)),
    check ((state in ('next', 'active')) = (not_after is null))
);
-- One key signs at a time, and one is the next: of two processes that make one together, one does.
create unique index signing_keys_state_key on signing_keys (state) where state in ('next', 'active');

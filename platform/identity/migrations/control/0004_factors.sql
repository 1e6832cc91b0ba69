-- The authenticator app of an account: one shared secret, sealed with the master key.
create table totp (
    identity_id {id} primary key references identities (id) on delete cascade,
    sealed_secret {bytes} not null,
    -- Null until a first code was given: only then it counts.
    confirmed_at {time},
    -- The newest time step whose code was used; a step is good once.
    last_step {int} not null,
    created_at {time} not null
);

-- Codes on paper for when the other factors are gone. Only SHA-256 is kept: 120 random bits cannot be guessed from it.
create table recovery_codes (
    identity_id {id} not null references identities (id) on delete cascade,
    hash {bytes} not null,
    created_at {time} not null,
    used_at {time},
    primary key (identity_id, hash)
);

-- Half a log-in: the first proof was good, the second is awaited. Only SHA-256 of the token is kept.
create table challenges (
    hash {bytes} primary key,
    identity_id {id} not null references identities (id) on delete cascade,
    -- How the session is to travel, and what was proven so far: names of RFC 8176, joined by commas.
    mode {text} not null check (mode in ('cookie', 'token')),
    methods {text} not null,
    tries {int} not null,
    expires_at {time} not null
);
create index challenges_identity on challenges (identity_id);
create index challenges_expires on challenges (expires_at);

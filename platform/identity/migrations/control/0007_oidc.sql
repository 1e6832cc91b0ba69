-- Providers by which the people of one workspace sign in. Those of the installation are in its configuration.
create table oidc_providers (
    id {id} primary key,
    tenant_id {id} not null references tenants (id) on delete cascade,
    name {text} not null,
    issuer {text} not null,
    client_id {text} not null,
    client_auth {text} not null check (client_auth in ('basic', 'post', 'none')),
    sealed_secret {bytes},
    disabled_at {time},
    version {int} not null,
    created_by {id} not null,
    created_at {time} not null,
    updated_at {time} not null,
    check ((client_auth = 'none') = (sealed_secret is null))
);
create unique index oidc_providers_tenant_id_issuer_key on oidc_providers (tenant_id, issuer);

-- Which account is whose at a provider: (issuer, subject), for those who trust the provider. `scope` is a workspace's id
-- or 'installation'; what one workspace's provider says counts nowhere else.
create table oidc_links (
    id {id} primary key,
    identity_id {id} not null references identities (id) on delete cascade,
    scope {text} not null,
    issuer {text} not null,
    subject {text} not null,
    created_at {time} not null,
    last_used_at {time}
);
create unique index oidc_links_scope_issuer_subject_key on oidc_links (scope, issuer, subject);
create index oidc_links_identity on oidc_links (identity_id, created_at);

-- Browsers on their way to a provider and back. Only hashes are kept of the state and of what the browser holds.
create table oidc_attempts (
    state_hash {bytes} primary key,
    browser_hash {bytes} not null,
    provider {text} not null,
    issuer {text} not null,
    mode {text} check (mode in ('cookie', 'token')),
    -- Set where a signed-in person links an account.
    session_id {id},
    expires_at {time} not null,
    check ((mode is null) <> (session_id is null))
);
create index oidc_attempts_expires on oidc_attempts (expires_at);

-- By which linked account somebody signed in, and the one workspace the session opens where only its provider vouched.
alter table sessions add column link_id {id};
alter table sessions add column only_tenant_id {id};
alter table challenges add column link_id {id};
alter table challenges add column only_tenant_id {id};
create index sessions_link on sessions (link_id);

-- Accounts of programs. An id is made like a person's and never the same as one, so that whatever notes who did
-- something notes both alike. Unlike a person, a service account belongs to one tenant.
create table service_accounts (
    id {id} primary key,
    tenant_id {id} not null references tenants (id) on delete cascade,
    name {text} not null,
    name_folded {text} not null,
    disabled_at {time},
    version {int} not null,
    created_by {id} not null,
    created_at {time} not null,
    updated_at {time} not null
);
create unique index service_accounts_tenant_id_name_folded_key on service_accounts (tenant_id, name_folded);
create index service_accounts_tenant on service_accounts (tenant_id, created_at);

-- What a service account may do, as in `grants`.
create table service_grants (
    service_id {id} not null references service_accounts (id) on delete cascade,
    role {text} not null,
    scope {text} not null check (scope in ('all', 'units', 'self')),
    units {text} not null,
    created_at {time} not null,
    primary key (service_id, role)
);
create index service_grants_role on service_grants (role);

-- Only SHA-256 of a key's text is kept. `permissions` (names, joined by commas) narrows the key to a part of what
-- its account may do; null: all of it.
create table api_keys (
    id {id} primary key,
    service_id {id} not null references service_accounts (id) on delete cascade,
    name {text} not null,
    hash {bytes} not null,
    permissions {text},
    expires_at {time} not null,
    last_used_at {time},
    revoked_at {time},
    created_by {id} not null,
    created_at {time} not null
);
create index api_keys_service on api_keys (service_id, created_at);
create index api_keys_expires on api_keys (expires_at);

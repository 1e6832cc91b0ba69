-- How far the set-up of a tenant has come; one row per tenant that was ever begun. The tenant row
-- itself (name, slug, address, state) is the directory's, in kit/db.
create table tenancy_provisionings (
    tenant_id {id} primary key references tenants (id),
    owner_id {id} not null,
    state {text} not null check (state in ('requested', 'done', 'failed')),
    -- Attempts that failed, over all retries asked for.
    failures {int} not null,
    last_error {text},
    requested_at {time} not null,
    updated_at {time} not null
);

-- What an operator allowed a tenant instead of the configured default.
create table tenancy_limits (
    tenant_id {id} not null references tenants (id),
    name {text} not null,
    value {int} not null check (value >= 0),
    updated_at {time} not null,
    primary key (tenant_id, name)
);

-- Roles that a tenant made for itself, besides the built-in ones. A key is never used again, so a grant or an
-- invitation that outlives its role means nothing. `permissions` holds names, joined by commas.
create table custom_roles (
    tenant_id {id} not null references tenants (id) on delete cascade,
    key {text} not null,
    title {text} not null,
    title_folded {text} not null,
    permissions {text} not null,
    version {int} not null,
    created_by {id} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, key)
);
create unique index custom_roles_tenant_id_title_folded_key on custom_roles (tenant_id, title_folded);

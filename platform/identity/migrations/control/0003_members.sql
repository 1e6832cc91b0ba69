-- Who belongs to which tenant. `version` guards edits of the member's grants.
create table memberships (
    tenant_id {id} not null,
    identity_id {id} not null references identities (id) on delete cascade,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    primary key (tenant_id, identity_id)
);
create index memberships_identity on memberships (identity_id);

-- What a member may do: (role, scope). `units` holds the unit ids, joined by commas, when scope = 'units'.
create table grants (
    tenant_id {id} not null,
    identity_id {id} not null,
    role {text} not null,
    scope {text} not null check (scope in ('all', 'units', 'self')),
    units {text} not null,
    created_at {time} not null,
    primary key (tenant_id, identity_id, role),
    foreign key (tenant_id, identity_id) references memberships (tenant_id, identity_id) on delete cascade
);
create index grants_role on grants (tenant_id, role);

create table invitations (
    id {id} primary key,
    tenant_id {id} not null,
    email {text} not null,
    role {text} not null,
    scope {text} not null check (scope in ('all', 'units', 'self')),
    units {text} not null,
    state {text} not null check (state in ('pending', 'accepted', 'revoked', 'expired')),
    expires_at {time} not null,
    invited_by {id} not null,
    accepted_by {id},
    mailed_at {time} not null,
    version {int} not null,
    created_at {time} not null,
    updated_at {time} not null
);
create unique index invitations_tenant_id_email_key on invitations (tenant_id, email) where state = 'pending';
create index invitations_tenant on invitations (tenant_id, created_at);

-- Tenants that are closed: when their database goes, and to which state they return if that is called off
-- before.
create table tenancy_closures (
    tenant_id {id} not null primary key references tenants (id),
    state_before {text} not null,
    reason_before {text},
    closed_at {time} not null,
    remove_at {time} not null,
    -- Set when the removal begins, from when on there is no way back: where the database was.
    former_home {text},
    former {text},
    removed_at {time}
);
create index tenancy_closures_remove_at on tenancy_closures (remove_at);

-- Moves of tenants' databases from one home to another.
create table tenancy_moves (
    id {id} not null primary key,
    tenant_id {id} not null references tenants (id),
    from_home {text} not null,
    to_home {text} not null,
    state {text} not null check (state in
        ('requested', 'copying', 'pausing', 'moved', 'confirmed', 'reverted', 'failed')),
    -- The database that was left, kept until the move is confirmed or reverted; then when it was removed.
    former {text},
    removed_at {time},
    -- Rows the new database held when it took over, and how many of them changed during the copy.
    copied_rows {int},
    followed_rows {int},
    failures {int} not null,
    last_error {text},
    requested_at {time} not null,
    paused_at {time},
    moved_at {time},
    updated_at {time} not null
);
create index tenancy_moves_tenant_id on tenancy_moves (tenant_id, id);
create unique index tenancy_moves_tenant_id_key on tenancy_moves (tenant_id)
    where state in ('requested', 'copying', 'pausing', 'moved');

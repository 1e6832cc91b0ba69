-- Restores of everything. While one is running the installation is not whole, and no server starts on it.
create table backup_restores (
    id {id} primary key,
    -- The backup's name in the store.
    backup {text} not null,
    state {text} not null check (state in ('running', 'done', 'partial')),
    -- The moment that control was taken back to.
    taken_at {time} not null,
    started_at {time} not null,
    finished_at {time}
);
create index backup_restores_state on backup_restores (state);

-- The tenants that had a database when control was copied.
create table backup_restore_places (
    restore_id {id} not null references backup_restores (id) on delete cascade,
    tenant_id {id} not null,
    state {text} not null check (state in ('waiting', 'done', 'failed')),
    row_count {int},
    mails_held {int},
    error {text},
    primary key (restore_id, tenant_id)
);
create index backup_restore_places_state on backup_restore_places (restore_id, state, tenant_id);

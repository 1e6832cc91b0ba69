-- Backups that were taken, and what became of them. The files are in the store; `name` is their folder there.
create table backups (
    id {id} primary key,
    name {text} not null,
    -- `partial`: some tenants are missing in it, or could not be proven.
    state {text} not null check (state in ('running', 'done', 'partial', 'failed')),
    cause {text} not null check (cause in ('schedule', 'operator', 'command')),
    started_at {time} not null,
    finished_at {time},
    places {int} not null,
    proven {int} not null,
    failed {int} not null,
    bytes {int} not null,
    -- When the second copy was complete and compared; null: there is none.
    copied_at {time},
    -- When retention removed the files.
    removed_at {time},
    error {text}
);
create unique index backups_name_key on backups (name);
create index backups_started_at on backups (started_at);

-- The evidence: what of each database was written, and that it was restored to a scratch database and compared.
create table backup_places (
    backup_id {id} not null references backups (id) on delete cascade,
    -- `control`, or the id of a tenant.
    place {text} not null,
    state {text} not null check (state in ('proven', 'failed')),
    error {text},
    taken_at {time},
    bytes {int} not null,
    row_count {int} not null,
    -- SHA-256 of the contents, equal on both engines.
    content {text},
    proven_at {time},
    -- How long the restore took, in microseconds.
    restore_us {int},
    primary key (backup_id, place)
);
create index backup_places_place on backup_places (place, taken_at);

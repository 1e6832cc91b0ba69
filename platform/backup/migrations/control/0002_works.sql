-- What took a backup, and when all of it was last looked at again.
alter table backups add column program {text};
alter table backups add column verified_at {time};
-- Of the file.
alter table backup_places add column sha256 {text};
create index backup_places_proven on backup_places (place, proven_at);

-- What operators asked for, how far it has come and what became of it.
create table backup_works (
    id {id} primary key,
    kind {text} not null check (kind in ('take', 'verify', 'restore')),
    state {text} not null check (state in ('queued', 'running', 'done', 'failed')),
    -- The backup that is looked at or restored from; of one that is taken, what it became.
    backup_id {id},
    -- For a restore: the tenant, and why.
    tenant_id {id},
    reason {text},
    asked_by {id} not null,
    -- How much there is to do, as far as is known by now, and how much is done.
    steps {int} not null,
    steps_done {int} not null,
    -- For a restore that is in place: what it did.
    outcome {json},
    error {text},
    asked_at {time} not null,
    ended_at {time}
);
create index backup_works_state on backup_works (state, kind);

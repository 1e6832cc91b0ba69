-- Where else a backup lies, and what was last seen of it there.
create table backup_copies (
    backup_id {id} not null references backups (id) on delete cascade,
    store {text} not null check (store in ('directory', 'second_directory', 's3')),
    state {text} not null check (state in ('whole', 'failed')),
    -- What is wrong with it.
    error {text},
    -- When all of it was last read there and found equal.
    whole_at {time},
    looked_at {time} not null,
    primary key (backup_id, store)
);
insert into backup_copies (backup_id, store, state, whole_at, looked_at)
    select id, 'second_directory', 'whole', copied_at, copied_at from backups
    where copied_at is not null and removed_at is null;

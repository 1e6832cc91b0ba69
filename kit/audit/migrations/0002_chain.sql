-- The chain over `audit`: see src/chain/mod.rs for what a link and a seal are. All of it is append-only; rows go
-- only from the front, and only up to an anchor (a signed note of what the last removed link was).
create table audit_chain (
    -- From 1, without gaps, in the order in which rows were sealed.
    seq {int} primary key check (seq > 0),
    row_id {id} not null,
    link {bytes} not null
);
create unique index audit_chain_row_id_key on audit_chain (row_id);

create table audit_seals (
    -- `head`: the chain ended here when it was signed. `anchor`: everything up to here was removed for its age.
    kind {text} not null check (kind in ('head', 'anchor')),
    seq {int} not null,
    key_id {text} not null,
    at {time} not null,
    link {bytes} not null,
    signature {bytes} not null,
    primary key (kind, seq, key_id)
);

-- Rows that wait to be sealed. A trigger fills it, so that a row cannot be appended without.
create table audit_unsealed (
    row_id {id} primary key,
    at {time} not null
);
create index audit_unsealed_at on audit_unsealed (at, row_id);

-- engine: sqlite
create trigger audit_await_seal after insert on audit
begin
    insert into audit_unsealed (row_id, at) values (new.id, new.at);
end;
create trigger audit_unsealed_no_update before update on audit_unsealed
begin
    select raise(abort, 'audit is append-only');
end;
create trigger audit_unsealed_no_delete before delete on audit_unsealed
when not exists (select 1 from audit_chain where row_id = old.row_id)
begin
    select raise(abort, 'a row that is not sealed stays in the queue');
end;

drop trigger audit_no_delete;
create trigger audit_no_delete before delete on audit
when not exists (select 1 from audit_chain where row_id = old.id
                 and seq <= (select max(seq) from audit_seals where kind = 'anchor'))
begin
    select raise(abort, 'audit is append-only');
end;
create trigger audit_chain_no_update before update on audit_chain
begin
    select raise(abort, 'audit is append-only');
end;
create trigger audit_chain_no_replace before insert on audit_chain
when exists (select 1 from audit_chain where seq = new.seq or row_id = new.row_id)
begin
    select raise(abort, 'audit is append-only');
end;
create trigger audit_chain_no_delete before delete on audit_chain
when not exists (select 1 from audit_seals where kind = 'anchor' and seq >= old.seq)
begin
    select raise(abort, 'audit is append-only');
end;
create trigger audit_seals_no_update before update on audit_seals
begin
    select raise(abort, 'audit is append-only');
end;
create trigger audit_seals_no_replace before insert on audit_seals
when exists (select 1 from audit_seals where kind = new.kind and seq = new.seq and key_id = new.key_id)
begin
    select raise(abort, 'audit is append-only');
end;
create trigger audit_seals_no_delete before delete on audit_seals
when old.kind = 'anchor' or not exists (select 1 from audit_seals where kind = 'anchor' and seq >= old.seq)
begin
    select raise(abort, 'audit is append-only');
end;
-- engine: postgres
create function audit_await_seal() returns trigger language plpgsql as $$
begin
    insert into audit_unsealed (row_id, at) values (new.id, new.at);
    return null;
end
$$;
create trigger audit_await_seal after insert on audit for each row execute function audit_await_seal();

create function audit_unsealed_stays() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from audit_chain where row_id = old.row_id) then
        raise exception 'a row that is not sealed stays in the queue' using errcode = 'restrict_violation';
    end if;
    return old;
end
$$;
create trigger audit_unsealed_no_change before update or truncate on audit_unsealed
    for each statement execute function audit_refuse();
create trigger audit_unsealed_no_delete before delete on audit_unsealed
    for each row execute function audit_unsealed_stays();

create function audit_keep() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from audit_chain where row_id = old.id
                   and seq <= (select max(seq) from audit_seals where kind = 'anchor')) then
        raise exception 'audit is append-only' using errcode = 'restrict_violation';
    end if;
    return old;
end
$$;
drop trigger audit_no_change on audit;
create trigger audit_no_change before update or truncate on audit
    for each statement execute function audit_refuse();
create trigger audit_no_delete before delete on audit for each row execute function audit_keep();

create function audit_chain_keep() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from audit_seals where kind = 'anchor' and seq >= old.seq) then
        raise exception 'audit is append-only' using errcode = 'restrict_violation';
    end if;
    return old;
end
$$;
create trigger audit_chain_no_change before update or truncate on audit_chain
    for each statement execute function audit_refuse();
create trigger audit_chain_no_delete before delete on audit_chain
    for each row execute function audit_chain_keep();
create trigger audit_seals_no_change before update or truncate on audit_seals
    for each statement execute function audit_refuse();
create trigger audit_seals_anchors_stay before delete on audit_seals
    for each row when (old.kind = 'anchor') execute function audit_refuse();
create trigger audit_seals_no_delete before delete on audit_seals
    for each row execute function audit_chain_keep();
-- engine: both

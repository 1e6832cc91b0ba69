-- The book of this database: every amount stands in an entry whose lines sum to zero. Identical in control and in every tenant.
create table ledger_accounts (
    id         {id} primary key,
    -- Code, unit, subject and currency in one text, as a unique index cannot hold the optional ones.
    name       {text} not null,
    kind       {text} not null check (kind in ('asset', 'liability', 'income', 'expense', 'equity')),
    code       {text} not null,
    unit_id    {id},
    subject    {text},
    currency   {text} not null,
    created_at {time} not null
);
create unique index ledger_accounts_name_key on ledger_accounts (name);
create index ledger_accounts_code_unit_id_idx on ledger_accounts (code, unit_id);

create table ledger_entries (
    id         {id} primary key,
    kind       {text} not null,
    -- What happened, in one word for each happening, so that nothing is booked twice.
    cause      {text} not null,
    on_day     {date} not null,
    at         {time} not null,
    actor_kind {text} not null,
    actor_id   {id},
    memo       {text},
    currency   {text} not null,
    -- [[account, amount], ..]: a debit is positive, a credit negative.
    lines      {json} not null
);
create unique index ledger_entries_cause_key on ledger_entries (cause);
create index ledger_entries_on_day_idx on ledger_entries (on_day, id);

-- The lines of entries as rows, written by the trigger below and by nothing else.
create table ledger_postings (
    entry_id   {id} not null references ledger_entries (id),
    line       {int} not null,
    account_id {id} not null references ledger_accounts (id),
    on_day     {date} not null,
    amount     {int} not null check (amount <> 0),
    primary key (entry_id, line)
);
create index ledger_postings_account_id_on_day_amount_idx on ledger_postings (account_id, on_day, amount);

-- An entry brings its lines along in one row, so its balance can be checked at once and needs no deferred constraint: a refused entry is
-- one failed statement of one transaction, never a failed commit.
-- engine: sqlite
create trigger ledger_accounts_no_update before update on ledger_accounts
begin
    select raise(abort, 'accounts of the ledger stay as they are');
end;
create trigger ledger_accounts_no_delete before delete on ledger_accounts
begin
    select raise(abort, 'accounts of the ledger stay as they are');
end;
create trigger ledger_entries_no_update before update on ledger_entries
begin
    select raise(abort, 'the ledger is append-only');
end;
create trigger ledger_entries_no_delete before delete on ledger_entries
begin
    select raise(abort, 'the ledger is append-only');
end;
create trigger ledger_postings_no_update before update on ledger_postings
begin
    select raise(abort, 'the ledger is append-only');
end;
create trigger ledger_postings_no_delete before delete on ledger_postings
begin
    select raise(abort, 'the ledger is append-only');
end;
-- `insert or replace` deletes without firing delete triggers.
create trigger ledger_accounts_no_replace before insert on ledger_accounts
when exists (select 1 from ledger_accounts where id = new.id)
begin
    select raise(abort, 'accounts of the ledger stay as they are');
end;
create trigger ledger_entries_no_replace before insert on ledger_entries
when exists (select 1 from ledger_entries where id = new.id or cause = new.cause)
begin
    select raise(abort, 'the ledger is append-only');
end;
create trigger ledger_postings_of_entries before insert on ledger_postings
when exists (select 1 from ledger_postings where entry_id = new.entry_id and line = new.line)
  or not exists (
    select 1 from ledger_entries
    where id = new.entry_id and on_day = new.on_day
      and json_extract(lines, '$[' || (new.line - 1) || '][0]') = new.account_id
      and json_extract(lines, '$[' || (new.line - 1) || '][1]') = new.amount)
begin
    select raise(abort, 'a posting is a line of its entry');
end;
create trigger ledger_entries_post after insert on ledger_entries
begin
    insert into ledger_postings (entry_id, line, account_id, on_day, amount)
        select new.id, key + 1, json_extract(value, '$[0]'), new.on_day, json_extract(value, '$[1]')
        from json_each(new.lines);
    select raise(abort, 'an entry has two lines at least')
        where (select count(*) from ledger_postings where entry_id = new.id) < 2;
    select raise(abort, 'an entry sums to zero')
        where (select sum(amount) from ledger_postings where entry_id = new.id) <> 0;
    select raise(abort, 'an entry has one currency')
        where exists (select 1 from ledger_postings p join ledger_accounts a on a.id = p.account_id
                      where p.entry_id = new.id and a.currency <> new.currency);
end;
-- engine: postgres
create function ledger_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is append-only' using errcode = 'restrict_violation';
end
$$;
create trigger ledger_accounts_no_change before update or delete or truncate on ledger_accounts
    for each statement execute function ledger_refuse();
create trigger ledger_entries_no_change before update or delete or truncate on ledger_entries
    for each statement execute function ledger_refuse();
create trigger ledger_postings_no_change before update or delete or truncate on ledger_postings
    for each statement execute function ledger_refuse();
create function ledger_posting_of_entry() returns trigger language plpgsql as $$
begin
    if not exists (
        select 1 from ledger_entries
        where id = new.entry_id and on_day = new.on_day
          and (lines::jsonb -> (new.line - 1)::int ->> 0) = new.account_id
          and (lines::jsonb -> (new.line - 1)::int ->> 1)::bigint = new.amount)
    then
        raise exception 'a posting is a line of its entry' using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
create trigger ledger_postings_of_entries before insert on ledger_postings
    for each row execute function ledger_posting_of_entry();
create function ledger_post() returns trigger language plpgsql as $$
declare
    total numeric;
    number bigint;
begin
    insert into ledger_postings (entry_id, line, account_id, on_day, amount)
        select new.id, l.n, l.line ->> 0, new.on_day, (l.line ->> 1)::bigint
        from jsonb_array_elements(new.lines::jsonb) with ordinality as l(line, n);
    select count(*), sum(amount) into number, total from ledger_postings where entry_id = new.id;
    if number < 2 then
        raise exception 'an entry has two lines at least' using errcode = 'restrict_violation';
    end if;
    if total <> 0 then
        raise exception 'an entry sums to zero' using errcode = 'restrict_violation';
    end if;
    if exists (select 1 from ledger_postings p join ledger_accounts a on a.id = p.account_id
               where p.entry_id = new.id and a.currency <> new.currency) then
        raise exception 'an entry has one currency' using errcode = 'restrict_violation';
    end if;
    return null;
end
$$;
create trigger ledger_entries_post after insert on ledger_entries
    for each row execute function ledger_post();
-- engine: both

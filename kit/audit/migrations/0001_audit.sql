-- Who did what to what, and how it ended. Identical in control and in every tenant; a tenant's page
-- is the union of its own rows and control's rows that carry its id.
create table audit (
    id {id} primary key,
    at {time} not null,
    actor_kind {text} not null
        check (actor_kind in (
            'system', 'anonymous', 'identity', 'operator', 'service', 'impersonator', 'rescue')),
    actor_id {id},
    on_behalf_of {id},
    action {text} not null,
    target_kind {text} not null,
    target_id {text},
    tenant_id {id},
    outcome {text} not null check (outcome in ('done', 'denied')),
    facts_before {json},
    facts_after {json},
    ip {text},
    user_agent {text},
    request_id {text},
    check ((actor_id is null) = (actor_kind in ('system', 'anonymous', 'rescue'))),
    check ((on_behalf_of is not null) = (actor_kind = 'impersonator'))
);
create index audit_at on audit (at, id);
create index audit_target on audit (target_kind, target_id, at);
create index audit_tenant on audit (tenant_id, at) where tenant_id is not null;
create index audit_actor on audit (actor_id, at) where actor_id is not null;

-- A row once written stays as it is: the database itself refuses, whoever asks.
-- engine: sqlite
create trigger audit_no_update before update on audit
begin
    select raise(abort, 'audit is append-only');
end;
create trigger audit_no_delete before delete on audit
begin
    select raise(abort, 'audit is append-only');
end;
-- `insert or replace` deletes without firing delete triggers.
create trigger audit_no_replace before insert on audit
when exists (select 1 from audit where id = new.id)
begin
    select raise(abort, 'audit is append-only');
end;
-- engine: postgres
create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'audit is append-only' using errcode = 'restrict_violation';
end
$$;
create trigger audit_no_change before update or delete or truncate on audit
    for each statement execute function audit_refuse();
-- engine: both

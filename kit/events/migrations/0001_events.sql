-- What happened, for whoever shows it: identical in control and in every tenant. Ids only, never what they stand for.
-- A transaction leaves its event in `events_waiting`; the relay gives it its place in `events`, in an order that no
-- reader can see with a gap, which the order of commits is not.
create table events_waiting (
    id {id} primary key,
    at {time} not null,
    kind {text} not null,
    -- A list of ids as JSON; empty when there are too many to name.
    subjects {json} not null,
    -- In control: the tenant whose members it is for. In a tenant's own database there is none.
    tenant_id {id},
    unit_id {id},
    permission {text},
    person_id {id}
);

create table events (
    -- From 1, without gaps.
    seq {int} primary key check (seq > 0),
    id {id} not null,
    at {time} not null,
    kind {text} not null,
    subjects {json} not null,
    tenant_id {id},
    unit_id {id},
    permission {text},
    person_id {id}
);
create unique index events_id_key on events (id);

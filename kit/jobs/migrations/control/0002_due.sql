-- One row per tenant that ever had work. A row is never deleted, so that a generation is never seen
-- twice: compare-and-set would otherwise accept a hint that went and came back.
create table due_hints (
    tenant_id {id} primary key,
    due_at {time},
    generation {int} not null
);
create index due_hints_due_at_idx on due_hints (due_at);

create table schedules (
    name {text} primary key,
    every_us {int} not null,
    next_at {time} not null,
    last_at {time}
);

create table jobs (
    id {id} primary key,
    kind {text} not null,
    payload {json} not null,
    dedupe_key {text},
    state {text} not null check (state in ('queued', 'dead')),
    -- When a worker may take the job; while it is leased, when the lease ends.
    due_at {time} not null,
    lease_token {text},
    -- Asked for once more while it was running.
    again {bool} not null,
    attempts {int} not null,
    last_error {text},
    created_at {time} not null,
    updated_at {time} not null
);
create index jobs_state_due_at_idx on jobs (state, due_at);
create unique index jobs_dedupe_key_key on jobs (dedupe_key) where state = 'queued';

create table outbox (
    id {id} primary key,
    channel {text} not null check (channel in ('mail')),
    template {text} not null,
    recipient {text} not null,
    params {json} not null,
    state {text} not null check (state in ('queued', 'held', 'sending', 'sent', 'skipped', 'dead')),
    attempts {int} not null,
    message_id {text},
    last_error {text},
    created_at {time} not null,
    updated_at {time} not null,
    sent_at {time}
);
create index outbox_state_created_at_idx on outbox (state, created_at);
create index outbox_created_at_idx on outbox (created_at);

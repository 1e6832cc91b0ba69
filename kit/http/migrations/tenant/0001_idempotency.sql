create table idempotency (
    principal {text} not null,
    route {text} not null,
    key {text} not null,
    fingerprint {text} not null,
    reply {json},
    created_at {time} not null,
    primary key (principal, route, key)
);
create index idempotency_created_at on idempotency (created_at);

-- The last head that control saw of each tenant's chain: a tenant's database alone cannot tell that its tail is gone.
create table audit_heads (
    tenant_id {id} primary key,
    seq {int} not null,
    link {bytes} not null,
    at {time} not null
);

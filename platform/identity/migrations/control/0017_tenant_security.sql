-- What a workspace asks of its members beyond what everybody is asked; no row: nothing.
create table tenant_security (
    tenant_id {id} primary key references tenants (id) on delete cascade,
    require_second_factor {bool} not null,
    updated_at {time} not null
);

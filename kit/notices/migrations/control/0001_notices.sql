-- What concerns a person and must not be missed, until it was read and for a while after. No foreign key: people belong to
-- a module, which says when one is forgotten.
create table notices (
    id {id} primary key,
    person_id {id} not null,
    -- The workspace it is about; null: the person's account, or the platform.
    tenant_id {id},
    kind {text} not null,
    -- What happened: nobody is told the same twice.
    happening {text} not null,
    subjects {json} not null,
    -- When it happened; the id says when it arrived here.
    at {time} not null,
    read_at {time}
);
create unique index notices_happening_person_id_key on notices (happening, person_id);
create index notices_person on notices (person_id, id);
create index notices_tenant on notices (tenant_id);
create index notices_read on notices (read_at);

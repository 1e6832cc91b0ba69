-- A row is there before the bytes and goes after them, so no bytes are ever without one.
create table files (
    id          {id} primary key,
    state       {text} not null check (state in ('arriving', 'quarantined', 'clean', 'refused', 'removing')),
    media       {text} not null check (media in ('image/jpeg', 'image/png', 'application/pdf')),
    name        {text},
    bytes       {int} not null check (bytes >= 0),
    sha256      {text} not null,
    width       {int},
    height      {int},
    refusal     {text},
    sealed_key  {bytes} not null,
    uploaded_by {id} not null,
    holder      {text},
    subject     {text},
    attached_at {time},
    removed_at  {time},
    created_at  {time} not null,
    updated_at  {time} not null
);

-- Uploads that nothing holds yet; there are few of them.
create index files_loose_idx on files (uploaded_by, created_at) where attached_at is null;

-- How many bytes the tenant has stored. One row, because adding all of them up takes longer the more there are.
create table files_held (
    id    {int} primary key check (id = 1),
    bytes {int} not null check (bytes >= 0)
);

insert into files_held (id, bytes) values (1, 0);

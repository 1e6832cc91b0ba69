-- What everybody at a desk is told; without a branch, at every desk.
create table announcements (
    id         {id} primary key,
    branch_id  {id} references branches (id),
    title      {text} not null,
    body       {text},
    from_at    {time} not null,
    until_at   {time},
    pinned     {bool} not null,
    version    {int} not null,
    created_by {id} not null,
    created_at {time} not null,
    updated_at {time} not null,
    check (until_at is null or until_at > from_at)
);

create index announcements_pinned_from_at_id_idx on announcements (pinned, from_at, id);

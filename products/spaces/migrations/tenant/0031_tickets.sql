-- What somebody asks a hall for, and by when it is owed.
create table tickets (
    id          {id} primary key,
    branch_id   {id} not null references branches (id),
    student_id  {id} references students (id),
    subject     {text} not null,
    body        {text},
    priority    {text} not null check (priority in ('critical', 'high', 'medium', 'low')),
    state       {text} not null check (state in ('open', 'waiting', 'resolved', 'closed')),
    assignee    {id},
    due_at      {time} not null,
    resolved_at {time},
    breach_told {bool} not null,
    opened_by   {id} not null,
    version     {int} not null,
    created_at  {time} not null,
    updated_at  {time} not null,
    check ((resolved_at is null) = (state in ('open', 'waiting')))
);

create index tickets_due_at_id_idx on tickets (due_at, id);
create index tickets_student_id_idx on tickets (student_id);

create table ticket_comments (
    id         {id} primary key,
    ticket_id  {id} not null references tickets (id),
    author     {id} not null,
    text       {text} not null,
    created_at {time} not null
);

create index ticket_comments_ticket_id_idx on ticket_comments (ticket_id, created_at);

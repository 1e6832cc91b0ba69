create table branches (
    id          {id} primary key,
    code        {text} not null,
    code_folded {text} not null,
    name        {text} not null,
    name_folded {text} not null,
    city        {text},
    address     {text},
    time_zone   {text} not null,
    active      {bool} not null,
    version     {int} not null,
    created_at  {time} not null,
    updated_at  {time} not null
);

create unique index branches_code_folded_key on branches (code_folded);

create table students (
    id             {id} primary key,
    branch_id      {id} not null references branches (id),
    code           {text} not null,
    code_folded    {text} not null,
    name           {text} not null,
    name_folded    {text} not null,
    phone          {text} not null,
    email          {text},
    guardian_name  {text},
    guardian_phone {text},
    date_of_birth  {date},
    gender         {text} check (gender in ('female', 'male', 'other')),
    joined_on      {date} not null,
    status         {text} not null check (status in ('active', 'paused', 'left')),
    notes          {text},
    search_key     {text} not null,
    import_id      {id},
    version        {int} not null,
    created_at     {time} not null,
    updated_at     {time} not null
);

create unique index students_code_folded_key on students (code_folded);
create unique index students_phone_name_folded_key on students (phone, name_folded);
create index students_branch_id_idx on students (branch_id);
create index students_name_folded_id_idx on students (name_folded, id);
create index students_created_at_id_idx on students (created_at, id);

-- The next number of each kind of code that is made up. Its own row, because max(code) + 1 is a race.
create table spaces_numbers (
    kind        {text} primary key,
    next_number {int} not null
);

create table imports (
    id             {id} primary key,
    state          {text} not null,
    scope          {text} not null,
    created_by     {id} not null,
    file_name      {text},
    file_size      {int} not null,
    encoding       {text} not null,
    separator      {text} not null,
    header_line    {int} not null,
    columns        {json} not null,
    mapping        {json} not null,
    default_branch {id},
    total_rows     {int} not null,
    next_row       {int} not null,
    accepted_rows  {int} not null,
    rejected_rows  {int} not null,
    noted_rows     {int} not null,
    removed_rows   {int} not null,
    kept_rows      {int} not null,
    failure        {text},
    created_at     {time} not null,
    updated_at     {time} not null,
    finished_at    {time}
);

create index imports_created_at_id_idx on imports (created_at, id);

-- Apart from imports, so that listing them never reads the bytes; gone when the import is over.
create table import_files (
    import_id {id} primary key references imports (id),
    content   {bytes} not null
);

create table import_rows (
    import_id  {id} not null references imports (id),
    line       {int} not null,
    outcome    {text} not null,
    student_id {id},
    faults     {json} not null,
    note       {text},
    cells      {json} not null,
    primary key (import_id, line)
);

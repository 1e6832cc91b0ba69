-- What belongs to a student on paper. The bytes are a file's; who may see it is decided here.
create table student_documents (
    id         {id} primary key,
    student_id {id} not null references students (id),
    kind       {text} not null check (kind in ('photo', 'identity', 'other')),
    title      {text},
    file_id    {id} not null,
    created_by {id} not null,
    created_at {time} not null
);

create unique index student_documents_file_id_key on student_documents (file_id);
create index student_documents_student_id_idx on student_documents (student_id, created_at);

-- Numbers of identity documents. All but the last characters are sealed.
create table student_numbers (
    id            {id} primary key,
    student_id    {id} not null references students (id),
    kind          {text} not null check (kind in ('aadhaar', 'pan', 'other')),
    title         {text},
    last          {text} not null,
    sealed_number {bytes} not null,
    created_by    {id} not null,
    created_at    {time} not null
);

create index student_numbers_student_id_idx on student_numbers (student_id, created_at);

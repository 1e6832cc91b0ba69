-- Who may become a student.
create table leads (
    id           {id} primary key,
    branch_id    {id} not null references branches (id),
    name         {text} not null,
    phone        {text} not null,
    email        {text},
    source       {text} not null check (source in ('walk_in', 'phone', 'website', 'referral', 'social', 'other')),
    stage        {text} not null check (stage in ('new', 'contacted', 'visited', 'won', 'lost')),
    follow_up_on {date},
    notes        {text},
    student_id   {id} references students (id),
    version      {int} not null,
    created_by   {id} not null,
    created_at   {time} not null,
    updated_at   {time} not null
);

create index leads_created_at_id_idx on leads (created_at, id);
create index leads_phone_idx on leads (phone);
create index leads_student_id_idx on leads (student_id);

-- Which student brought whom, and what that is worth once the lead is a student. Amounts are in minor units.
create table referrals (
    id          {id} primary key,
    lead_id     {id} not null references leads (id),
    branch_id   {id} not null references branches (id),
    referrer_id {id} references students (id),
    amount      {int} not null check (amount > 0),
    currency    {text} not null,
    state       {text} not null check (state in ('pending', 'earned', 'credited')),
    created_by  {id} not null,
    created_at  {time} not null,
    earned_at   {time},
    check ((earned_at is null) = (state = 'pending'))
);

create unique index referrals_lead_id_key on referrals (lead_id);
create index referrals_referrer_id_idx on referrals (referrer_id);
create index referrals_created_at_id_idx on referrals (created_at, id);

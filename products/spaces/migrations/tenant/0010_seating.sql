create table zones (
    id          {id} primary key,
    branch_id   {id} not null references branches (id),
    name        {text} not null,
    name_folded {text} not null,
    position    {int} not null,
    version     {int} not null,
    created_at  {time} not null,
    updated_at  {time} not null
);

create unique index zones_branch_id_name_folded_key on zones (branch_id, name_folded);

create table seats (
    id           {id} primary key,
    branch_id    {id} not null references branches (id),
    zone_id      {id} not null references zones (id),
    -- Counts the seats of the tenant. What is claimed of them lies on one line, each seat a day's length of it.
    lane         {int} not null check (lane >= 0),
    label        {text} not null,
    label_folded {text} not null,
    ac           {bool} not null,
    power        {bool} not null,
    window_side  {bool} not null,
    locker       {bool} not null,
    size         {text} not null check (size in ('small', 'standard', 'large')),
    status       {text} not null check (status in ('in_service', 'out_of_service')),
    version      {int} not null,
    created_at   {time} not null,
    updated_at   {time} not null
);

create unique index seats_lane_key on seats (lane);
create unique index seats_branch_id_label_folded_key on seats (branch_id, label_folded);
create index seats_zone_id_idx on seats (zone_id);

create table seat_maps (
    branch_id  {id} primary key references branches (id),
    drawing    {json} not null,
    version    {int} not null,
    updated_at {time} not null
);

create table shifts (
    id          {id} primary key,
    branch_id   {id} not null references branches (id),
    name        {text} not null,
    name_folded {text} not null,
    start       {int} not null check (start between 0 and 1439),
    minutes     {int} not null check (minutes between 1 and 1440),
    -- Bits of weekdays, Monday the lowest.
    days        {int} not null check (days between 1 and 127),
    active      {bool} not null,
    version     {int} not null,
    created_at  {time} not null,
    updated_at  {time} not null
);

create unique index shifts_branch_id_name_folded_key on shifts (branch_id, name_folded);

create table closures (
    id         {id} primary key,
    branch_id  {id} not null references branches (id),
    zone_id    {id} references zones (id),
    from_date  {date} not null,
    until_date {date} not null,
    reason     {text} not null,
    version    {int} not null,
    created_at {time} not null,
    updated_at {time} not null,
    check (from_date < until_date)
);

create index closures_branch_id_until_date_idx on closures (branch_id, until_date);

-- Every version of the rules of a branch; the highest is in force, and none ever changes.
create table seat_policies (
    branch_id  {id} not null references branches (id),
    version    {int} not null,
    rules      {json} not null,
    created_at {time} not null,
    primary key (branch_id, version)
);

-- Who holds a seat in a shift on a range of dates. The minutes and weekdays are those of the shift when it was claimed.
create table seat_claims (
    id            {id} primary key,
    branch_id     {id} not null references branches (id),
    seat_id       {id} not null references seats (id),
    shift_id      {id} not null references shifts (id),
    student_id    {id} references students (id),
    membership_id {id},
    state         {text} not null check (state in ('held', 'taken')),
    from_date     {date} not null,
    until_date    {date} not null,
    start         {int} not null,
    minutes       {int} not null,
    days          {int} not null,
    expires_at    {time},
    version       {int} not null,
    created_at    {time} not null,
    updated_at    {time} not null,
    check (from_date < until_date),
    check ((state = 'held') = (expires_at is not null)),
    check (state = 'held' or student_id is not null)
);

create index seat_claims_branch_id_until_date_idx on seat_claims (branch_id, until_date);
create index seat_claims_seat_id_until_date_idx on seat_claims (seat_id, until_date);
create index seat_claims_shift_id_idx on seat_claims (shift_id, until_date);
create index seat_claims_student_id_idx on seat_claims (student_id);
create index seat_claims_membership_id_idx on seat_claims (membership_id);
create index seat_claims_expires_at_idx on seat_claims (expires_at);

-- What a claim takes of its seat, as boxes of dates x minutes x weekdays. Two boxes of one seat never meet: this table
-- refuses the second. On PostgreSQL by an exclusion over ranges, all of built-in types: minutes are counted along the
-- line of all seats, so that no extension is needed to compare seats.
create table seat_claim_spans (
    claim_id      {id} not null references seat_claims (id),
    part          {int} not null,
    lane          {int} not null references seats (lane),
    from_date     {date} not null,
    until_date    {date} not null,
    from_minute   {int} not null check (from_minute >= 0),
    until_minute  {int} not null check (until_minute <= 1440),
    from_weekday  {int} not null check (from_weekday >= 0),
    until_weekday {int} not null check (until_weekday <= 7),
    primary key (claim_id, part),
    check (from_date < until_date and from_minute < until_minute and from_weekday < until_weekday)
);

create index seat_claim_spans_lane_until_date_idx on seat_claim_spans (lane, until_date);

-- engine: sqlite
create trigger seat_claim_spans_free_insert before insert on seat_claim_spans
when exists (
    select 1 from seat_claim_spans held
    where held.lane = new.lane
      and held.until_date > new.from_date and held.from_date < new.until_date
      and held.from_minute < new.until_minute and held.until_minute > new.from_minute
      and held.from_weekday < new.until_weekday and held.until_weekday > new.from_weekday
)
begin
    select raise(abort, 'seat_claim_spans_free');
end;

create trigger seat_claim_spans_free_update before update on seat_claim_spans
when exists (
    select 1 from seat_claim_spans held
    where held.lane = new.lane
      and held.until_date > new.from_date and held.from_date < new.until_date
      and held.from_minute < new.until_minute and held.until_minute > new.from_minute
      and held.from_weekday < new.until_weekday and held.until_weekday > new.from_weekday
      and not (held.claim_id = old.claim_id and held.part = old.part)
)
begin
    select raise(abort, 'seat_claim_spans_free');
end;
-- engine: postgres
alter table seat_claim_spans add constraint seat_claim_spans_free exclude using gist (
    int8range(lane * 1440 + from_minute, lane * 1440 + until_minute) with &&,
    daterange(from_date, until_date) with &&,
    int8range(from_weekday, until_weekday) with &&
);
-- engine: both

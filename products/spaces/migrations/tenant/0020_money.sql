-- What the whole tenant has decided about money; one row.
create table money_settings (
    id             {int} primary key check (id = 1),
    currency       {text} not null,
    -- Above it a payment or refund counts only after a second person has approved it; none needs that when it is absent.
    approval_limit {int} check (approval_limit >= 0),
    late_fee       {int} check (late_fee > 0),
    late_days      {int} not null check (late_days >= 0),
    version        {int} not null,
    updated_at     {time} not null
);
insert into money_settings (id, currency, late_days, version, updated_at) values (1, 'INR', 7, 1, 0);

-- Who a branch is on paper.
create table billing_profiles (
    branch_id  {id} primary key references branches (id),
    legal_name {text} not null,
    address    {text},
    phone      {text},
    gstin      {text},
    state      {text},
    prefix     {text} not null,
    version    {int} not null,
    updated_at {time} not null
);
create unique index billing_profiles_prefix_key on billing_profiles (prefix);

create table fee_plans (
    id          {id} primary key,
    branch_id   {id} not null references branches (id),
    name        {text} not null,
    name_folded {text} not null,
    active      {bool} not null,
    terms       {json} not null,
    version     {int} not null,
    created_at  {time} not null,
    updated_at  {time} not null
);
create unique index fee_plans_branch_id_name_folded_key on fee_plans (branch_id, name_folded);

-- Every version there was, so that what was sold keeps its price.
create table fee_plan_versions (
    plan_id {id} not null references fee_plans (id),
    version {int} not null,
    name    {text} not null,
    terms   {json} not null,
    at      {time} not null,
    primary key (plan_id, version)
);

create table discounts (
    id          {id} primary key,
    branch_id   {id} not null references branches (id),
    code        {text} not null,
    code_folded {text} not null,
    off         {json} not null,
    valid_from  {date} not null,
    valid_until {date} not null,
    most_uses   {int} check (most_uses > 0),
    active      {bool} not null,
    version     {int} not null,
    created_at  {time} not null,
    updated_at  {time} not null,
    check (valid_from <= valid_until)
);
create unique index discounts_branch_id_code_folded_key on discounts (branch_id, code_folded);

-- The next number of each series. Its own row, locked by whoever takes a number, so that a series has no gaps.
create table number_series (
    branch_id   {id} not null references branches (id),
    kind        {text} not null,
    year        {int} not null,
    next_number {int} not null,
    primary key (branch_id, kind, year)
);

create table billing_documents (
    id          {id} primary key,
    branch_id   {id} not null references branches (id),
    student_id  {id} not null,
    kind        {text} not null check (kind in ('invoice', 'receipt', 'credit_note')),
    year        {int} not null,
    number      {int} not null,
    full_number {text} not null,
    issued_on   {date} not null,
    total       {int} not null check (total > 0),
    currency    {text} not null,
    refers_to   {id} references billing_documents (id),
    body        {json} not null,
    created_at  {time} not null
);
create unique index billing_documents_branch_id_kind_year_number_key on billing_documents (branch_id, kind, year, number);
create unique index billing_documents_full_number_key on billing_documents (full_number);
create index billing_documents_student_id_idx on billing_documents (student_id, id);
create index billing_documents_branch_id_issued_on_idx on billing_documents (branch_id, issued_on);
create index billing_documents_refers_to_idx on billing_documents (refers_to);

create table dues (
    id            {id} primary key,
    branch_id     {id} not null references branches (id),
    student_id    {id} not null references students (id),
    membership_id {id},
    kind          {text} not null check (kind in ('fee', 'deposit', 'late_fee', 'other')),
    title         {text} not null,
    due_on        {date} not null,
    amount        {int} not null check (amount >= 0),
    currency      {text} not null,
    plan_id       {id} references fee_plans (id),
    plan_version  {int},
    discount_id   {id} references discounts (id),
    invoice_id    {id} references billing_documents (id),
    late_for      {id} references dues (id),
    -- Whether anything is left of it; what is left is the amount less the sum of its moves that are not returns.
    open          {bool} not null,
    settled_on    {date},
    charged_on    {date} not null,
    created_at    {time} not null
);
create unique index dues_late_for_key on dues (late_for);
create index dues_student_id_idx on dues (student_id, open);
create index dues_open_due_on_idx on dues (open, due_on, id);
create index dues_branch_id_due_on_idx on dues (branch_id, due_on);
create index dues_discount_id_idx on dues (discount_id);
create index dues_membership_id_idx on dues (membership_id);

create table payments (
    id            {id} primary key,
    branch_id     {id} not null references branches (id),
    student_id    {id} not null references students (id),
    method        {text} not null check (method in ('cash', 'upi', 'cheque', 'bank_transfer')),
    amount        {int} not null check (amount > 0),
    currency      {text} not null,
    reference     {text},
    -- Method and folded reference; empty again when the payment is rejected.
    reference_key {text},
    -- The dues the payer chose, oldest first when absent.
    chosen        {json},
    state         {text} not null check (state in ('pending', 'counted', 'rejected')),
    taken_by      {id} not null,
    on_day        {date},
    receipt_id    {id} references billing_documents (id),
    decided_by    {id},
    decided_at    {time},
    reason        {text},
    created_at    {time} not null
);
create unique index payments_reference_key_key on payments (reference_key);
create index payments_student_id_idx on payments (student_id, id);
create index payments_branch_id_on_day_idx on payments (branch_id, on_day);
create index payments_state_idx on payments (state, id);

-- What became of a due. Each move takes something off it, but for a return: what was credited after it had been paid went to the advance.
create table due_moves (
    id         {id} primary key,
    due_id     {id} not null references dues (id),
    kind       {text} not null check (kind in ('paid', 'advance', 'waived', 'credited', 'returned')),
    amount     {int} not null check (amount > 0),
    payment_id {id} references payments (id),
    reason     {text},
    actor_id   {id},
    on_day     {date} not null,
    at         {time} not null
);
create index due_moves_due_id_amount_idx on due_moves (due_id, amount);

create table refunds (
    id             {id} primary key,
    branch_id      {id} not null references branches (id),
    student_id     {id} not null references students (id),
    source         {text} not null check (source in ('advance', 'deposit')),
    method         {text} not null check (method in ('cash', 'upi', 'cheque', 'bank_transfer')),
    amount         {int} not null check (amount > 0),
    currency       {text} not null,
    reference      {text},
    reason         {text} not null,
    state          {text} not null check (state in ('pending', 'counted', 'rejected')),
    asked_by       {id} not null,
    on_day         {date},
    decided_by     {id},
    decided_at     {time},
    decided_reason {text},
    created_at     {time} not null
);
create index refunds_student_id_idx on refunds (student_id, id);
create index refunds_branch_id_idx on refunds (branch_id, id);

create table expenses (
    id         {id} primary key,
    branch_id  {id} not null references branches (id),
    category   {text} not null,
    method     {text} not null check (method in ('cash', 'upi', 'cheque', 'bank_transfer')),
    amount     {int} not null check (amount > 0),
    currency   {text} not null,
    reference  {text},
    note       {text},
    paid_by    {id} not null,
    on_day     {date} not null,
    created_at {time} not null
);
create index expenses_branch_id_idx on expenses (branch_id, id);

create table day_closes (
    id        {id} primary key,
    branch_id {id} not null references branches (id),
    staff_id  {id} not null,
    on_day    {date} not null,
    currency  {text} not null,
    counts    {json} not null,
    left_in   {int} not null check (left_in >= 0),
    reason    {text},
    closed_by {id} not null,
    closed_at {time} not null
);
create unique index day_closes_branch_id_staff_id_on_day_key on day_closes (branch_id, staff_id, on_day);

-- Documents are issued once and closed days stay closed: the database itself refuses.
-- engine: sqlite
create trigger billing_documents_no_update before update on billing_documents
begin
    select raise(abort, 'issued documents stay as they are');
end;
create trigger billing_documents_no_delete before delete on billing_documents
begin
    select raise(abort, 'issued documents stay as they are');
end;
create trigger billing_documents_no_replace before insert on billing_documents
when exists (select 1 from billing_documents where id = new.id or full_number = new.full_number
             or (branch_id = new.branch_id and kind = new.kind and year = new.year and number = new.number))
begin
    select raise(abort, 'issued documents stay as they are');
end;
create trigger day_closes_no_update before update on day_closes
begin
    select raise(abort, 'a closed day stays closed');
end;
create trigger day_closes_no_delete before delete on day_closes
begin
    select raise(abort, 'a closed day stays closed');
end;
-- engine: postgres
create function money_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'issued documents and closed days stay as they are' using errcode = 'restrict_violation';
end
$$;
create trigger billing_documents_no_change before update or delete or truncate on billing_documents
    for each statement execute function money_refuse();
create trigger day_closes_no_change before update or delete or truncate on day_closes
    for each statement execute function money_refuse();
-- engine: both

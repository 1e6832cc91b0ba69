-- Addresses that people want to move to. The link in the mail to the new address does it; `session_id` is
-- where it was asked for and stays signed in.
create table email_changes (
    id {id} primary key,
    identity_id {id} not null references identities (id) on delete cascade,
    session_id {id} not null,
    new_email {text} not null,
    created_at {time} not null
);
create index email_changes_identity on email_changes (identity_id, created_at);
create index email_changes_created on email_changes (created_at);

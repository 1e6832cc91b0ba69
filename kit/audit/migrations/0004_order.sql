-- Ids rise with time, so the primary key is the order in which rows wait.
drop index audit_unsealed_at;

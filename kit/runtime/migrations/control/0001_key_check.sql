-- One row per master key that something may still be sealed under, with a known text sealed under that key: a
-- process that cannot open all of them lacks a key, or holds another one, and must not start.
CREATE TABLE key_check (
    key_id {text} PRIMARY KEY,
    proof {bytes} NOT NULL,
    created_at {time} NOT NULL
);

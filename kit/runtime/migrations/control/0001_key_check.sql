-- One row, sealed under the master key when the installation began: a process that cannot open it
-- holds another key and must not start.
CREATE TABLE key_check (
    id {int} PRIMARY KEY CHECK (id = 1),
    sealed {bytes} NOT NULL,
    created_at {time} NOT NULL
);

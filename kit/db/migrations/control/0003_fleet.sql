-- When tenants were last written to, as far as their processes have told.
CREATE TABLE tenant_activity (
    tenant_id {id} NOT NULL PRIMARY KEY,
    written_at {time} NOT NULL
);

-- Tenants that could not be brought to the schema of a program, and why; gone once they are.
CREATE TABLE tenant_laggards (
    tenant_id {id} NOT NULL PRIMARY KEY,
    -- How many migrations the program has that tried.
    wanted {int} NOT NULL,
    failures {int} NOT NULL,
    error {text} NOT NULL,
    failed_at {time} NOT NULL
);

-- The directory of tenants: what exists, in which state, and where its database is.
CREATE TABLE tenants (
    id {id} NOT NULL PRIMARY KEY,
    slug {text} NOT NULL,
    name {text} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('provisioning', 'active', 'suspended', 'closed', 'failed')),
    reason {text},
    -- The address of the database. Empty until it has been provisioned.
    engine {text} NOT NULL,
    cluster {text} NOT NULL,
    database {text} NOT NULL,
    schema_name {text} NOT NULL,
    -- Which life of the tenant the database must hold; a restore begins a new one.
    incarnation {int} NOT NULL,
    -- How many tenant migrations the database was last seen with.
    schema_version {int} NOT NULL,
    version {int} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
);
CREATE UNIQUE INDEX tenants_slug_key ON tenants (slug);
CREATE INDEX tenants_schema_version ON tenants (schema_version, id);

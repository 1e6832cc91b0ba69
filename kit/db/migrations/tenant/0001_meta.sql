-- Whose database this is: a file or a database can be recognised and adopted without control.
CREATE TABLE _meta (
    one {int} NOT NULL PRIMARY KEY CHECK (one = 1),
    tenant_id {id} NOT NULL,
    slug {text} NOT NULL,
    incarnation {int} NOT NULL,
    created_at {time} NOT NULL
);

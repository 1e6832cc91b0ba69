-- Slugs that tenants had before they were renamed: links and mails that carry one must never lead to
-- somebody else.
CREATE TABLE retired_slugs (
    slug {text} NOT NULL PRIMARY KEY,
    tenant_id {id} NOT NULL,
    retired_at {time} NOT NULL
);

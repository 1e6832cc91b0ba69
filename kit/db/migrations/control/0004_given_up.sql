-- How many numbers of lives after the present one are used up: by copies that came to nothing, and that may be removed at any
-- time because nobody will ever make them a tenant's database.
ALTER TABLE tenants ADD COLUMN given_up {int} NOT NULL DEFAULT 0;

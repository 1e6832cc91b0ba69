-- Who asked for what the import does or did last, which need not be who uploaded the file.
alter table imports add column asked_by {id};

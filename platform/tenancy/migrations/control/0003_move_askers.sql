-- The operator who asked for the move; null: somebody with a shell on the server.
alter table tenancy_moves add column requested_by {id};

-- When the guesses at an account were last forgiven, by the keyed hash of its address. Every process counts attempts in its
-- memory, and looks here before it refuses one: who forgave may have been another process, or a command.
create table forgiven (
    account {bytes} primary key,
    at {time} not null
);
create index forgiven_at on forgiven (at);

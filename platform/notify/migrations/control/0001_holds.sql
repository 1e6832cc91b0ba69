-- Where mail is held because no mail server is configured, so that its release need not open every
-- tenant. The empty text stands for control itself.
create table notify_holds (
    place {text} primary key,
    since {time} not null
);

-- What happened in a call, step by step, so that it can be said later why it went as it did. Written by service::journal; removed with the
-- call, or when calls.record_lifetime is over. user_id is null for what the server did itself, session_id where no sign-in is known.
create table call_steps (
    id         uuid    not null primary key,
    call_id    uuid    not null references calls (id) on delete cascade,
    at         bigint  not null,
    user_id    uuid,
    session_id uuid,
    -- The name of the step, and all of it as JSON. The server looks for reports alone by name.
    kind       text    not null,
    step       text    not null
);
create index call_steps_by_call on call_steps (call_id);
create index call_steps_by_age on call_steps (at);

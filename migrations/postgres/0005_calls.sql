-- Calls. Written by service::calls alone. status: ringing, answered, ended, missed, rejected.
create table calls (
    id            uuid    not null primary key,
    chat_id       uuid    not null references chats (id),
    kind          text    not null,
    status        text    not null,
    reason        text,
    created_at    bigint  not null,
    updated_at    bigint  not null,
    answered_at   bigint,
    ended_at      bigint,
    -- When the server knew last that it went on: a call that a crash ended, ended then.
    last_alive_at bigint  not null
);
create index calls_by_status on calls (status);

-- Who took part in a call. Written by service::calls. role: caller, receiver. session_id is the sign-in that spoke for them.
create table call_participants (
    call_id    uuid    not null references calls (id) on delete cascade,
    user_id    uuid    not null references users (id),
    role       text    not null,
    session_id uuid,
    joined_at  bigint,
    left_at    bigint,
    primary key (call_id, user_id)
);
create index call_participants_by_user on call_participants (user_id);

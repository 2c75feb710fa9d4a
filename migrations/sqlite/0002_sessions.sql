-- Sign-ins. Written by service::auth. Live while ended_at is null and expires_at is ahead.
create table sessions (
    id         blob    not null primary key,
    user_id    blob    not null references users (id),
    device_id  blob    not null references devices (id),
    -- The opaque name that its TURN credentials carry in clear.
    relay_name text    not null unique,
    created_at bigint  not null,
    expires_at bigint  not null,
    ended_at   bigint
);
create index sessions_by_user on sessions (user_id);
create index sessions_by_device on sessions (device_id);

-- Refresh tokens of sessions, by their jti claim. Written by service::auth. A token with a successor has been used.
create table refresh_tokens (
    id         blob    not null primary key,
    session_id blob    not null references sessions (id) on delete cascade,
    issued_at  bigint  not null,
    expires_at bigint  not null,
    rotated_at bigint,
    successor  blob
);
create index refresh_tokens_by_session on refresh_tokens (session_id);

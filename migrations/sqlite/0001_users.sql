-- People. Written by service::auth and service::people. A removed account is a tombstone: deleted_at set, name_key freed.
create table users (
    id            blob      not null primary key,
    name          text      not null,
    -- What two names that look alike have in common (domain::NameKey); null once the account is removed.
    name_key      text      unique,
    password_hash text      not null,
    is_admin      boolean   not null,
    created_at    bigint    not null,
    updated_at    bigint    not null,
    last_seen_at  bigint,
    deleted_at    bigint
);

-- Installations of a client. Written by service::auth; a session belongs to one. push_token is what deployed clients register.
create table devices (
    id           blob    not null primary key,
    user_id      blob    not null references users (id),
    label        text    not null,
    push_kind    text,
    push_token   text,
    created_at   bigint  not null,
    last_seen_at bigint  not null
);
create index devices_by_user on devices (user_id);

-- Chats. Written by service::chats. rev numbers the changes of a chat: 1, 2, 3 and so on without gaps.
create table chats (
    id         blob    not null primary key,
    kind       text    not null,
    name       text    not null,
    -- Makes the family chat and each pair's private chat unique: 'family', or both user ids in order; null for groups.
    slot       text    unique,
    rev        bigint  not null,
    created_at bigint  not null,
    updated_at bigint  not null
);

-- Who is in which chat. Written by service::chats. A read mark is a change of the chat: read_rev is the rev it took.
create table participants (
    chat_id     blob     not null references chats (id),
    user_id     blob     not null references users (id),
    joined_at   bigint   not null,
    left_at     bigint,
    read_seq    bigint   not null,
    read_rev    bigint   not null,
    -- The user deleted the chat for themselves: not listed until something new comes, nothing up to cleared_seq is shown.
    hidden      boolean  not null,
    cleared_seq bigint   not null,
    primary key (chat_id, user_id)
);
create index participants_by_user on participants (user_id);

-- Messages. Written by service::chats. seq is the chat's rev under which it was posted, rev the one of its last change.
-- body is opaque under its scheme (0: plain UTF-8; others are for ciphertext). A deleted message keeps its row without a body.
create table messages (
    id            blob    not null primary key,
    chat_id       blob    not null references chats (id),
    seq           bigint  not null,
    rev           bigint  not null,
    sender_id     blob    not null references users (id),
    sender_device blob    references devices (id),
    client_id     text,
    kind          text    not null,
    scheme        integer not null,
    body          blob not null,
    created_at    bigint  not null,
    updated_at    bigint  not null,
    deleted_at    bigint,
    unique (chat_id, seq),
    unique (chat_id, sender_id, client_id)
);
create index messages_by_rev on messages (chat_id, rev);

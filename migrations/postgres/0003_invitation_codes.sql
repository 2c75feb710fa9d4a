-- Codes with which people register. Written by service::invites and service::auth.
create table invitation_codes (
    id          uuid     not null primary key,
    code        text     not null unique,
    usage_limit integer,
    usage_count integer  not null,
    created_by  uuid     references users (id),
    used_by     uuid     references users (id),
    used_at     bigint,
    expires_at  bigint,
    created_at  bigint   not null,
    updated_at  bigint   not null
);

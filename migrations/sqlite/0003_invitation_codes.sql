-- Codes with which people register. Written by service::invites and service::auth.
create table invitation_codes (
    id          blob     not null primary key,
    code        text     not null unique,
    usage_limit integer,
    usage_count integer  not null,
    created_by  blob     references users (id),
    used_by     blob     references users (id),
    used_at     bigint,
    expires_at  bigint,
    created_at  bigint   not null,
    updated_at  bigint   not null
);

-- Calls of a whole chat, through a room of this server. form: private (between two devices; its people have the roles caller and receiver),
-- group (roles starter and member). A call between two becomes a group call when a third is invited, under the same id.
alter table calls add column form text not null default 'private';
-- Nobody new may join.
alter table calls add column locked boolean not null default false;
-- A chat has one living group call.
create unique index calls_living_group on calls (chat_id) where form = 'group' and status in ('ringing', 'answered');

-- What became of somebody's part in a group call: joined, declined, missed, rang, busy. Null in calls between two: their status says it.
alter table call_participants add column outcome text;
-- What a moderator decided about somebody: invited, removed.
alter table call_participants add column admission text;
-- When it began to ring for them last.
alter table call_participants add column rung_at bigint;

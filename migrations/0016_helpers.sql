-- Who else may send into a show or keep its room: an encoder by its stream key, a helper's phone by invitation.

create table helpers (
  id text primary key,
  broadcast_id text not null references broadcasts (id),
  name text not null,
  -- SHA-256 of what the helper's browser holds.
  hash text not null unique,
  joined_at_ms bigint not null,
  until_ms bigint not null,
  removed_at_ms bigint
);

create index helpers_of_broadcast on helpers (broadcast_id, joined_at_ms);

create table helper_invites (
  -- SHA-256 of what the square picture says.
  hash text primary key,
  broadcast_id text not null references broadcasts (id),
  until_ms bigint not null
);

create index helper_invites_of_broadcast on helper_invites (broadcast_id, until_ms);

-- One stream key a show, shown once; a new one takes the old one's place.
alter table publish_keys add column is_encoder boolean not null default false;
alter table publish_keys add column helper_id text;

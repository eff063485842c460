-- Broadcasts, and what happens in their rooms.
--
-- Times that say at_ms are on the media clock: the wall clock of the frame it belongs to.
-- Stores, people and products belong to other features; they are named here, not referenced.

create table broadcasts (
  id text primary key,
  store_id text not null,
  title text not null,
  title_en text not null,
  -- A photo's id, or empty.
  poster text not null,
  stage text not null check (stage in ('scheduled', 'live', 'waiting', 'ended')),
  starts_at_ms bigint not null,
  -- The first frame, whatever came after.
  live_since_ms bigint,
  waiting_since_ms bigint,
  ended_at_ms bigint,
  -- The process that carries it says so every few seconds; silence means it died.
  heard_ms bigint,
  -- The recording: media time zero, its first frame, its length. All empty: there is none (yet).
  epoch_ms bigint,
  replay_from_ms bigint,
  replay_ms bigint,
  closed boolean not null,
  pinned_product text,
  pinned_at_ms bigint not null,
  -- Recognises the request that made it, and what it asked, when it comes twice.
  made_key text not null unique,
  made_of text not null,
  made_at_ms bigint not null
);

create index broadcasts_of_store on broadcasts (store_id, starts_at_ms, id);
create index broadcasts_by_stage on broadcasts (stage, starts_at_ms, id);
-- A stall has one counter: at most one show on air.
create unique index broadcasts_on_air on broadcasts (store_id) where stage in ('live', 'waiting');

create table broadcast_products (
  broadcast_id text not null references broadcasts (id),
  place bigint not null,
  product_id text not null,
  primary key (broadcast_id, place),
  unique (broadcast_id, product_id)
);

-- SHA-256 of the keys that may publish. A studio page gets its own; the newest few are good.
create table publish_keys (
  hash text primary key,
  broadcast_id text not null references broadcasts (id),
  made_at_ms bigint not null
);

create index publish_keys_of_broadcast on publish_keys (broadcast_id, made_at_ms);

create table chat_lines (
  id text primary key,
  broadcast_id text not null references broadcasts (id),
  -- Empty for a line of the demo's script.
  person_id text,
  name text not null,
  said_by text not null check (said_by in ('shopper', 'seller', 'helper')),
  said text not null,
  at_ms bigint not null,
  -- When the seller took it out of the room; empty: it stands.
  hidden_at_ms bigint,
  made_key text unique
);

create index chat_lines_of_broadcast on chat_lines (broadcast_id, id);

create table pins (
  id text primary key,
  broadcast_id text not null references broadcasts (id),
  -- Empty: the card was taken down.
  product_id text,
  at_ms bigint not null,
  made_key text unique,
  unique (broadcast_id, at_ms)
);

-- Hearts of one second, for the replay.
create table reactions (
  broadcast_id text not null,
  at_s bigint not null,
  kind text not null,
  count bigint not null,
  primary key (broadcast_id, at_s, kind)
);

-- Who people are, what they agreed to, which devices they are signed in on, and what they may do.

create table persons (
  id text primary key,
  name text not null,
  phone text unique,
  email text unique,
  lang text,
  created_at_ms bigint not null,
  check (phone is not null or email is not null)
);

-- The cookie holds the token, this table its SHA-256: a stolen copy of the table signs nobody in.
create table sessions (
  id text primary key,
  token_hash text not null unique,
  person_id text not null references persons (id) on delete cascade,
  device text not null,
  created_at_ms bigint not null,
  seen_at_ms bigint not null,
  expires_at_ms bigint not null
);

create index sessions_person on sessions (person_id, seen_at_ms);

-- Who works in which store. Stores themselves belong to the shop, which comes later.
create table members (
  store_id text not null,
  person_id text not null references persons (id) on delete cascade,
  role text not null check (role in ('owner', 'helper')),
  since_ms bigint not null,
  primary key (store_id, person_id)
);

create index members_person on members (person_id, store_id);

create table operators (
  person_id text primary key references persons (id) on delete cascade,
  since_ms bigint not null
);

-- A ledger: a consent is given or withdrawn by a new row, never by changing one. The reference is
-- checked at the commit, because the consents are written before the account they allow.
create table consents (
  person_id text not null references persons (id) on delete cascade deferrable initially deferred,
  kind text not null,
  turn bigint not null,
  given boolean not null,
  text_version text not null,
  channel text not null,
  at_ms bigint not null,
  primary key (person_id, kind, turn)
);

-- Sign-in codes: live until tried rightly, tried five times, replaced or expired; then proved, which
-- lets the same browser join; then spent.
create table codes (
  id text primary key,
  address text not null,
  person_id text,
  client text not null,
  browser_hash text not null,
  code_hash text not null,
  asked_at_ms bigint not null,
  expires_at_ms bigint not null,
  tries bigint not null check (tries between 0 and 5),
  live boolean not null,
  proved_at_ms bigint,
  spent_at_ms bigint
);

create unique index codes_live on codes (address) where live;
create index codes_browser on codes (browser_hash, asked_at_ms);
create index codes_address on codes (address, asked_at_ms);
create index codes_person on codes (person_id, asked_at_ms);
create index codes_client on codes (client, asked_at_ms);
create index codes_age on codes (asked_at_ms);

-- One row per address, person or client that asks for codes. Touching it makes others who ask for
-- the same wait, so that counting and asking are one step on every engine.
create table code_turns (
  subject text primary key,
  at_ms bigint not null
);

-- What the sandbox "sent": read at /dev/outbox, which only the demo has.
create table outbox (
  id text primary key,
  address text not null,
  code text,
  message text not null,
  at_ms bigint not null
);

create index outbox_age on outbox (at_ms, id);

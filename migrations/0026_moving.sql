-- Moving: a whole store packed into one file to take along, and such a file unpacked into a new store.

-- A file that is packed, or was. One at a time is packed of a store.
create table exports (
  id text primary key,
  store_id text not null references stores (id),
  key text not null,
  asked_by text not null,
  state text not null check (state in ('running', 'ready', 'failed', 'erased')),
  -- Lines and photos that are in the file, and about how many there will be.
  done bigint not null default 0,
  total bigint not null default 0,
  bytes bigint not null default 0,
  sha256 text not null default '',
  asked_at_ms bigint not null,
  ready_at_ms bigint,
  expires_at_ms bigint,
  unique (store_id, key)
);

create unique index exports_running on exports (store_id) where state = 'running';
create index exports_of_store on exports (store_id, asked_at_ms, id);

-- Who packed, fetched, unpacked or threw away what. Only added to.
create table moving_log (
  id text primary key,
  store_id text,
  person_id text not null,
  -- The export's or the arrival's id.
  subject text not null,
  what text not null
    check (what in ('asked', 'fetched', 'erased', 'arrived', 'begun', 'opened', 'undone')),
  at_ms bigint not null
);

create index moving_log_of_store on moving_log (store_id, at_ms, id);

-- A file that somebody brought, and how far its unpacking has come: phase by phase, line by line.
create table arrivals (
  id text primary key,
  person_id text not null,
  key text not null,
  file_name text not null,
  bytes bigint not null,
  state text not null check (state in ('looking', 'refused', 'read', 'running', 'done', 'failed', 'undone')),
  -- Why it was refused or failed, and where.
  fault text not null default '',
  fault_at text not null default '',
  -- What was seen when it was looked over: JSON.
  seen text not null default '{}',
  -- The store that is made of it.
  store_id text,
  phase text not null default '',
  line bigint not null default 0,
  done bigint not null default 0,
  total bigint not null default 0,
  created_at_ms bigint not null,
  changed_at_ms bigint not null,
  opened_at_ms bigint,
  unique (person_id, key)
);

create index arrivals_of_person on arrivals (person_id, created_at_ms, id);

-- What the photos of the file are called here.
create table arrival_photos (
  arrival_id text not null references arrivals (id),
  ref text not null,
  photo_id text not null,
  primary key (arrival_id, ref)
);

-- What happened at the place the store comes from: orders, reviews, questions, customers, shows. It is read and taken along again,
-- and nothing of it is ever paid, counted or sent.
create table moved_records (
  store_id text not null references stores (id),
  kind text not null check (kind in ('orders', 'customers', 'reviews', 'questions', 'shows')),
  place bigint not null,
  -- The product it is about, where there is one.
  product_id text,
  body text not null,
  primary key (store_id, kind, place)
);

create index moved_records_of_product on moved_records (product_id, kind, place) where product_id is not null;

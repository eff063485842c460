-- Tables of products that sellers send: what was read of them, row by row, and how far the work has come.
create table imports (
  id text primary key,
  store_id text not null references stores (id),
  key text not null,
  file_name text not null,
  state text not null check (state in ('read', 'running', 'done', 'undone')),
  -- Products that are fine, and of them those that are made.
  fine bigint not null,
  made bigint not null,
  wrong bigint not null,
  -- Names of columns that nobody knows, as a JSON list.
  unknown text not null,
  created_at_ms bigint not null,
  changed_at_ms bigint not null,
  unique (store_id, key)
);

create index imports_of_store on imports (store_id, created_at_ms, id);

create table import_rows (
  import_id text not null references imports (id),
  -- The first of its lines in the table; 1 is the names of the columns.
  line bigint not null,
  store_id text not null,
  name text not null,
  -- The product as it is to be, or empty when something is wrong with it.
  draft text not null,
  -- What is wrong: a list of {line, column, said, fault}.
  faults text not null,
  product_id text,
  primary key (import_id, line)
);

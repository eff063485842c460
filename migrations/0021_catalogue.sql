-- What a product is: its place in the category tree, and its answers to what that category asks.

alter table products add column category text not null default '';
-- {"storage": ["cold"], "weight": ["800"]}: ids of the schema's values, or what the seller wrote.
alter table products add column attributes text not null default '{}';
-- The seller's own number of it, if they keep one.
alter table products add column code text;
create unique index products_code on products (store_id, code) where code is not null;

-- Whoever keeps a copy of them (the search index) asks for what changed.
create index products_changed on products (changed_at_ms, id);
alter table stores add column changed_at_ms bigint not null default 0;
create index stores_changed on stores (changed_at_ms, id);

-- What was told about a product, edition by edition, append-only: an advertisement of last week can be read as it stood.
create table label_records (
  product_id text not null references products (id),
  edition bigint not null,
  store_id text not null,
  -- Name, unit, origin, category, answers and further lines, as they were told.
  told text not null,
  from_ms bigint not null,
  primary key (product_id, edition)
);

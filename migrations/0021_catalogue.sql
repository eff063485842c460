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

-- What a variant cost before and after, change by change, append-only: yesterday's table can be laid again.
create table price_changes (
  id text primary key,
  -- What was saved in one go, and is taken back in one go.
  batch text not null,
  store_id text not null,
  variant_id text not null references variants (id),
  was_won bigint not null,
  now_won bigint not null,
  at_ms bigint not null
);

create index price_changes_of_variant on price_changes (store_id, variant_id, at_ms);
create index price_changes_of_batch on price_changes (store_id, batch);

-- The seller's desk: many orders moved along with one tap and taken back, the rates a store was promised, and
-- days that were closed.

-- One tap on many orders. The key makes a second tap the same batch.
create table order_batches (
  id text primary key,
  store_id text not null,
  key text not null,
  body_hash text not null,
  stage text not null check (stage in ('preparing', 'sent')),
  by_person text not null,
  at_ms bigint not null,
  undone_at_ms bigint,
  unique (store_id, key)
);

-- What became of each order that was named, as it was named; and what it was before, for the way back.
create table order_batch_rows (
  batch_id text not null references order_batches (id),
  place bigint not null,
  store_id text not null,
  named text not null,
  order_id text,
  number text not null,
  outcome text not null
    check (outcome in ('done', 'undone', 'unknown', 'twice', 'called-off', 'unpaid', 'not-yet', 'pickup', 'moved-on')),
  tracking text not null,
  tracking_before text not null,
  primary key (batch_id, place)
);

create index orders_placed_in_store on orders (store_id, placed_at_ms, id);

-- What the payment company takes, as the seller reads it in the contract: parts per million of what is taken, and
-- won for each time.
create table settlement_rates (
  store_id text not null,
  method text not null check (method in ('card', 'deposit')),
  rate_ppm bigint not null check (rate_ppm >= 0 and rate_ppm <= 200000),
  each_won bigint not null check (each_won >= 0 and each_won <= 10000),
  changed_at_ms bigint not null,
  primary key (store_id, method)
);

-- A day that was closed. Never changed: what comes later stands in the close of a later day.
create table day_closes (
  id text primary key,
  store_id text not null,
  -- The day in the market's own time, 2026-11-24.
  day text not null,
  key text not null,
  closed_at_ms bigint not null,
  -- Who pressed the button, or nobody: it closed by itself after midnight.
  closed_by text,
  taken_won bigint not null,
  taken_count bigint not null,
  returned_won bigint not null,
  returned_count bigint not null,
  reverted_won bigint not null,
  reverted_count bigint not null,
  -- The same by method, as JSON: it is only ever read whole with its row.
  methods text not null,
  -- All entries of the ledger that it holds: they come to nothing, or something is wrong.
  ledger_sum_won bigint not null,
  -- By how much ledger and payments disagreed.
  difference_won bigint not null,
  unsent_count bigint not null,
  unknown_count bigint not null,
  difference_count bigint not null,
  unique (store_id, day),
  unique (store_id, key),
  check (taken_won >= 0 and returned_won >= 0 and reverted_won >= 0)
);

create index day_closes_of_store on day_closes (store_id, closed_at_ms, day);

-- Which close holds a movement of money: each one is in exactly one, or waits for the next.
alter table ledger_transfers add column day_close_id text;

create index ledger_transfers_of_day on ledger_transfers (day_close_id);
create index ledger_transfers_unclosed on ledger_transfers (store_id, at_ms) where day_close_id is null;

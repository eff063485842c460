-- The counter: printed signs that lead to a stall's goods, orders that are paid on the phone with the goods in hand,
-- and the till for those who pay on the spot.

-- A printed sign with squares to scan: of the whole stall, of a shelf, or of one product.
create table signs (
  code text primary key,
  store_id text not null references stores (id),
  kind text not null check (kind in ('stall', 'shelf', 'product')),
  product_id text references products (id),
  -- Where it hangs, or what the shelf is called; of a product empty.
  name text not null,
  key text not null,
  made_at_ms bigint not null,
  removed_at_ms bigint,
  unique (store_id, key),
  check ((kind = 'product') = (product_id is not null))
);

create index signs_of_store on signs (store_id, made_at_ms, code);
-- A product has one sign.
create unique index signs_of_product on signs (product_id) where product_id is not null and removed_at_ms is null;

-- What stands on a shelf.
create table sign_goods (
  code text not null references signs (code),
  product_id text not null references products (id),
  store_id text not null,
  place bigint not null,
  primary key (code, product_id)
);

-- How often a sign was scanned on a day in the market's own time. Nobody's name is kept.
create table sign_scans (
  code text not null references signs (code),
  day text not null,
  store_id text not null,
  scans bigint not null check (scans > 0),
  primary key (code, day)
);

-- Where an order came about, and which sign led to it.
drop view order_summaries;

alter table orders add column channel text not null default 'online'
  check (channel in ('online', 'counter', 'till'));
alter table orders add column sign text;
create index orders_of_sign on orders (sign) where sign is not null;
-- Paid with the goods in hand, and nobody at the stall has looked at it yet.
create index orders_at_the_counter on orders (store_id, paid_at_ms)
where channel = 'counter' and order_state = 'confirmed';

create view order_summaries as
select o.*, l.product_name as first_name, l.product_name_en as first_name_en, l.variant_name as first_variant,
       l.quantity as first_quantity, l.cover as first_cover,
       (select count(*) from order_lines n where n.order_id = o.id) as line_count,
       s.name as store_name, s.name_en as store_name_en
from orders o
join order_lines l on l.order_id = o.id and l.place = 0
join stores s on s.id = o.store_id;

-- What was sold at the till: how it was paid, and whether the line was down.
create table till_sales (
  -- Written before the order, so that of two sendings the second waits here.
  order_id text primary key,
  store_id text not null,
  -- Made by the till itself, so that a sale that is sent twice is one.
  key text not null,
  body_hash text not null,
  tender text not null check (tender in ('cash', 'terminal', 'onnuri', 'zeropay')),
  -- What was handed over in cash; 0 of the other tenders.
  received_won bigint not null check (received_won >= 0),
  -- The number on the terminal's or the app's own receipt.
  approval text not null,
  by_person text not null,
  offline boolean not null,
  sold_at_ms bigint not null,
  recorded_at_ms bigint not null,
  voided_at_ms bigint,
  void_reason text not null default '',
  voided_by text,
  unique (store_id, key)
);

create index till_sales_of_store on till_sales (store_id, recorded_at_ms, order_id);

-- Pieces that were sold without a line and that the book did not have any more. What is within the allowance is told
-- and done; the rest waits for somebody to settle it by hand.
create table till_overs (
  id text primary key,
  store_id text not null,
  order_id text not null references orders (id),
  variant_id text not null references variants (id),
  pieces bigint not null check (pieces > 0),
  state text not null check (state in ('allowed', 'open', 'found', 'missing', 'void')),
  at_ms bigint not null,
  settled_at_ms bigint,
  settled_by text
);

create index till_overs_of_store on till_overs (store_id, state, at_ms, id);
create index till_overs_of_variant on till_overs (variant_id, at_ms);

-- So many pieces beyond the book may be sold while the line is down; a product may have its own number.
alter table stores add column offline_allowance bigint not null default 0 check (offline_allowance between 0 and 99);
alter table products add column offline_allowance bigint check (offline_allowance between 0 and 99);

-- The stripes on a packet, as they were taught to the till.
create table barcodes (
  store_id text not null references stores (id),
  code text not null,
  variant_id text not null references variants (id),
  added_at_ms bigint not null,
  primary key (store_id, code)
);

create index barcodes_of_variant on barcodes (variant_id);

alter table day_closes add column over_count bigint not null default 0;

-- What lies in the stall's own drawer and terminal has accounts of its own: no payment company holds it for the store.
-- SQLite cannot widen a check, so the table is copied.
create table new_ledger_entries (
  transfer_id text not null references ledger_transfers (id),
  store_id text not null,
  account text not null check (account in ('psp-clearing', 'merchant-payable', 'till', 'merchant-sales')),
  amount_won bigint not null,
  primary key (transfer_id, account)
);

insert into new_ledger_entries (transfer_id, store_id, account, amount_won)
select transfer_id, store_id, account, amount_won from ledger_entries;
drop table ledger_entries;
alter table new_ledger_entries rename to ledger_entries;

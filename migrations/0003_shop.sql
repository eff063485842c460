-- Stores, their goods, their stock, orders and money.
--
-- `store_id` stands in every row that belongs to a store. A text for people is a pair of columns: Korean,
-- and `_en`, which may be empty. Lists that are only ever read whole with their row (photos, stories,
-- facts, options) are JSON in a text column.

create table stores (
  id text primary key,
  slug text not null unique,
  opened_by text not null,
  key text not null,
  category text not null,
  name text not null,
  name_en text not null,
  line text not null,
  line_en text not null,
  story text not null,
  story_en text not null,
  pickup text not null,
  pickup_en text not null,
  hours text not null,
  hours_en text not null,
  picture text,
  -- Legal identity (전자상거래법 §10). A store without it is not listed.
  company text not null,
  company_en text not null,
  representative text not null,
  representative_en text not null,
  address text not null,
  address_en text not null,
  phone text not null,
  email text not null,
  business_number text not null,
  mail_order_number text not null,
  mail_order_number_en text not null,
  mail_order_exempt boolean not null,
  listed boolean not null,
  parcel_won bigint not null check (parcel_won >= 0),
  parcel_cold_won bigint not null check (parcel_cold_won >= 0),
  parcel_free_from_won bigint not null check (parcel_free_from_won >= 0),
  orders_placed bigint not null,
  created_at_ms bigint not null,
  unique (opened_by, key)
);

create index stores_listed on stores (listed, created_at_ms, id);

create table photos (
  id text primary key,
  width bigint not null,
  height bigint not null,
  added_at_ms bigint not null
);

create table products (
  id text primary key,
  store_id text not null references stores (id),
  key text not null,
  name text not null,
  name_en text not null,
  unit text not null,
  unit_en text not null,
  origin text not null,
  origin_en text not null,
  cover text,
  photos text not null,
  options text not null,
  stories text not null,
  facts text not null,
  withdrawal text not null check (withdrawal in ('normal', 'fresh', 'made')),
  parcel boolean not null,
  pickup boolean not null,
  cold boolean not null,
  price_from_won bigint not null,
  price_to_won bigint not null,
  on_sale boolean not null,
  removed_at_ms bigint,
  created_at_ms bigint not null,
  changed_at_ms bigint not null,
  unique (store_id, key)
);

create index products_of_store on products (store_id, created_at_ms, id);
create index products_fresh on products (on_sale, created_at_ms, id);

create table variants (
  id text primary key,
  store_id text not null,
  product_id text not null references products (id),
  place bigint not null,
  name text not null,
  name_en text not null,
  price_won bigint not null check (price_won > 0),
  retired boolean not null
);

create index variants_of_product on variants (product_id, place);

-- What is there, and what of it is promised to somebody.
create table stock_levels (
  variant_id text primary key references variants (id),
  store_id text not null,
  product_id text not null,
  on_hand bigint not null,
  reserved bigint not null,
  check (reserved >= 0 and reserved <= on_hand)
);

create index stock_levels_of_product on stock_levels (product_id);

-- A product as every list shows it, with what is left of all its variants.
create view product_cards as
select p.id, p.store_id, p.name, p.name_en, p.origin, p.origin_en, p.cover, p.price_from_won, p.price_to_won,
       p.on_sale, p.created_at_ms, s.name as store_name, s.name_en as store_name_en, s.listed as store_listed,
       (select cast(coalesce(sum(l.on_hand - l.reserved), 0) as bigint)
        from stock_levels l join variants v on v.id = l.variant_id
        where l.product_id = p.id and not v.retired) as available
from products p join stores s on s.id = p.store_id
where p.removed_at_ms is null;

-- A variant as it is offered at this moment.
create view offers as
select v.id as variant_id, p.id as product_id, s.id as store_id, p.name, p.name_en, v.name as variant_name,
       v.name_en as variant_name_en, p.unit, p.origin, p.withdrawal, p.cover, v.price_won, p.parcel, p.pickup,
       p.cold, (p.on_sale and s.listed and not v.retired) as is_open, l.on_hand - l.reserved as available,
       s.parcel_won, s.parcel_cold_won, s.parcel_free_from_won
from variants v
join products p on p.id = v.product_id
join stores s on s.id = v.store_id
join stock_levels l on l.variant_id = v.id;

create table stock_reservations (
  id text primary key,
  store_id text not null,
  order_id text not null,
  variant_id text not null,
  quantity bigint not null check (quantity > 0),
  state text not null check (state in ('held', 'committed', 'released', 'expired')),
  expires_at_ms bigint not null,
  unique (order_id, variant_id)
);

create index stock_reservations_due on stock_reservations (state, expires_at_ms);

-- Append-only: the sum of a variant's movements is what is on hand.
create table stock_movements (
  id text primary key,
  store_id text not null,
  variant_id text not null,
  kind text not null check (kind in ('receipt', 'sale', 'return', 'adjustment')),
  quantity bigint not null,
  order_id text,
  at_ms bigint not null
);

create index stock_movements_of_variant on stock_movements (store_id, variant_id, at_ms);

create table cart_rows (
  cart text not null,
  variant_id text not null,
  store_id text not null,
  quantity bigint not null check (quantity > 0),
  added_at_ms bigint not null,
  primary key (cart, variant_id)
);

create table orders (
  id text primary key,
  store_id text not null,
  number text not null,
  buyer text not null,
  key text not null,
  body_hash text not null,
  order_state text not null check (order_state in ('pending', 'confirmed', 'completed', 'canceled')),
  payment_state text not null check (payment_state in ('awaiting', 'unknown', 'paid', 'refunding', 'refunded', 'failed')),
  fulfilment_state text not null check (fulfilment_state in ('new', 'preparing', 'sent', 'handed-over')),
  canceled_for text not null,
  hand_over text not null check (hand_over in ('parcel', 'pickup')),
  recipient text not null,
  phone text not null,
  postcode text not null,
  address text not null,
  address_detail text not null,
  note text not null,
  goods_won bigint not null check (goods_won > 0),
  delivery_won bigint not null check (delivery_won >= 0),
  total_won bigint not null check (total_won = goods_won + delivery_won),
  pickup_code text not null,
  tracking text not null,
  withdrawal_agreed boolean not null,
  broadcast text,
  placed_at_ms bigint not null,
  expires_at_ms bigint not null,
  paid_at_ms bigint,
  changed_at_ms bigint not null,
  unique (buyer, key),
  unique (store_id, number)
);

create index orders_of_buyer on orders (buyer, placed_at_ms, id);
create index orders_of_store on orders (store_id, order_state, fulfilment_state, placed_at_ms, id);

-- Frozen when the order is placed: a later price is another order's.
create table order_lines (
  order_id text not null references orders (id),
  place bigint not null,
  store_id text not null,
  product_id text not null,
  variant_id text not null,
  product_name text not null,
  product_name_en text not null,
  variant_name text not null,
  variant_name_en text not null,
  unit text not null,
  origin text not null,
  withdrawal text not null,
  cover text,
  price_won bigint not null,
  quantity bigint not null check (quantity > 0),
  total_won bigint not null,
  primary key (order_id, place)
);

-- An order in a list: the words of its first line, and how many there are.
create view order_summaries as
select o.*, l.product_name as first_name, l.product_name_en as first_name_en, l.variant_name as first_variant,
       l.quantity as first_quantity, l.cover as first_cover,
       (select count(*) from order_lines n where n.order_id = o.id) as line_count,
       s.name as store_name, s.name_en as store_name_en
from orders o
join order_lines l on l.order_id = o.id and l.place = 0
join stores s on s.id = o.store_id;

create table payment_intents (
  id text primary key,
  store_id text not null,
  order_id text not null unique,
  amount_won bigint not null check (amount_won > 0),
  state text not null check (state in ('requires-method', 'processing', 'succeeded', 'refunded', 'canceled')),
  created_at_ms bigint not null
);

create table payment_attempts (
  id text primary key,
  store_id text not null,
  intent_id text not null references payment_intents (id),
  place bigint not null,
  gateway text not null,
  method text not null,
  state text not null check (state in ('started', 'charged', 'declined', 'unknown', 'refunded')),
  created_at_ms bigint not null,
  unique (intent_id, place)
);

create table stored_methods (
  id text primary key,
  person_id text not null,
  gateway text not null,
  token text not null,
  label text not null,
  kept_at_ms bigint not null,
  removed_at_ms bigint,
  unique (person_id, gateway, token)
);

-- Double entry: the entries of one transfer come to nothing.
create table ledger_transfers (
  id text primary key,
  store_id text not null,
  attempt_id text not null,
  kind text not null check (kind in ('capture', 'refund')),
  at_ms bigint not null,
  unique (attempt_id, kind)
);

create table ledger_entries (
  transfer_id text not null references ledger_transfers (id),
  store_id text not null,
  account text not null check (account in ('psp-clearing', 'merchant-payable')),
  amount_won bigint not null,
  primary key (transfer_id, account)
);

-- The sandbox's own books, as a payment company keeps them far away from ours.
create table sandbox_charges (
  key text primary key,
  amount_won bigint not null,
  state text not null check (state in ('charged', 'declined', 'refunded')),
  at_ms bigint not null
);

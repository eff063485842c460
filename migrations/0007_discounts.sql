-- Promotions and coupons, what of an order was taken off by which of them, how many one buyer may have of a product,
-- and a price that holds only during a show.
--
-- SQLite cannot change a check, so orders are copied into a wider table and renamed; their lines, which refer to them,
-- go along. Every new column has a default: a process of the version before writes as it did.

create table promotions (
  id text primary key,
  store_id text not null references stores (id),
  key text not null,
  body_hash text not null,
  name text not null,
  name_en text not null,
  gives text not null check (gives in ('percentage', 'amount', 'free-delivery')),
  percent bigint not null check (percent >= 0 and percent <= 100),
  amount_won bigint not null check (amount_won >= 0),
  -- At most this much is taken off; 0: no limit.
  most_won bigint not null check (most_won >= 0),
  -- From this much of the goods it is about.
  least_won bigint not null check (least_won >= 0),
  -- From so many of one product.
  from_quantity bigint not null check (from_quantity >= 1),
  first_order boolean not null,
  -- Ids of the goods it is about; an empty list is about all.
  products text not null,
  starts_at_ms bigint not null,
  ends_at_ms bigint,
  -- When the seller ended it; empty: it stands.
  ended_at_ms bigint,
  created_at_ms bigint not null,
  changed_at_ms bigint not null,
  unique (store_id, key)
);

create index promotions_of_store on promotions (store_id, created_at_ms, id);

create table coupons (
  id text primary key,
  store_id text not null references stores (id),
  key text not null,
  body_hash text not null,
  -- As it is shown, and as it is compared: letters that look alike are one.
  code text not null,
  code_key text not null,
  name text not null,
  name_en text not null,
  gives text not null check (gives in ('percentage', 'amount')),
  percent bigint not null check (percent >= 0 and percent <= 100),
  amount_won bigint not null check (amount_won >= 0),
  most_won bigint not null check (most_won >= 0),
  least_won bigint not null check (least_won >= 0),
  products text not null,
  quantity bigint not null check (quantity > 0),
  -- Held or spent. The last net under "never more than were issued".
  redeemed bigint not null,
  -- How often one buyer may use it; 0: no limit.
  per_buyer bigint not null check (per_buyer >= 0),
  ends_at_ms bigint,
  ended_at_ms bigint,
  created_at_ms bigint not null,
  changed_at_ms bigint not null,
  check (redeemed >= 0 and redeemed <= quantity),
  unique (store_id, key),
  unique (store_id, code_key)
);

create index coupons_of_store on coupons (store_id, created_at_ms, id);

create table coupon_redemptions (
  id text primary key,
  store_id text not null,
  coupon_id text not null references coupons (id),
  order_id text not null unique,
  buyer text not null,
  state text not null check (state in ('held', 'committed', 'released', 'expired')),
  at_ms bigint not null
);

create index coupon_redemptions_of_buyer on coupon_redemptions (coupon_id, buyer, state);

drop view order_summaries;

create table new_orders (
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
  total_won bigint not null,
  pickup_code text not null,
  tracking text not null,
  withdrawal_agreed boolean not null,
  broadcast text,
  placed_at_ms bigint not null,
  expires_at_ms bigint not null,
  paid_at_ms bigint,
  changed_at_ms bigint not null,
  -- What was taken off the goods, and off the delivery: delivery_won is what is left of the fee.
  discount_won bigint not null default 0 check (discount_won >= 0 and discount_won <= goods_won),
  delivery_off_won bigint not null default 0 check (delivery_off_won >= 0),
  coupon_id text,
  check (total_won = goods_won - discount_won + delivery_won),
  unique (buyer, key),
  unique (store_id, number)
);

insert into new_orders (id, store_id, number, buyer, key, body_hash, order_state, payment_state, fulfilment_state,
  canceled_for, hand_over, recipient, phone, postcode, address, address_detail, note, goods_won, delivery_won, total_won,
  pickup_code, tracking, withdrawal_agreed, broadcast, placed_at_ms, expires_at_ms, paid_at_ms, changed_at_ms)
select id, store_id, number, buyer, key, body_hash, order_state, payment_state, fulfilment_state,
  canceled_for, hand_over, recipient, phone, postcode, address, address_detail, note, goods_won, delivery_won, total_won,
  pickup_code, tracking, withdrawal_agreed, broadcast, placed_at_ms, expires_at_ms, paid_at_ms, changed_at_ms
from orders;

create table new_order_lines (
  order_id text not null references new_orders (id),
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
  -- What this line's buyer pays for it: its share of every discount is off already.
  total_won bigint not null,
  discount_won bigint not null default 0 check (discount_won >= 0),
  check (total_won = price_won * quantity - discount_won),
  primary key (order_id, place)
);

insert into new_order_lines (order_id, place, store_id, product_id, variant_id, product_name, product_name_en,
  variant_name, variant_name_en, unit, origin, withdrawal, cover, price_won, quantity, total_won)
select order_id, place, store_id, product_id, variant_id, product_name, product_name_en,
  variant_name, variant_name_en, unit, origin, withdrawal, cover, price_won, quantity, total_won
from order_lines;

drop table order_lines;
drop table orders;
alter table new_orders rename to orders;
alter table new_order_lines rename to order_lines;

create index orders_of_buyer on orders (buyer, placed_at_ms, id);
create index orders_of_store on orders (store_id, order_state, fulfilment_state, placed_at_ms, id);

create view order_summaries as
select o.*, l.product_name as first_name, l.product_name_en as first_name_en, l.variant_name as first_variant,
       l.quantity as first_quantity, l.cover as first_cover,
       (select count(*) from order_lines n where n.order_id = o.id) as line_count,
       s.name as store_name, s.name_en as store_name_en
from orders o
join order_lines l on l.order_id = o.id and l.place = 0
join stores s on s.id = o.store_id;

-- What was taken off an order, by what, under the name it had then.
create table order_discounts (
  order_id text not null references orders (id),
  place bigint not null,
  store_id text not null,
  source text not null check (source in ('promotion', 'coupon')),
  source_id text not null,
  name text not null,
  name_en text not null,
  won bigint not null check (won > 0),
  on_delivery boolean not null,
  primary key (order_id, place)
);

create index order_discounts_of_source on order_discounts (store_id, source_id);

-- Until when this store has a promotion that was not ended; 0: it has none. Orders read it with the offer, so that
-- promotions are asked for only where there are any.
alter table stores add column promoted_until_ms bigint not null default 0;
-- So many pieces one buyer may have, over all their orders; 0: no limit.
alter table products add column per_buyer bigint not null default 0 check (per_buyer >= 0);
-- Holds while a show of the store with this product is on air, for orders that come from it.
alter table variants add column live_price_won bigint check (live_price_won > 0);

drop view offers;
create view offers as
select v.id as variant_id, p.id as product_id, s.id as store_id, p.name, p.name_en, v.name as variant_name,
       v.name_en as variant_name_en, p.unit, p.origin, p.withdrawal, p.cover, v.price_won, p.parcel, p.pickup,
       p.cold, (p.on_sale and s.listed and not v.retired) as is_open, l.on_hand - l.reserved as available,
       s.parcel_won, s.parcel_cold_won, s.parcel_free_from_won, v.live_price_won, p.per_buyer, s.promoted_until_ms
from variants v
join products p on p.id = v.product_id
join stores s on s.id = v.store_id
join stock_levels l on l.variant_id = v.id;

drop view product_cards;
create view product_cards as
select p.id, p.store_id, p.name, p.name_en, p.origin, p.origin_en, p.cover, p.price_from_won, p.price_to_won,
       p.on_sale, p.created_at_ms, s.name as store_name, s.name_en as store_name_en, s.listed as store_listed,
       (select cast(coalesce(sum(l.on_hand - l.reserved), 0) as bigint)
        from stock_levels l join variants v on v.id = l.variant_id
        where l.product_id = p.id and not v.retired) as available,
       s.promoted_until_ms
from products p join stores s on s.id = p.store_id
where p.removed_at_ms is null;

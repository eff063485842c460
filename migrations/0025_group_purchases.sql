-- Group purchases: goods that are sold when enough people want them. A pledge is an order that waits: its goods are held
-- until the group closes, and nobody can pay it before. What is pledged is counted from the orders that stand.
create table group_purchases (
  id text primary key,
  store_id text not null references stores (id),
  key text not null,
  body_hash text not null,
  product_id text not null references products (id),
  variant_id text not null references variants (id),
  -- Counts the pieces, and holds the price of the first tier.
  deal_id text not null references deals (id),
  -- Why these goods are there to be bought together.
  words text not null,
  -- Where the market is reached, for letters.
  home text not null,
  -- [{pieces, price_won}], from few and dear to many and cheap.
  tiers text not null,
  state text not null check (state in ('open', 'reached', 'missed', 'called-off')),
  closes_at_ms bigint not null,
  settled_at_ms bigint,
  -- What each piece costs everybody, and how many were wanted, once it is reached.
  price_won bigint,
  pieces bigint not null default 0,
  created_at_ms bigint not null,
  unique (store_id, key)
);

create index group_purchases_of_store on group_purchases (store_id, created_at_ms, id);
create index group_purchases_open on group_purchases (closes_at_ms, id) where state = 'open';
create index group_purchases_of_product on group_purchases (product_id) where state = 'open';

drop view order_summaries;

alter table orders add column group_purchase_id text;
create index orders_of_group_purchase on orders (group_purchase_id, placed_at_ms, id) where group_purchase_id is not null;

create view order_summaries as
select o.*, l.product_name as first_name, l.product_name_en as first_name_en, l.variant_name as first_variant,
       l.quantity as first_quantity, l.cover as first_cover,
       (select count(*) from order_lines n where n.order_id = o.id) as line_count,
       s.name as store_name, s.name_en as store_name_en
from orders o
join order_lines l on l.order_id = o.id and l.place = 0
join stores s on s.id = o.store_id;

-- From when on it may be paid: a pledge not before its group is reached.
alter table payment_intents add column opens_at_ms bigint not null default 0;

-- A show's offer and a group purchase may stand side by side.
drop index deals_open;
create unique index deals_open on deals (variant_id, show) where closed_at_ms is null;

-- After the sale: parcels and how far they are, what comes back and by when, and what waits at the stall.

-- When the buyer had the goods in hand: the legal clocks begin here. Empty while nobody knows.
alter table orders add column received_at_ms bigint;
update orders set received_at_ms = changed_at_ms
where order_state = 'completed' and fulfilment_state in ('sent', 'handed-over');

create index orders_on_the_way on orders (changed_at_ms) where fulfilment_state = 'sent' and received_at_ms is null;
create index orders_waiting_at_the_stall on orders (store_id, paid_at_ms)
where hand_over = 'pickup' and order_state = 'confirmed';

-- How many days a pickup waits before it counts as left behind.
alter table stores add column pickup_days bigint not null default 3 check (pickup_days between 1 and 30);

-- Pieces of the line that are on their way back, or came. The last net under "never more than were bought".
alter table order_lines add column returned bigint not null default 0
  check (returned >= 0 and returned <= quantity);

-- A parcel. Of an exchange it names the return.
create table shipments (
  id text primary key,
  store_id text not null,
  order_id text not null references orders (id),
  return_id text,
  key text not null,
  body_hash text not null,
  carrier text not null,
  -- Empty when the seller brings it himself.
  number text not null,
  -- The furthest that was ever seen, as Sweettracker counts: it never goes back.
  level bigint not null default 0 check (level between 0 and 6),
  seen_place text not null default '',
  seen_at_ms bigint,
  -- What hinders: 'not-found', 'away', or nothing.
  trouble text not null default '',
  asked_at_ms bigint not null default 0,
  -- Until when the tracking service tells us by itself.
  told_until_ms bigint not null default 0,
  sent_at_ms bigint not null,
  delivered_at_ms bigint,
  -- Nobody asks any more.
  stopped_at_ms bigint,
  -- The number was typed wrong.
  removed_at_ms bigint,
  unique (store_id, key)
);

create index shipments_of_order on shipments (order_id, sent_at_ms);
create unique index shipments_once on shipments (order_id, carrier, number) where removed_at_ms is null;
create index shipments_of_number on shipments (number) where delivered_at_ms is null and removed_at_ms is null;

-- Goods on their way back, and what becomes of it: money or the same goods again.
create table returns (
  id text primary key,
  store_id text not null,
  order_id text not null references orders (id),
  key text not null,
  body_hash text not null,
  wish text not null check (wish in ('refund', 'exchange')),
  reason text not null check (reason in ('mind', 'faulty', 'wrong', 'late')),
  words text not null,
  postage text not null check (postage in ('prepaid', 'collect')),
  state text not null check (state in
    ('asked', 'accepted', 'refused', 'sent-back', 'arrived', 'refunded', 'exchanged', 'taken-back')),
  refusal text not null default '',
  -- What it comes to, as it was told when it was asked for.
  goods_won bigint not null check (goods_won >= 0),
  delivery_won bigint not null check (delivery_won >= 0),
  fee_won bigint not null check (fee_won >= 0),
  refund_won bigint not null check (refund_won >= 0),
  carrier text not null default '',
  number text not null default '',
  refund_id text,
  -- What went back in the end, and what the law adds for every day too late.
  paid_won bigint not null default 0 check (paid_won >= 0),
  interest_won bigint not null default 0 check (interest_won >= 0),
  interest_paid_at_ms bigint,
  asked_at_ms bigint not null,
  accepted_at_ms bigint,
  sent_at_ms bigint,
  arrived_at_ms bigint,
  -- Until when the seller has to answer, or to give the money back.
  due_at_ms bigint not null,
  reminded_at_ms bigint not null default 0,
  settled_at_ms bigint,
  check (refund_won = goods_won + delivery_won - fee_won),
  unique (order_id, key)
);

create index returns_of_store on returns (store_id, state, asked_at_ms, id);
create index returns_due on returns (due_at_ms) where state in ('asked', 'arrived');

create table return_lines (
  return_id text not null references returns (id),
  place bigint not null,
  store_id text not null,
  order_id text not null,
  variant_id text not null,
  quantity bigint not null check (quantity > 0),
  goods_won bigint not null check (goods_won >= 0),
  primary key (return_id, place)
);

create index return_lines_of_order on return_lines (order_id, place);

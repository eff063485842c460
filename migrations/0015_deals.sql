-- First-come offers: a price for the first so many pieces, during a show. What is taken of one is counted from the
-- orders that stand, so no counter can drift from them.

create table deals (
  id text primary key,
  store_id text not null references stores (id),
  -- The broadcast's id; the shop keeps no broadcasts.
  show text not null,
  product_id text not null references products (id),
  variant_id text not null references variants (id),
  price_won bigint not null check (price_won > 0),
  quantity bigint not null check (quantity > 0),
  -- Pieces for one buyer; 0: no limit.
  per_buyer bigint not null check (per_buyer >= 0),
  opened_at_ms bigint not null,
  -- On the wall's clock: when it ends by itself.
  closes_at_ms bigint,
  closed_at_ms bigint
);

create unique index deals_open on deals (variant_id) where closed_at_ms is null;
create index deals_of_show on deals (show) where closed_at_ms is null;

-- The deal a line was bought at.
alter table order_lines add column deal_id text;
create index order_lines_of_deal on order_lines (deal_id) where deal_id is not null;

-- A first-come offer is one of the things that a seller opens. SQLite cannot change a check, so interactions are copied
-- into a wider table and renamed; their answers, which refer to them, go along.

create table new_interactions (
  id text primary key,
  broadcast_id text not null references broadcasts (id),
  kind text not null check (kind in ('announcement', 'poll', 'quiz', 'draw', 'coupon', 'offer')),
  place text not null check (place in ('banner', 'card')),
  said text not null,
  choices text not null,
  counts text not null,
  answer bigint,
  coupon_id text,
  quantity bigint not null check (quantity >= 0),
  opened_at_ms bigint not null,
  closed_at_ms bigint,
  closes_at_ms bigint,
  commitment text not null,
  seed text not null,
  winners text not null,
  made_key text not null unique,
  made_of text not null,
  -- Of an offer: the product as it was offered, JSON; otherwise empty.
  offer text not null default ''
);

insert into new_interactions (id, broadcast_id, kind, place, said, choices, counts, answer, coupon_id, quantity,
  opened_at_ms, closed_at_ms, closes_at_ms, commitment, seed, winners, made_key, made_of)
select id, broadcast_id, kind, place, said, choices, counts, answer, coupon_id, quantity,
  opened_at_ms, closed_at_ms, closes_at_ms, commitment, seed, winners, made_key, made_of
from interactions;

create table new_interaction_answers (
  interaction_id text not null references new_interactions (id),
  person_id text not null,
  choice bigint not null,
  ticket text not null,
  name text not null,
  at_ms bigint not null,
  primary key (interaction_id, person_id)
);

insert into new_interaction_answers (interaction_id, person_id, choice, ticket, name, at_ms)
select interaction_id, person_id, choice, ticket, name, at_ms from interaction_answers;

drop table interaction_answers;
drop table interactions;
alter table new_interactions rename to interactions;
alter table new_interaction_answers rename to interaction_answers;

create index interactions_of_broadcast on interactions (broadcast_id, opened_at_ms, id);
create unique index interactions_open on interactions (broadcast_id, place) where closed_at_ms is null;

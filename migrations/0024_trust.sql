-- Trust: what buyers say of what they bought and why they bought it, what they ask, whom they follow, and when a stall
-- is open.

-- Kept exactly, in the transaction that changes a review: what is neither taken back nor hidden.
alter table products add column reviews_count bigint not null default 0 check (reviews_count >= 0);
alter table products add column stars_sum bigint not null default 0 check (stars_sum >= 0);

create table reviews (
  id text primary key,
  store_id text not null references stores (id),
  product_id text not null references products (id),
  order_id text not null,
  place bigint not null,
  -- As an order's buyer is named; empty once they have left.
  writer text not null,
  -- Masked when it was written; empty: a regular.
  name text not null,
  key text not null,
  body_hash text not null,
  variant_name text not null,
  variant_name_en text not null,
  stars bigint not null check (stars between 1 and 5),
  words text not null,
  photos text not null,
  -- [{"aspect": "freshness", "answer": "high"}]: ids of aspects.json.
  answers text not null,
  -- What the seller says to it; once.
  answer text not null default '',
  answered_at_ms bigint,
  -- Kept exactly: the rows of review_votes.
  helpful bigint not null default 0 check (helpful >= 0),
  reported bigint not null default 0,
  hidden_for text not null default '',
  hidden_by text not null default '',
  hidden_at_ms bigint,
  removed_at_ms bigint,
  written_at_ms bigint not null,
  changed_at_ms bigint not null,
  -- One to a line of an order.
  unique (order_id, place)
);

create index reviews_newest on reviews (product_id, written_at_ms, id);
create index reviews_helpful on reviews (product_id, helpful, id);
create index reviews_of_store on reviews (store_id, written_at_ms, id);
create index reviews_of_writer on reviews (writer);
create index reviews_reported on reviews (reported, id) where reported > 0;

create table review_votes (
  review_id text not null references reviews (id),
  person_id text not null,
  store_id text not null,
  at_ms bigint not null,
  primary key (review_id, person_id)
);

create index review_votes_of_person on review_votes (person_id);

create table review_reports (
  review_id text not null references reviews (id),
  person_id text not null,
  store_id text not null,
  reason text not null check (reason in ('ad', 'abuse', 'private', 'untrue', 'other')),
  words text not null,
  at_ms bigint not null,
  primary key (review_id, person_id)
);

create index review_reports_of_person on review_reports (person_id);

-- Sentences that a seller says often, to answer with one tap.
create table phrases (
  id text primary key,
  store_id text not null references stores (id),
  words text not null,
  made_at_ms bigint not null,
  unique (store_id, words)
);

-- Why somebody bought: one answer an order.
create table reasons (
  order_id text primary key,
  store_id text not null references stores (id),
  reason text not null,
  at_ms bigint not null
);

create index reasons_of_store on reasons (store_id, reason);

-- What shoppers ask about a product, and what the seller answers.
create table product_questions (
  id text primary key,
  store_id text not null references stores (id),
  product_id text not null references products (id),
  person_id text not null,
  name text not null,
  key text not null,
  body_hash text not null,
  words text not null,
  -- Only who asked and the seller read it.
  secret boolean not null,
  answer text not null default '',
  answered_at_ms bigint,
  removed_at_ms bigint,
  asked_at_ms bigint not null,
  changed_at_ms bigint not null,
  unique (person_id, key)
);

create index product_questions_of_product on product_questions (product_id, asked_at_ms, id);
create index product_questions_of_store on product_questions (store_id, asked_at_ms, id);
create index product_questions_of_person on product_questions (person_id, asked_at_ms, id);

-- Who wants to hear of a store, and how many they were at any time: the events are only added to, and name nobody.
create table follows (
  store_id text not null references stores (id),
  person_id text not null,
  since_ms bigint not null,
  primary key (store_id, person_id)
);

create index follows_of_person on follows (person_id, since_ms);

create table follow_events (
  id text primary key,
  store_id text not null,
  change bigint not null check (change in (1, -1)),
  at_ms bigint not null
);

create index follow_events_of_store on follow_events (store_id, at_ms);

-- Minutes after midnight in Seoul; Monday is 0. A weekday without a row is a day of rest.
create table store_hours (
  store_id text not null references stores (id),
  weekday bigint not null check (weekday between 0 and 6),
  opens_min bigint not null check (opens_min between 0 and 1439),
  closes_min bigint not null check (closes_min between 1 and 1440 and closes_min > opens_min),
  rest_from_min bigint,
  rest_to_min bigint,
  primary key (store_id, weekday),
  check (rest_from_min is null or (rest_from_min > opens_min and rest_to_min > rest_from_min and rest_to_min < closes_min))
);

-- "Every second and fourth Sunday": closed.
create table store_rests (
  store_id text not null references stores (id),
  nth bigint not null check (nth between 1 and 5),
  weekday bigint not null check (weekday between 0 and 6),
  primary key (store_id, nth, weekday)
);

-- Single days of rest, 2027-02-07.
create table store_holidays (
  store_id text not null references stores (id),
  day text not null,
  primary key (store_id, day)
);

-- The days of the market's fair, by the last digit of the date: "2,7". Then it is open, whatever weekday it is.
alter table stores add column fair_days text not null default '';
-- Where it stands: "가동 3번 골목", and "12호".
alter table stores add column lane text not null default '';
alter table stores add column place text not null default '';

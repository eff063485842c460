-- The page of a product as its seller lays it out, and a stall's diary.

create table product_pages (
  product_id text primary key references products (id),
  store_id text not null references stores (id),
  -- What shoppers see, what the seller is working on (empty: nothing), and what stood there before (empty: nothing), as JSON.
  shown text not null,
  draft text not null default '',
  before text not null default '',
  -- Grows when what is shown changes, so that a button pressed twice is pressed once.
  edition bigint not null default 0,
  changed_at_ms bigint not null
);

-- A line or two of a day's work, with a photo. It is told on the products' pages and beside the shows.
create table diary_entries (
  id text primary key,
  store_id text not null references stores (id),
  key text not null,
  body_hash text not null,
  -- Noon of the day it tells of, in Seoul.
  day_ms bigint not null,
  words text not null,
  words_en text not null,
  photo text,
  created_at_ms bigint not null,
  removed_at_ms bigint,
  unique (store_id, key)
);

create index diary_of_store on diary_entries (store_id, day_ms, id);

create table diary_products (
  entry_id text not null references diary_entries (id),
  product_id text not null references products (id),
  store_id text not null,
  primary key (entry_id, product_id)
);

create index diary_of_product on diary_products (product_id, entry_id);

-- Which edition of the product's label a card showed; empty: the card was taken down, or is older than this.
alter table pins add column label_edition bigint;

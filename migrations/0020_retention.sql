-- How long a show can be seen again, how long it is kept after that, and what stops its erasure.

-- Months that a store's replays can be seen; 0: until the seller withdraws them. No row: the market's usual.
create table replay_policies (
  store_id text primary key,
  shown_months bigint not null check (shown_months >= 0),
  set_at_ms bigint not null
);

-- When the replay went out of the public's sight, and since when it can be seen again after that.
alter table broadcasts add column withdrawn_at_ms bigint;
alter table broadcasts add column shown_again_ms bigint;
-- When the recording and what people said and chose in it were erased. The numbers stay.
alter table broadcasts add column erased_at_ms bigint;

-- A show in a dispute: nothing of it is erased while one stands. The rows stay as its history.
create table show_holds (
  id text primary key,
  broadcast_id text not null references broadcasts (id),
  reason text not null,
  placed_by text not null,
  -- The market's operator placed it, and only an operator lifts it.
  by_operator boolean not null,
  placed_at_ms bigint not null,
  lifted_by text,
  lifted_at_ms bigint
);

create unique index show_holds_standing on show_holds (broadcast_id) where lifted_at_ms is null;
create index show_holds_of_broadcast on show_holds (broadcast_id, placed_at_ms);
create index broadcasts_kept on broadcasts (ended_at_ms, id) where stage = 'ended' and erased_at_ms is null;

-- When a film last left its product's page: it was an advertisement until then.
alter table clips add column left_at_ms bigint;

-- Films that customers saw and their seller removed: kept like the show.
create table kept_films (
  file text primary key,
  broadcast_id text not null references broadcasts (id),
  left_at_ms bigint not null
);

create index kept_films_of_broadcast on kept_films (broadcast_id);
create index kept_films_by_age on kept_films (left_at_ms);

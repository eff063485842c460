-- What a show is looked at by afterwards: who was there, and who looked closer.
--
-- Each process keeps its own row of a minute and writes it whole, again and again, so that writing twice changes nothing.
-- at_min is Unix time in minutes.

create table audience_minutes (
  broadcast_id text not null references broadcasts (id),
  at_min bigint not null,
  node text not null,
  -- One viewer for one second is 1.
  viewer_seconds bigint not null,
  -- The most at once here; the sum over processes is an upper bound.
  peak bigint not null,
  primary key (broadcast_id, at_min, node)
);

-- How many opened the buy sheet of a product from the show, each once a minute.
create table buy_taps (
  broadcast_id text not null references broadcasts (id),
  at_min bigint not null,
  product_id text not null,
  node text not null,
  taps bigint not null,
  primary key (broadcast_id, at_min, product_id, node)
);

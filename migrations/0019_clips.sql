-- Short films of a show that is over: found where a product was shown, and made when its seller says so.

create table clips (
  id text primary key,
  broadcast_id text not null references broadcasts (id),
  product_id text not null,
  -- On the media clock, Unix milliseconds.
  from_ms bigint not null,
  to_ms bigint not null,
  stage text not null check (stage in ('proposed', 'making', 'ready', 'failed')),
  -- Per cent, while it is made.
  progress bigint not null default 0,
  -- The price that is drawn into the picture; 0: none is.
  drawn_won bigint not null default 0,
  -- Where the film lies in the blobs; empty: nowhere yet.
  file text not null default '',
  published_at_ms bigint,
  check (to_ms > from_ms),
  unique (broadcast_id, product_id, from_ms)
);

create index clips_of_product on clips (product_id, published_at_ms);

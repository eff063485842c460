-- What a seller means to show and say, in order; and shows that are only practised.

create table cues (
  id text primary key,
  broadcast_id text not null references broadcasts (id),
  place bigint not null,
  kind text not null check (kind in ('opening', 'product', 'offer', 'questions', 'closing')),
  product_id text,
  -- How a product is told; empty: in the seller's own way.
  told text not null check (told in ('', 'hook', 'demonstration', 'story', 'offer')),
  said text not null,
  -- What stood there before it was last written anew; the way back.
  said_before text not null default '',
  seconds bigint not null check (seconds > 0)
);

create index cues_of_broadcast on cues (broadcast_id, place);

-- The show that this one only practises: it is on no list, and nobody but the store's people may see it.
alter table broadcasts add column rehearses text;

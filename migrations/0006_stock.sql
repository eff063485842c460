-- The stock ledger as a seller keeps it: why a movement was made, by whom, and which one it takes back.

alter table stock_movements add column reason text not null default '';
-- The number the seller wrote: of a count it is not the quantity.
alter table stock_movements add column asked bigint;
alter table stock_movements add column by_person text;
-- The `Idempotency-Key` of a movement made by hand.
alter table stock_movements add column key text;
alter table stock_movements add column undoes text;

create unique index stock_movements_key on stock_movements (store_id, key) where key is not null;
-- A movement is taken back once.
create unique index stock_movements_undone on stock_movements (undoes) where undoes is not null;

-- At this many left the seller is warned; 0 never warns before it is sold out.
alter table stock_levels add column low_at bigint not null default 3 check (low_at >= 0);

create index stock_levels_of_store on stock_levels (store_id, variant_id);

//! An order at the moment it is placed, and the rows it becomes: one statement a table for a whole batch.

use base::{Tx, sql};
use people::StoreId;
use serde::Serialize;

use super::{Line, Order, OrderId};
use crate::discount::Cut;
use crate::payment::{self, IntentId};
use crate::{Result, set};

/// An order as it was placed: whoever placed it need not read it again.
#[derive(Debug)]
pub struct Frozen {
    pub order: Order,
    pub intent: IntentId,
    pub lines: Vec<Line>,
    pub discounts: Vec<Cut>,
    pub(super) buyer: String,
    pub(super) key: String,
    pub(super) body_hash: String,
}

#[derive(Serialize)]
struct OrderRow<'a> {
    #[serde(flatten)]
    order: &'a Order,
    buyer: &'a str,
    key: &'a str,
    body_hash: &'a str,
    intent: &'a IntentId,
}

/// A row of an order's own, in its place.
#[derive(Serialize)]
struct Of<'a, T> {
    order: &'a OrderId,
    store: &'a StoreId,
    place: usize,
    until_ms: i64,
    #[serde(flatten)]
    row: &'a T,
}

/// Writes all of them.
pub(super) async fn write(tx: &mut Tx, orders: &[Frozen], now_ms: i64) -> Result<()> {
    let rows: Vec<OrderRow<'_>> = orders.iter().map(Frozen::row).collect();
    let rows = set::of(&rows)?;
    insert_orders(&mut *tx, &rows, now_ms).await?;
    if orders.iter().any(|order| !order.discounts.is_empty()) {
        insert_discounts(&mut *tx, &in_order(orders, |order| &order.discounts)?).await?;
    }
    let lines = in_order(orders, |order| &order.lines)?;
    insert_lines(&mut *tx, &lines).await?;
    insert_holds(&mut *tx, &lines).await?;
    insert_intents(tx, &rows, now_ms).await
}

/// Every order's rows of one kind.
fn in_order<T: Serialize>(orders: &[Frozen], rows: impl Fn(&Frozen) -> &Vec<T>) -> Result<String> {
    let all = orders.iter().flat_map(|one| {
        let Order { id, store_id, expires_at_ms: until_ms, .. } = &one.order;
        let of = move |(place, row)| Of { order: id, store: store_id, place, until_ms: *until_ms, row };
        rows(one).iter().enumerate().map(of)
    });
    set::of(&all.collect::<Vec<_>>())
}

impl Frozen {
    fn row(&self) -> OrderRow<'_> {
        let Frozen { order, buyer, key, body_hash, intent, .. } = self;
        OrderRow { order, buyer, key, body_hash, intent }
    }
}

async fn insert_orders(tx: &mut Tx, rows: &str, now_ms: i64) -> Result<()> {
    sql!(run tx,
        "insert into orders (id, store_id, number, buyer, key, body_hash, order_state, payment_state, fulfilment_state,
             canceled_for, hand_over, recipient, phone, postcode, address, address_detail, note, goods_won,
             delivery_won, total_won, pickup_code, tracking, withdrawal_agreed, broadcast, placed_at_ms,
             expires_at_ms, paid_at_ms, changed_at_ms, discount_won, delivery_off_won, coupon_id, checkout_id,
             group_purchase_id, channel, sign)
         select j.value ->> 'id', j.value ->> 'store_id', j.value ->> 'number', j.value ->> 'buyer', j.value ->> 'key',
             j.value ->> 'body_hash', j.value ->> 'order_state', j.value ->> 'payment_state',
             j.value ->> 'fulfilment_state', '', j.value ->> 'hand_over', j.value ->> 'recipient',
             j.value ->> 'phone', j.value ->> 'postcode', j.value ->> 'address', j.value ->> 'address_detail',
             j.value ->> 'note', cast(j.value ->> 'goods_won' as bigint), cast(j.value ->> 'delivery_won' as bigint),
             cast(j.value ->> 'total_won' as bigint), j.value ->> 'pickup_code', '',
             cast(j.value ->> 'withdrawal_agreed' as text) in ('true', '1'), j.value ->> 'broadcast', $2,
             cast(j.value ->> 'expires_at_ms' as bigint), null, $2, cast(j.value ->> 'discount_won' as bigint),
             cast(j.value ->> 'delivery_off_won' as bigint), j.value ->> 'coupon_id', j.value ->> 'checkout_id',
             j.value ->> 'group_purchase_id', j.value ->> 'channel', j.value ->> 'sign'
         from json_each($1) as j", rows, now_ms)?;
    Ok(())
}

async fn insert_lines(tx: &mut Tx, rows: &str) -> Result<()> {
    sql!(run tx,
        "insert into order_lines (order_id, place, store_id, product_id, variant_id, product_name, product_name_en,
             variant_name, variant_name_en, unit, origin, withdrawal, cover, price_won, quantity, total_won,
             discount_won, deal_id)
         select j.value ->> 'order', cast(j.value ->> 'place' as bigint), j.value ->> 'store',
             j.value ->> 'product_id', j.value ->> 'variant_id', j.value ->> 'product_name',
             j.value ->> 'product_name_en', j.value ->> 'variant_name', j.value ->> 'variant_name_en',
             j.value ->> 'unit', j.value ->> 'origin', j.value ->> 'withdrawal', j.value ->> 'cover',
             cast(j.value ->> 'price_won' as bigint), cast(j.value ->> 'quantity' as bigint),
             cast(j.value ->> 'total_won' as bigint), cast(j.value ->> 'discount_won' as bigint), j.value ->> 'deal_id'
         from json_each($1) as j", rows)?;
    Ok(())
}

async fn insert_discounts(tx: &mut Tx, rows: &str) -> Result<()> {
    sql!(run tx,
        "insert into order_discounts (order_id, place, store_id, source, source_id, name, name_en, won, on_delivery)
         select j.value ->> 'order', cast(j.value ->> 'place' as bigint), j.value ->> 'store', j.value ->> 'source',
             j.value ->> 'source_id', j.value ->> 'name', j.value ->> 'name_en', cast(j.value ->> 'won' as bigint),
             cast(j.value ->> 'on_delivery' as text) in ('true', '1')
         from json_each($1) as j", rows)?;
    Ok(())
}

async fn insert_intents(tx: &mut Tx, rows: &str, now_ms: i64) -> Result<()> {
    sql!(run tx,
        "insert into payment_intents (id, store_id, order_id, amount_won, state, created_at_ms, opens_at_ms)
         select j.value ->> 'intent', j.value ->> 'store_id', j.value ->> 'id',
             cast(j.value ->> 'total_won' as bigint), 'requires-method', $2,
             case when j.value ->> 'group_purchase_id' is null then 0 else $3 end
         from json_each($1) as j", rows, now_ms, payment::NOT_YET)?;
    Ok(())
}

/// Each variant of an order is held until the hold ends, whatever the prices of its pieces.
async fn insert_holds(tx: &mut Tx, lines: &str) -> Result<()> {
    sql!(run tx,
        "insert into stock_reservations (id, store_id, order_id, variant_id, quantity, state, expires_at_ms)
         select l.order_id || ':' || min(l.place), l.store_id, l.order_id, l.variant_id, cast(sum(l.quantity) as bigint),
             'held', min(l.until_ms)
         from (select j.value ->> 'order' as order_id, j.value ->> 'store' as store_id,
                   j.value ->> 'variant_id' as variant_id, cast(j.value ->> 'place' as bigint) as place,
                   cast(j.value ->> 'quantity' as bigint) as quantity,
                   cast(j.value ->> 'until_ms' as bigint) as until_ms
               from json_each($1) as j) as l
         group by l.order_id, l.store_id, l.variant_id", lines)?;
    Ok(())
}

//! Stock: what is on hand, and what of it is promised (`reserved`). Nothing here reads and then writes:
//! the rule stands in the statement, and the schema's `check (0 <= reserved <= on_hand)` is the last net.
//!
//! Every change of what is on hand leaves a movement; the sum of a variant's movements is its stock.

use base::{Id, Tx, events, sql};
use people::StoreId;
use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;

use crate::order::OrderId;
use crate::product::{ProductId, VariantId};
use crate::{Error, Result, Shop, set};

pub mod api;
pub mod ledger;
pub mod pages;

/// Names a movement.
pub enum MovementMark {}
/// The id of a movement.
pub type MovementId = Id<MovementMark>;

/// "Three left": what a listening screen needs to know of a variant.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Left {
    r#type: &'static str,
    variant: VariantId,
    left: i64,
}

/// What is left of a variant after a change, and whose it is.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Level {
    pub(crate) variant_id: VariantId,
    pub(crate) store_id: StoreId,
    pub(crate) left_now: i64,
}

/// A quantity of a variant.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Amount {
    pub(crate) variant_id: VariantId,
    pub(crate) quantity: i64,
}

/// Begins the stock of new variants with what the seller says is there.
pub(crate) async fn begin(
    tx: &mut Tx,
    store: &StoreId,
    product: &ProductId,
    begun: &[(VariantId, i64)],
    now_ms: i64,
) -> Result<()> {
    let rows: Vec<_> = begun
        .iter()
        .map(|(id, stock)| json!({ "id": id, "stock": stock, "movement": MovementId::new(now_ms) }))
        .collect();
    let rows = set::of(&rows)?;
    sql!(run &mut *tx,
        "insert into stock_levels (variant_id, store_id, product_id, on_hand, reserved)
         select j.value ->> 'id', $2, $3, cast(j.value ->> 'stock' as bigint), 0 from json_each($1) as j",
        &rows, store, product)?;
    sql!(run &mut *tx,
        "insert into stock_movements (id, store_id, variant_id, kind, quantity, order_id, at_ms)
         select j.value ->> 'movement', $2, j.value ->> 'id', 'receipt', cast(j.value ->> 'stock' as bigint), null, $3
         from json_each($1) as j where cast(j.value ->> 'stock' as bigint) <> 0", &rows, store, now_ms)?;
    Ok(())
}

/// Corrects what is on hand by `by`: a delivery, a spoiled box. What is promised to buyers stays promised.
pub async fn adjust(shop: &Shop, store: &StoreId, variant: &VariantId, by: i64) -> Result<i64> {
    if by == 0 {
        return sql!(
            maybe & shop.base.db,
            "select on_hand - reserved from stock_levels where variant_id = $1 and store_id = $2",
            variant,
            store
        )?
        .ok_or(Error::NotFound);
    }
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let changed: Option<Level> = sql!(opt &mut tx,
        "update stock_levels set on_hand = on_hand + $3
         where variant_id = $1 and store_id = $2 and on_hand + $3 >= reserved
         returning variant_id, store_id, on_hand - reserved as left_now", variant, store, by)?;
    let Some(level) = changed else {
        tx.rollback().await?;
        return Err(Error::StockPromised);
    };
    let kind = if by > 0 { "receipt" } else { "adjustment" };
    sql!(run &mut tx,
        "insert into stock_movements (id, store_id, variant_id, kind, quantity, order_id, at_ms)
         values ($1, $2, $3, $4, $5, null, $6)", MovementId::new(now_ms), store, variant, kind, by, now_ms)?;
    tell(&mut tx, std::slice::from_ref(&level), &[]).await?;
    tx.commit().await?;
    Ok(level.left_now)
}

/// Writes down that pieces were there which the book did not know: somebody has walked away with them.
pub(crate) async fn were_there(tx: &mut Tx, store: &StoreId, amounts: &[Amount], now_ms: i64) -> Result<()> {
    sql!(run &mut *tx,
        "update stock_levels set on_hand = on_hand + f.quantity
         from (select j.value ->> 'id' as id, cast(j.value ->> 'quantity' as bigint) as quantity
               from json_each($1) as j) as f
         where variant_id = f.id", rows(amounts)?)?;
    adjusted(tx, store, amounts, 1, now_ms).await
}

/// Takes back what [`were_there`] wrote, when it turns out that they were not. `None`: they are promised to buyers.
pub(crate) async fn were_not_there(
    tx: &mut Tx,
    store: &StoreId,
    amount: &Amount,
    now_ms: i64,
) -> Result<Option<Level>> {
    let level: Option<Level> = sql!(opt &mut *tx,
        "update stock_levels set on_hand = on_hand - $3
         where variant_id = $1 and store_id = $2 and on_hand - $3 >= reserved
         returning variant_id, store_id, on_hand - reserved as left_now",
        &amount.variant_id, store, amount.quantity)?;
    if level.is_some() {
        adjusted(tx, store, std::slice::from_ref(amount), -1, now_ms).await?;
    }
    Ok(level)
}

async fn adjusted(tx: &mut Tx, store: &StoreId, amounts: &[Amount], sign: i64, now_ms: i64) -> Result<()> {
    let rows: Vec<_> = amounts
        .iter()
        .map(|one| {
            json!({ "id": MovementId::new(now_ms), "variant": one.variant_id, "quantity": one.quantity * sign })
        })
        .collect();
    sql!(run tx,
        "insert into stock_movements (id, store_id, variant_id, kind, reason, quantity, at_ms)
         select j.value ->> 'id', $2, j.value ->> 'variant', 'adjustment', 'till-over',
             cast(j.value ->> 'quantity' as bigint), $3
         from json_each($1) as j", set::of(&rows)?, store, now_ms)?;
    Ok(())
}

/// Gives back what an order held: `state` says why.
pub(crate) async fn release(tx: &mut Tx, order: &OrderId, state: &str) -> Result<Vec<Level>> {
    let freed: Vec<Amount> = sql!(all &mut *tx,
        "update stock_reservations set state = $2 where order_id = $1 and state = 'held'
         returning variant_id, quantity", order, state)?;
    unreserve(tx, &freed).await
}

/// Lets go of promises; amounts of one variant are summed.
pub(crate) async fn unreserve(tx: &mut Tx, freed: &[Amount]) -> Result<Vec<Level>> {
    if freed.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sql!(all tx,
        "update stock_levels set reserved = reserved - f.quantity
         from (select j.value ->> 'id' as id, cast(sum(cast(j.value ->> 'quantity' as bigint)) as bigint) as quantity
               from json_each($1) as j group by j.value ->> 'id') as f
         where variant_id = f.id
         returning variant_id, store_id, on_hand - reserved as left_now", rows(freed)?)?)
}

/// Turns what an order holds into a sale. `false`: it holds nothing any more.
pub(crate) async fn commit(tx: &mut Tx, store: &StoreId, order: &OrderId, now_ms: i64) -> Result<bool> {
    let held: Vec<Amount> = sql!(all &mut *tx,
        "update stock_reservations set state = 'committed' where order_id = $1 and state = 'held'
         returning variant_id, quantity", order)?;
    if held.is_empty() {
        return Ok(false);
    }
    sql!(run &mut *tx,
        "update stock_levels set reserved = reserved - f.quantity, on_hand = on_hand - f.quantity
         from (select j.value ->> 'id' as id, cast(j.value ->> 'quantity' as bigint) as quantity
               from json_each($1) as j) as f
         where variant_id = f.id", rows(&held)?)?;
    moved(tx, store, order, "sale", &held, -1, now_ms).await?;
    Ok(true)
}

/// Holds what an order holds for longer.
pub(crate) async fn hold_until(tx: &mut Tx, order: &OrderId, until_ms: i64) -> Result<()> {
    sql!(run tx,
        "update stock_reservations set expires_at_ms = $2 where order_id = $1 and state = 'held'", order, until_ms)?;
    Ok(())
}

/// Turns a sale back into a hold: the money was taken back, and may come again.
pub(crate) async fn unsell(
    tx: &mut Tx,
    store: &StoreId,
    order: &OrderId,
    until_ms: i64,
    now_ms: i64,
) -> Result<()> {
    let sold: Vec<Amount> = sql!(all &mut *tx,
        "update stock_reservations set state = 'held', expires_at_ms = $2
         where order_id = $1 and state = 'committed' returning variant_id, quantity", order, until_ms)?;
    sql!(run &mut *tx,
        "update stock_levels set on_hand = on_hand + f.quantity, reserved = reserved + f.quantity
         from (select j.value ->> 'id' as id, cast(j.value ->> 'quantity' as bigint) as quantity
               from json_each($1) as j) as f
         where variant_id = f.id", rows(&sold)?)?;
    moved(tx, store, order, "return", &sold, 1, now_ms).await
}

/// Takes again what an order had let go, if all of it is still there. `false`: some of it was sold.
pub(crate) async fn hold_again(tx: &mut Tx, order: &OrderId) -> Result<bool> {
    // Touching the rows first locks them, so that what is read next is still true when it is written.
    let levels: Vec<Level> = sql!(all &mut *tx,
        "update stock_levels set reserved = reserved
         where variant_id in (select variant_id from stock_reservations where order_id = $1)
         returning variant_id, store_id, on_hand - reserved as left_now", order)?;
    let wanted: Vec<Amount> = sql!(all &mut *tx,
        "select variant_id, quantity from stock_reservations where order_id = $1 and state = 'expired'", order)?;
    let there = |want: &Amount| {
        levels.iter().any(|level| level.variant_id == want.variant_id && level.left_now >= want.quantity)
    };
    if wanted.is_empty() || !wanted.iter().all(there) {
        return Ok(false);
    }
    sql!(run &mut *tx,
        "update stock_reservations set state = 'held' where order_id = $1 and state = 'expired'", order)?;
    reserve(tx, &wanted).await?;
    Ok(true)
}

/// Promises amounts, one row a variant. The schema's check is the net beneath the caller's own test.
pub(crate) async fn reserve(tx: &mut Tx, amounts: &[Amount]) -> Result<Vec<Level>> {
    Ok(sql!(all tx,
        "update stock_levels set reserved = reserved + f.quantity
         from (select j.value ->> 'id' as id, cast(j.value ->> 'quantity' as bigint) as quantity
               from json_each($1) as j) as f
         where variant_id = f.id
         returning variant_id, store_id, on_hand - reserved as left_now", rows(amounts)?)?)
}

/// Puts back on the stall what was sold and is not going anywhere.
pub(crate) async fn take_back(
    tx: &mut Tx,
    store: &StoreId,
    order: &OrderId,
    now_ms: i64,
) -> Result<Vec<Level>> {
    let sold: Vec<Amount> = sql!(all &mut *tx,
        "update stock_reservations set state = 'released' where order_id = $1 and state = 'committed'
         returning variant_id, quantity", order)?;
    if sold.is_empty() {
        return Ok(Vec::new());
    }
    let levels = sql!(all &mut *tx,
        "update stock_levels set on_hand = on_hand + f.quantity
         from (select j.value ->> 'id' as id, cast(j.value ->> 'quantity' as bigint) as quantity
               from json_each($1) as j) as f
         where variant_id = f.id
         returning variant_id, store_id, on_hand - reserved as left_now", rows(&sold)?)?;
    moved(tx, store, order, "return", &sold, 1, now_ms).await?;
    Ok(levels)
}

/// Puts on the stall again what a buyer sent back.
pub(crate) async fn come_back(
    tx: &mut Tx,
    store: &StoreId,
    order: &OrderId,
    amounts: &[Amount],
    now_ms: i64,
) -> Result<Vec<Level>> {
    let levels = sql!(all &mut *tx,
        "update stock_levels set on_hand = on_hand + f.quantity
         from (select j.value ->> 'id' as id, cast(j.value ->> 'quantity' as bigint) as quantity
               from json_each($1) as j) as f
         where variant_id = f.id
         returning variant_id, store_id, on_hand - reserved as left_now", rows(amounts)?)?;
    moved(tx, store, order, "return", amounts, 1, now_ms).await?;
    Ok(levels)
}

/// Books in and writes off at once what came back and cannot be sold: both movements stay in the ledger.
pub(crate) async fn come_back_spoiled(
    tx: &mut Tx,
    store: &StoreId,
    order: &OrderId,
    amounts: &[Amount],
    now_ms: i64,
) -> Result<Vec<Level>> {
    moved(tx, store, order, "return", amounts, 1, now_ms).await?;
    moved(tx, store, order, "adjustment", amounts, -1, now_ms).await?;
    Ok(Vec::new())
}

/// Sells the same goods to the order once more, in exchange. `None`: some of it is not there any more, and the
/// caller must roll back.
pub(crate) async fn sell_again(
    tx: &mut Tx,
    store: &StoreId,
    order: &OrderId,
    amounts: &[Amount],
    now_ms: i64,
) -> Result<Option<Vec<Level>>> {
    let levels: Vec<Level> = sql!(all &mut *tx,
        "update stock_levels set on_hand = on_hand - f.quantity
         from (select j.value ->> 'id' as id, cast(j.value ->> 'quantity' as bigint) as quantity
               from json_each($1) as j) as f
         where variant_id = f.id and on_hand - reserved >= f.quantity
         returning variant_id, store_id, on_hand - reserved as left_now", rows(amounts)?)?;
    if levels.len() != amounts.len() {
        return Ok(None);
    }
    moved(tx, store, order, "sale", amounts, -1, now_ms).await?;
    Ok(Some(levels))
}

async fn moved(
    tx: &mut Tx,
    store: &StoreId,
    order: &OrderId,
    kind: &str,
    amounts: &[Amount],
    sign: i64,
    now_ms: i64,
) -> Result<()> {
    let rows: Vec<_> = amounts
        .iter()
        .map(|amount| {
            json!({ "id": MovementId::new(now_ms), "variant": amount.variant_id, "quantity": amount.quantity * sign })
        })
        .collect();
    sql!(run tx,
        "insert into stock_movements (id, store_id, variant_id, kind, quantity, order_id, at_ms)
         select j.value ->> 'id', $2, j.value ->> 'variant', $3, cast(j.value ->> 'quantity' as bigint), $4, $5
         from json_each($1) as j", set::of(&rows)?, store, kind, order, now_ms)?;
    Ok(())
}

/// Tells the stores' screens, and the shows that are named, what is left.
pub(crate) async fn tell(tx: &mut Tx, levels: &[Level], shows: &[(VariantId, String)]) -> Result<()> {
    let mut said = Vec::with_capacity(levels.len());
    for level in levels {
        let left = Left { r#type: "stock", variant: level.variant_id.clone(), left: level.left_now };
        let watching = shows.iter().filter(|(variant, _)| *variant == level.variant_id);
        said.extend(watching.map(|(_, show)| (format!("live:{show}"), left.clone())));
        said.push((format!("store:{}", level.store_id), left));
    }
    Ok(events::put_all(tx, &said).await?)
}

fn rows(amounts: &[Amount]) -> Result<String> {
    let rows: Vec<_> =
        amounts.iter().map(|one| json!({ "id": one.variant_id, "quantity": one.quantity })).collect();
    set::of(&rows)
}

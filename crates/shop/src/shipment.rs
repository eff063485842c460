//! Shipments: the parcels of an order, and how far each was seen.
//!
//! An order may go in several parcels. How far one is, is the furthest level ever seen: a tracking service that
//! says less later has lost its place, not the parcel. When all of an order's parcels are delivered the order is
//! completed, and the buyer's clocks begin.

use base::{Db, Id, Tx, events, jobs, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

use crate::carrier::{self, Carrier};
use crate::order::{FulfilmentState, Order, OrderId, OrderState};
use crate::payment::digest;
use crate::returning::ReturnId;
use crate::{Error, Result, Shop, set};

mod delivery_tracker;
mod poll;
mod sweettracker;

pub mod api;
pub(crate) mod hook;
pub mod pages;
pub mod tracker;

pub(crate) use poll::{TRACK, job};
pub use tracker::{Seen, Tracker};

/// Names a shipment in [`ShipmentId`].
pub enum ShipmentMark {}
/// The id of a shipment.
pub type ShipmentId = Id<ShipmentMark>;

/// Parcels of one order.
const MOST: i64 = 20;
/// The level at which a parcel is there.
pub(crate) const DELIVERED: i64 = 6;
/// How long a parcel nobody has news of is on its way, before it counts as received.
const SILENT_MS: i64 = 10 * 24 * 3_600_000;
/// Orders completed in one round; the next takes the rest.
const ROWS: i64 = 500;

/// How far a parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ShipmentState {
    /// Handed to the carrier, as the seller says.
    Sent,
    /// Seen by the carrier.
    Moving,
    /// On the last van.
    Out,
    Delivered,
}

/// A parcel.
#[derive(Clone, Debug, FromRow)]
pub struct Shipment {
    pub id: ShipmentId,
    pub store_id: StoreId,
    pub order_id: OrderId,
    /// The return whose exchange it is, or nothing.
    pub return_id: Option<ReturnId>,
    body_hash: String,
    pub carrier: String,
    pub number: String,
    pub level: i64,
    pub seen_place: String,
    pub seen_at_ms: Option<i64>,
    pub trouble: String,
    pub told_until_ms: i64,
    pub sent_at_ms: i64,
    pub delivered_at_ms: Option<i64>,
    pub removed_at_ms: Option<i64>,
}

impl Shipment {
    /// Who brings it; a carrier that is not on the list any more is nobody.
    pub fn by(&self) -> Option<&'static Carrier> {
        carrier::find(&self.carrier)
    }

    /// How far it is.
    pub fn state(&self) -> ShipmentState {
        match self.level {
            _ if self.delivered_at_ms.is_some() => ShipmentState::Delivered,
            0 | 1 => ShipmentState::Sent,
            2..=4 => ShipmentState::Moving,
            _ => ShipmentState::Out,
        }
    }

    /// The key of the words for that.
    pub fn words(&self) -> &'static str {
        match self.state() {
            ShipmentState::Sent => "parcel-is-sent",
            ShipmentState::Moving => "parcel-is-moving",
            ShipmentState::Out => "parcel-is-out",
            ShipmentState::Delivered => "parcel-is-delivered",
        }
    }

    /// Whether the tracking service does not know its number, which the seller should look at.
    pub fn is_doubted(&self) -> bool {
        self.trouble == "not-found" && self.level == 0
    }

    /// The carrier's own page about it, or nothing.
    pub fn page(&self) -> String {
        self.by().map(|carrier| carrier.page(&self.number)).unwrap_or_default()
    }
}

/// A parcel as the seller sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewShipment {
    /// `slug` of a carrier.
    pub carrier: String,
    /// As it is printed on the label; dashes may stay. Empty when the seller brings it himself.
    #[serde(default)]
    pub number: String,
}

impl NewShipment {
    fn checked(&self) -> Result<(&'static Carrier, String)> {
        let wrong = |field: &str, slug| Error::Invalid(vec![(field.to_owned(), slug)]);
        let carrier = carrier::find(&self.carrier).ok_or_else(|| wrong("carrier", "choose"))?;
        let number = carrier.read_number(&self.number).ok_or_else(|| wrong("number", "tracking-number"))?;
        Ok((carrier, number))
    }
}

/// Sends a parcel of an order, or of the exchange that `of` names. The same key is the same parcel.
pub async fn send(
    shop: &Shop,
    store: &StoreId,
    order: &OrderId,
    of: Option<&ReturnId>,
    key: &str,
    new: &NewShipment,
) -> Result<Shipment> {
    let (carrier, number) = new.checked()?;
    let now_ms = shop.base.clock.now_ms();
    let body_hash = digest(&format!("{order} {of:?} {} {number}", carrier.slug));
    let mut tx = shop.base.db.begin().await?;
    let order = lock(&mut tx, store, order).await?;
    let same: Option<Shipment> =
        sql!(opt &mut tx, "select * from shipments where store_id = $1 and key = $2", store, key)?;
    if let Some(same) = same {
        tx.rollback().await?;
        return if same.body_hash == body_hash { Ok(same) } else { Err(Error::KeyReused) };
    }
    let goes = match of {
        None => !order.is_pickup() && order.is_paid() && order.order_state != OrderState::Canceled,
        Some(exchange) => {
            1 == sql!(run &mut tx,
            "update returns set state = state where id = $1 and order_id = $2 and state = 'exchanged'",
            exchange, &order.id)?
        }
    };
    if !goes {
        tx.rollback().await?;
        return Err(Error::OrderMovedOn);
    }
    let id = ShipmentId::new(now_ms);
    let written = sql!(run &mut tx,
        "insert into shipments (id, store_id, order_id, return_id, key, body_hash, carrier, number, sent_at_ms)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9
         where (select count(*) from shipments where order_id = $3) < $10
         on conflict (order_id, carrier, number) where removed_at_ms is null do nothing",
        &id, store, &order.id, of, key, &body_hash, carrier.slug, &number, now_ms, MOST)?;
    if written == 0 {
        tx.rollback().await?;
        return Err(Error::ParcelKnown);
    }
    if of.is_none() {
        let label = format!("{} {number}", carrier.name);
        sql!(run &mut tx,
            "update orders set fulfilment_state = 'sent', order_state = 'confirmed', received_at_ms = null,
                 tracking = $2, changed_at_ms = $3 where id = $1", &order.id, label.trim(), now_ms)?;
        tell(&mut tx, &order.id, FulfilmentState::Sent.slug()).await?;
    }
    if carrier.is_tracked() && shop.tracker.is_some() {
        poll::later(&mut tx, &id, 0, now_ms, shop).await?;
    }
    let sent = sql!(one &mut tx, "select * from shipments where id = $1", &id)?;
    tx.commit().await?;
    Ok(sent)
}

/// Takes a parcel back whose number was typed wrong. With its last parcel the order is at the stall again.
pub async fn remove(shop: &Shop, store: &StoreId, id: &ShipmentId) -> Result<OrderId> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let of: Option<OrderId> =
        sql!(maybe &mut tx, "select order_id from shipments where id = $1 and store_id = $2", id, store)?;
    let order = lock(&mut tx, store, &of.ok_or(Error::NotFound)?).await?;
    let removed: Option<Option<ReturnId>> = sql!(maybe &mut tx,
        "update shipments set removed_at_ms = $2
         where id = $1 and removed_at_ms is null and delivered_at_ms is null
           and (return_id is not null or not exists (select 1 from returns r where r.order_id = shipments.order_id
                and r.state not in ('refused', 'taken-back')))
         returning return_id", id, now_ms)?;
    let Some(of) = removed else {
        tx.rollback().await?;
        return Err(Error::OrderMovedOn);
    };
    if of.is_none() {
        let back = sql!(run &mut tx,
            "update orders set fulfilment_state = 'preparing', tracking = '', changed_at_ms = $2
             where id = $1 and fulfilment_state = 'sent' and not exists
               (select 1 from shipments s where s.order_id = orders.id and s.return_id is null
                and s.removed_at_ms is null)", &order.id, now_ms)?;
        if back == 1 {
            tell(&mut tx, &order.id, FulfilmentState::Preparing.slug()).await?;
        } else {
            complete(&mut tx, &order.id, now_ms).await?;
        }
    }
    tx.commit().await?;
    Ok(order.id)
}

/// Writes down one parcel for each of many orders that were just sent; `turn` names the sending. A number that an
/// order has already is not written twice.
pub(crate) async fn send_many(
    shop: &Shop,
    tx: &mut Tx,
    store: &StoreId,
    turn: &str,
    carrier: &Carrier,
    parcels: &[(OrderId, String)],
    now_ms: i64,
) -> Result<()> {
    let rows: Vec<_> = parcels
        .iter()
        .map(|(order, number)| {
            json!({
                "id": ShipmentId::new(now_ms), "order": order, "key": format!("{turn}:{order}"), "number": number,
                "hash": digest(&format!("{order} {:?} {} {number}", None::<ReturnId>, carrier.slug)),
            })
        })
        .collect();
    let written: Vec<ShipmentId> = sql!(values &mut *tx,
        "insert into shipments (id, store_id, order_id, key, body_hash, carrier, number, sent_at_ms)
         select j.value ->> 'id', $2, j.value ->> 'order', j.value ->> 'key', j.value ->> 'hash', $3,
             j.value ->> 'number', $4
         from json_each($1) as j where true
         on conflict (order_id, carrier, number) where removed_at_ms is null do nothing returning id",
        set::of(&rows)?, store, carrier.slug, now_ms)?;
    if carrier.is_tracked() && shop.tracker.is_some() {
        for id in &written {
            poll::later(tx, id, 0, now_ms, shop).await?;
        }
    }
    Ok(())
}

/// Takes back every parcel of orders that go one step back.
pub(crate) async fn remove_all(tx: &mut Tx, orders: &[OrderId], now_ms: i64) -> Result<()> {
    sql!(run tx,
        "update shipments set removed_at_ms = $2
         where order_id in (select j.value ->> 'id' from json_each($1) as j) and return_id is null
           and removed_at_ms is null", set::ids(orders)?, now_ms)?;
    Ok(())
}

/// Locks the row of a store's order, as everything that changes an order does first.
pub(crate) async fn lock(tx: &mut Tx, store: &StoreId, order: &OrderId) -> Result<Order> {
    sql!(opt tx,
        "update orders set order_state = order_state where id = $1 and store_id = $2 returning *", order, store)?
    .ok_or(Error::NotFound)
}

/// Writes what was seen of a parcel, if it is further than what is known.
pub(crate) async fn apply(shop: &Shop, known: &Shipment, seen: &Seen) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    lock(&mut tx, &known.store_id, &known.order_id).await?;
    let Seen::At { level, at_ms, place } = seen else {
        let trouble = if matches!(seen, Seen::NotFound) { "not-found" } else { "away" };
        sql!(run &mut tx,
            "update shipments set trouble = $2, asked_at_ms = $3 where id = $1", &known.id, trouble, now_ms)?;
        return Ok(tx.commit().await?);
    };
    // A clock that runs ahead, or a scan of before it was sent, is not believed.
    let at_ms = at_ms.unwrap_or(now_ms).clamp(known.sent_at_ms.min(now_ms), now_ms);
    sql!(run &mut tx, "update shipments set trouble = '', asked_at_ms = $2 where id = $1", &known.id, now_ms)?;
    let news = sql!(run &mut tx,
        "update shipments set level = $2, seen_place = $3, seen_at_ms = $4,
             delivered_at_ms = case when $2 >= $5 then $4 end
         where id = $1 and level < $2 and removed_at_ms is null",
        &known.id, level.clamp(&0, &DELIVERED), place, at_ms, DELIVERED)?;
    if news == 1 && *level >= DELIVERED && known.return_id.is_none() {
        complete(&mut tx, &known.order_id, now_ms).await?;
    }
    if news == 1 {
        tell(&mut tx, &known.order_id, "parcel").await?;
    }
    Ok(tx.commit().await?)
}

/// Completes an order when all of its parcels are there.
async fn complete(tx: &mut Tx, order: &OrderId, now_ms: i64) -> Result<()> {
    let done = sql!(run &mut *tx,
        "update orders set order_state = 'completed', changed_at_ms = $2, received_at_ms =
             (select max(s.delivered_at_ms) from shipments s
              where s.order_id = $1 and s.return_id is null and s.removed_at_ms is null)
         where id = $1 and fulfilment_state = 'sent' and order_state = 'confirmed' and received_at_ms is null
           and exists (select 1 from shipments s where s.order_id = $1 and s.return_id is null
                       and s.removed_at_ms is null)
           and not exists (select 1 from shipments s where s.order_id = $1 and s.return_id is null
                           and s.removed_at_ms is null and s.delivered_at_ms is null)", order, now_ms)?;
    if done == 1 { tell(tx, order, "completed").await } else { Ok(()) }
}

/// The buyer says that everything is there.
pub async fn receive(shop: &Shop, order: &Order) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let done = sql!(run &mut tx,
        "update orders set order_state = 'completed', received_at_ms = $2, changed_at_ms = $2
         where id = $1 and fulfilment_state = 'sent' and order_state = 'confirmed' and received_at_ms is null",
        &order.id, now_ms)?;
    if done == 0 {
        tx.rollback().await?;
        return Err(Error::OrderMovedOn);
    }
    tell(&mut tx, &order.id, "completed").await?;
    Ok(tx.commit().await?)
}

/// Completes what was sent long ago and of which nobody has news: the clocks begin now, in the buyer's favour.
pub(crate) async fn complete_silent(shop: &Shop) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let done: Vec<OrderId> = sql!(values &mut tx,
        "update orders set order_state = 'completed', received_at_ms = $1, changed_at_ms = $1
         where id in (select o.id from orders o where o.fulfilment_state = 'sent' and o.received_at_ms is null
                        and o.changed_at_ms < $2 order by o.changed_at_ms limit $3)
           and order_state = 'confirmed' and received_at_ms is null returning id", now_ms, now_ms - SILENT_MS, ROWS)?;
    for order in &done {
        tell(&mut tx, order, "completed").await?;
    }
    Ok(tx.commit().await?)
}

async fn tell(tx: &mut Tx, order: &OrderId, stage: &str) -> Result<()> {
    let event = json!({ "type": "order-moved", "stage": stage });
    Ok(events::put(tx, &format!("order:{order}"), &event).await?)
}

/// An order's parcels, oldest first.
pub async fn of_order(db: &Db, order: &OrderId) -> Result<Vec<Shipment>> {
    Ok(sql!(all db,
        "select * from shipments where order_id = $1 and removed_at_ms is null order by sent_at_ms, id", order)?)
}

/// A parcel by its id.
pub(crate) async fn find(db: &Db, id: &ShipmentId) -> Result<Shipment> {
    sql!(opt db, "select * from shipments where id = $1", id)?.ok_or(Error::NotFound)
}

/// The carrier this store used last; the first of the list for its first parcel.
pub async fn last_carrier(db: &Db, store: &StoreId) -> Result<&'static str> {
    let last: Option<String> = sql!(maybe db,
        "select carrier from shipments where store_id = $1 order by sent_at_ms desc, id desc limit 1", store)?;
    Ok(last.and_then(|slug| carrier::find(&slug)).unwrap_or(&carrier::ALL[0]).slug)
}

/// The job that asks where a parcel is.
pub(crate) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    let shop = shop.clone();
    workers.on(TRACK, move |asked| {
        let shop = shop.clone();
        async move { job(&shop, &asked).await }
    });
}

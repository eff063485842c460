//! A batch: many orders moved along with one tap, an honest word about each, and ten seconds for the way back.
//!
//! The guard of every step stands in the one statement that moves them, as for a single order; whatever it leaves
//! behind is told with its reason. The same key is the same batch, so that a second tap changes nothing.

use std::collections::HashSet;

use base::{Db, Id, Tx, events, sql};
use people::{PersonId, StoreId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::{FulfilmentState, OrderId, OrderState, PaymentState};
use crate::carrier;
use crate::delivery::HandOver;
use crate::faults::Faults;
use crate::{Error, Result, Shop, set, shipment};

/// Orders in one batch.
pub const MOST: usize = 100;
/// The longest tracking number.
pub(crate) const TRACKING: usize = 40;
/// The longest name of an order: its id.
const NAMED: usize = 40;
/// For how long the way back is offered.
pub const UNDO_MS: i64 = 10_000;
/// What a slow line may add to that.
const GRACE_MS: i64 = 5_000;
/// How often a batch is tried again that two phones have locked crosswise.
const TRIES: usize = 4;

/// Names a batch in [`BatchId`].
pub enum BatchMark {}
/// The id of a batch.
pub type BatchId = Id<BatchMark>;

/// Where many orders can be moved at once. To hand an order over takes its code, one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schema(as = BatchStep)]
pub enum Step {
    Preparing,
    Sent,
}

impl Step {
    /// The stage it begins at and the one it ends at.
    fn stages(self) -> (FulfilmentState, FulfilmentState) {
        match self {
            Step::Preparing => (FulfilmentState::New, FulfilmentState::Preparing),
            Step::Sent => (FulfilmentState::Preparing, FulfilmentState::Sent),
        }
    }

    /// The stage it ends at.
    pub fn end(self) -> FulfilmentState {
        self.stages().1
    }
}

/// An order in a batch: by its id or by its number, and the number of its parcel when it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = BatchOrder)]
pub struct Named {
    /// The order's id, or its number as people call it.
    pub order: String,
    #[serde(default)]
    pub tracking: String,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewBatch {
    pub to: Step,
    /// Who brings the parcels: `slug` of a carrier, the same for all. Empty: the numbers are only written down.
    #[serde(default)]
    pub carrier: String,
    /// 1 to 100.
    pub orders: Vec<Named>,
}

/// What became of an order in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[schema(as = BatchOutcome)]
pub enum Outcome {
    Done,
    /// Done, and taken back.
    Undone,
    /// No such order in this store.
    Unknown,
    /// Named before in the same batch.
    Twice,
    CalledOff,
    /// The money is not here, or not any more.
    Unpaid,
    /// Nobody has begun to prepare it.
    NotYet,
    /// It is picked up at the stall.
    Pickup,
    /// It is there already, or further.
    MovedOn,
}

impl Outcome {
    fn slug(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Undone => "undone",
            Outcome::Unknown => "unknown",
            Outcome::Twice => "twice",
            Outcome::CalledOff => "called-off",
            Outcome::Unpaid => "unpaid",
            Outcome::NotYet => "not-yet",
            Outcome::Pickup => "pickup",
            Outcome::MovedOn => "moved-on",
        }
    }

    /// The key of the words that say why.
    pub fn words(self) -> String {
        format!("batch-is-{}", self.slug())
    }
}

/// A batch as it is kept.
#[derive(Clone, Debug, FromRow)]
pub struct Batch {
    pub id: BatchId,
    pub store_id: StoreId,
    pub stage: Step,
    body_hash: String,
    pub at_ms: i64,
    pub undone_at_ms: Option<i64>,
}

impl Batch {
    /// Whether the way back is offered at this moment.
    pub fn is_fresh(&self, now_ms: i64) -> bool {
        self.undone_at_ms.is_none() && now_ms <= self.at_ms + UNDO_MS
    }
}

/// One order's line in a batch.
#[derive(Clone, Debug, Serialize, FromRow, utoipa::ToSchema)]
#[schema(as = BatchRow)]
pub struct Row {
    /// As it was named.
    pub named: String,
    #[schema(value_type = Option<String>)]
    pub order_id: Option<OrderId>,
    /// What people call it; empty when there is no such order.
    pub number: String,
    pub outcome: Outcome,
    pub tracking: String,
}

/// An order of the batch as it stood, with its row locked.
#[derive(FromRow)]
struct Stood {
    id: OrderId,
    number: String,
    order_state: OrderState,
    payment_state: PaymentState,
    fulfilment_state: FulfilmentState,
    hand_over: HandOver,
    tracking: String,
}

/// Moves many orders of a store along. The same key gives the same batch; with another body it is refused.
pub async fn advance(
    shop: &Shop,
    store: &StoreId,
    person: &PersonId,
    key: &str,
    new: NewBatch,
) -> Result<Batch> {
    let new = checked(new)?;
    for _ in 1..TRIES {
        match try_once(shop, store, person, key, &new).await {
            Err(Error::Internal(crossed)) if crossed.is_crossed() => {}
            settled => return settled,
        }
    }
    try_once(shop, store, person, key, &new).await
}

async fn try_once(
    shop: &Shop,
    store: &StoreId,
    person: &PersonId,
    key: &str,
    new: &NewBatch,
) -> Result<Batch> {
    let now_ms = shop.base.clock.now_ms();
    let body = set::of(new)?;
    let hash: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut tx = shop.base.db.begin().await?;
    let made: Option<Batch> = sql!(opt &mut tx,
        "insert into order_batches (id, store_id, key, body_hash, stage, by_person, at_ms)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (store_id, key) do nothing returning *",
        BatchId::new(now_ms), store, key, &hash, new.to, person, now_ms)?;
    let Some(batch) = made else {
        let before: Batch = sql!(one &mut tx,
            "select * from order_batches where store_id = $1 and key = $2", store, key)?;
        tx.rollback().await?;
        return if before.body_hash == hash { Ok(before) } else { Err(Error::KeyReused) };
    };
    let stood = lock(&mut tx, store, &new.orders).await?;
    let rows = rows(new, &stood);
    let wanted: Vec<_> = rows.iter().filter(|row| row.outcome == Outcome::Done).collect();
    let moved = move_along(&mut tx, store, new, &wanted, now_ms).await?;
    send_parcels(shop, &mut tx, &batch, new, &wanted, &moved).await?;
    // Whatever the statement left behind was judged by the same rule a line above, under the same lock.
    let rows: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(place, row)| {
            let left_behind = row.outcome == Outcome::Done && !moved.contains(&row.id);
            let outcome = if left_behind { Outcome::MovedOn } else { row.outcome };
            json!({
                "place": place, "named": row.named, "order": row.id, "number": row.number,
                "outcome": outcome.slug(), "tracking": row.tracking, "before": row.before,
            })
        })
        .collect();
    sql!(run &mut tx,
        "insert into order_batch_rows (batch_id, place, store_id, named, order_id, number, outcome, tracking,
             tracking_before)
         select $2, cast(j.value ->> 'place' as bigint), $3, j.value ->> 'named', j.value ->> 'order',
             j.value ->> 'number', j.value ->> 'outcome', j.value ->> 'tracking', j.value ->> 'before'
         from json_each($1) as j", set::of(&rows)?, &batch.id, store)?;
    tell(&mut tx, &moved, new.to.end()).await?;
    tx.commit().await?;
    Ok(batch)
}

/// Takes the rows of the orders that were named, so that nobody moves them meanwhile.
async fn lock(tx: &mut Tx, store: &StoreId, named: &[Named]) -> Result<Vec<Stood>> {
    let names = set::ids(named.iter().map(|one| &one.order))?;
    Ok(sql!(all tx,
        "update orders set order_state = order_state
         where store_id = $2 and (id in (select j.value ->> 'id' from json_each($1) as j)
                                  or number in (select j.value ->> 'id' from json_each($1) as j))
         returning id, number, order_state, payment_state, fulfilment_state, hand_over, tracking", names, store)?)
}

/// A row about to be written.
struct Judged<'a> {
    named: &'a str,
    id: Option<OrderId>,
    number: &'a str,
    outcome: Outcome,
    tracking: &'a str,
    before: &'a str,
}

/// What can become of each order that was named.
fn rows<'a>(new: &'a NewBatch, stood: &'a [Stood]) -> Vec<Judged<'a>> {
    let mut seen = HashSet::new();
    let judged = new.orders.iter().map(|one| {
        let found = stood.iter().find(|order| order.id.as_str() == one.order || order.number == one.order);
        let Some(order) = found else {
            let (number, tracking) = ("", one.tracking.as_str());
            return Judged {
                named: &one.order,
                id: None,
                number,
                outcome: Outcome::Unknown,
                tracking,
                before: "",
            };
        };
        let is_first = seen.insert(order.id.clone());
        let outcome = if is_first { order.outcome(new.to) } else { Outcome::Twice };
        Judged {
            named: &one.order,
            id: Some(order.id.clone()),
            number: &order.number,
            outcome,
            tracking: &one.tracking,
            before: &order.tracking,
        }
    });
    judged.collect()
}

impl Stood {
    fn outcome(&self, to: Step) -> Outcome {
        let (from, _) = to.stages();
        match (self.order_state, self.payment_state) {
            (OrderState::Canceled, _) => Outcome::CalledOff,
            (OrderState::Pending, _) => Outcome::Unpaid,
            (_, PaymentState::Paid) if self.fulfilment_state == from => {
                if to == Step::Sent && self.hand_over == HandOver::Pickup {
                    Outcome::Pickup
                } else {
                    Outcome::Done
                }
            }
            (_, PaymentState::Paid) if self.fulfilment_state == FulfilmentState::New => Outcome::NotYet,
            (_, PaymentState::Paid) => Outcome::MovedOn,
            _ => Outcome::Unpaid,
        }
    }
}

/// The one statement that moves them, with its guard in it. Gives those that moved.
async fn move_along(
    tx: &mut Tx,
    store: &StoreId,
    new: &NewBatch,
    wanted: &[&Judged<'_>],
    now_ms: i64,
) -> Result<HashSet<Option<OrderId>>> {
    let (from, to) = new.to.stages();
    let by = carrier::find(&new.carrier).map(|carrier| carrier.name).unwrap_or_default();
    let label = |row: &Judged<'_>| format!("{by} {}", row.tracking).trim().to_owned();
    let names: Vec<_> = wanted.iter().map(|row| json!({ "id": row.id, "tracking": label(row) })).collect();
    // What is sent is not there yet: parcels, buyer or ten days complete the order.
    let moved: Vec<OrderId> = sql!(values tx,
        "update orders set fulfilment_state = $3, order_state = 'confirmed', tracking = w.tracking, changed_at_ms = $4
         from (select j.value ->> 'id' as id, j.value ->> 'tracking' as tracking from json_each($1) as j) as w
         where orders.id = w.id and store_id = $2 and fulfilment_state = $5 and payment_state = 'paid'
           and order_state in ('confirmed', 'completed') and ($3 <> 'sent' or hand_over = 'parcel')
         returning orders.id", set::of(&names)?, store, to, now_ms, from)?;
    Ok(moved.into_iter().map(Some).collect())
}

/// Writes down the parcels of the orders that went, so that they are followed.
async fn send_parcels(
    shop: &Shop,
    tx: &mut Tx,
    batch: &Batch,
    new: &NewBatch,
    wanted: &[&Judged<'_>],
    moved: &HashSet<Option<OrderId>>,
) -> Result<()> {
    let Some(carrier) = carrier::find(&new.carrier).filter(|_| new.to == Step::Sent) else { return Ok(()) };
    let parcels: Vec<(OrderId, String)> = wanted
        .iter()
        .filter(|row| moved.contains(&row.id) && !row.tracking.is_empty())
        .filter_map(|row| Some((row.id.clone()?, row.tracking.to_owned())))
        .collect();
    shipment::send_many(shop, tx, &batch.store_id, batch.id.as_str(), carrier, &parcels, batch.at_ms).await
}

/// Tells the buyers' screens.
async fn tell(tx: &mut Tx, moved: &HashSet<Option<OrderId>>, stage: FulfilmentState) -> Result<()> {
    let event = json!({ "type": "order-moved", "stage": stage.slug() });
    let told: Vec<_> = moved.iter().flatten().map(|id| (format!("order:{id}"), event.clone())).collect();
    Ok(events::put_all(tx, &told).await?)
}

/// Takes a batch back: every order of it that still stands where the batch put it. Twice changes nothing.
pub async fn undo(shop: &Shop, store: &StoreId, id: &BatchId) -> Result<Batch> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let taken: Option<Batch> = sql!(opt &mut tx,
        "update order_batches set undone_at_ms = $3
         where id = $1 and store_id = $2 and undone_at_ms is null and at_ms >= $4 returning *",
        id, store, now_ms, now_ms - UNDO_MS - GRACE_MS)?;
    let Some(batch) = taken else {
        tx.rollback().await?;
        let batch = find(&shop.base.db, store, id).await?;
        return if batch.undone_at_ms.is_some() { Ok(batch) } else { Err(Error::UndoLate) };
    };
    let (from, to) = batch.stage.stages();
    let back: Vec<OrderId> = sql!(values &mut tx,
        "update orders set fulfilment_state = $3, order_state = 'confirmed', tracking = r.tracking_before,
             changed_at_ms = $4
         from (select order_id, tracking_before from order_batch_rows where batch_id = $1 and outcome = 'done') as r
         where orders.id = r.order_id and store_id = $2 and fulfilment_state = $5
           and order_state in ('confirmed', 'completed')
         returning orders.id", id, store, from, now_ms, to)?;
    shipment::remove_all(&mut tx, &back, now_ms).await?;
    sql!(run &mut tx,
        "update order_batch_rows set outcome = 'undone'
         where batch_id = $1 and outcome = 'done' and order_id in (select j.value ->> 'id' from json_each($2) as j)",
        id, set::ids(&back)?)?;
    tell(&mut tx, &back.into_iter().map(Some).collect(), from).await?;
    tx.commit().await?;
    Ok(batch)
}

/// A batch of this store.
pub async fn find(db: &Db, store: &StoreId, id: &BatchId) -> Result<Batch> {
    sql!(opt db, "select * from order_batches where id = $1 and store_id = $2", id, store)?
        .ok_or(Error::NotFound)
}

/// What became of each order, in the order in which they were named.
pub async fn outcomes(db: &Db, batch: &BatchId) -> Result<Vec<Row>> {
    Ok(sql!(all db, "select * from order_batch_rows where batch_id = $1 order by place", batch)?)
}

/// A parcel's number as carriers write it: letters, digits, and hyphens between.
pub(crate) fn tracking(text: &str, faults: &mut Faults, field: &str) -> String {
    let text = faults.optional(field, text, TRACKING);
    faults.unless(
        text.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | ' ')),
        field,
        "tracking",
    );
    text
}

fn checked(new: NewBatch) -> Result<NewBatch> {
    if new.orders.is_empty() {
        return Err(Error::NoneTicked);
    }
    if new.orders.len() > MOST {
        return Err(Error::TooManyOrders { most: MOST });
    }
    let mut faults = Faults::default();
    let by = carrier::find(&new.carrier);
    faults.unless(new.carrier.is_empty() || by.is_some(), "carrier", "choose");
    let mut orders = Vec::with_capacity(new.orders.len());
    for one in &new.orders {
        let number = match (new.to, by) {
            (Step::Preparing, _) => String::new(),
            (Step::Sent, Some(by)) if !one.tracking.is_empty() => {
                let number = by.read_number(&one.tracking);
                faults.unless(number.is_some(), "tracking", "tracking-number");
                number.unwrap_or_default()
            }
            (Step::Sent, _) => tracking(&one.tracking, &mut faults, "tracking"),
        };
        orders.push(Named { order: faults.needed("orders", &one.order, NAMED), tracking: number });
    }
    faults.done()?;
    Ok(NewBatch { orders, ..new })
}

/// Reads pasted lines, "order number, parcel number": commas, tabs or spaces between. The lines that say only one
/// of the two come back as they were typed.
pub(crate) fn pasted(lines: &str) -> (Vec<Named>, Vec<String>) {
    let (mut named, mut strange) = (Vec::new(), Vec::new());
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let between = |one: char| matches!(one, ',' | '\t' | ';' | ' ');
        match line.split_once(between) {
            Some((order, number)) if !number.trim_matches(between).is_empty() => named
                .push(Named { order: order.to_owned(), tracking: number.trim_matches(between).to_owned() }),
            _ => strange.push(line.to_owned()),
        }
    }
    (named, strange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_lines_are_read_however_they_are_divided() {
        let (named, strange) = pasted(
            "1124-001, 6012-3456\r\n\n1124-002\t 123456789 \n 1124-003 1234 5678\n1124-004\n1124-005,\n",
        );
        let read: Vec<_> = named.iter().map(|one| (one.order.as_str(), one.tracking.as_str())).collect();
        assert_eq!(read, [("1124-001", "6012-3456"), ("1124-002", "123456789"), ("1124-003", "1234 5678")]);
        assert_eq!(strange, ["1124-004", "1124-005,"]);
    }
}

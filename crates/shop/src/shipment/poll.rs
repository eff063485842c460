//! Asking where a parcel is, with growing pauses, until it is there or nobody has news for two weeks.

use base::{Tx, jobs, sql};
use serde::{Deserialize, Serialize};

use super::{Seen, Shipment, ShipmentId, apply, find};
use crate::{Result, Shop};

/// The job that asks.
pub(crate) const TRACK: &str = "shop-track-parcel";
const MINUTE_MS: i64 = 60_000;
/// When to ask again, counted from the question before; the last repeats.
const PAUSES_MS: [i64; 5] =
    [10 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS, 120 * MINUTE_MS, 240 * MINUTE_MS];
/// A parcel for practice moves while one looks on.
const PRACTICE_MS: i64 = 5_000;
/// How long after it was sent anybody still asks.
const GIVES_UP_MS: i64 = 14 * 24 * 60 * MINUTE_MS;
/// How long a service is asked to tell us by itself, and how long before the end we ask again.
const TOLD_MS: i64 = 48 * 60 * MINUTE_MS;
const RENEW_MS: i64 = 12 * 60 * MINUTE_MS;

#[derive(Serialize, Deserialize)]
struct Ask {
    shipment: ShipmentId,
    /// Which question of the round; `None`: one more, because somebody told us to look.
    turn: Option<usize>,
}

/// Puts the next question of the round into the queue.
pub(super) async fn later(
    tx: &mut Tx,
    shipment: &ShipmentId,
    turn: usize,
    now_ms: i64,
    shop: &Shop,
) -> Result<()> {
    let is_practice = shop.tracker.as_ref().is_some_and(|tracker| tracker.is_practice());
    let pause_ms = if is_practice { PRACTICE_MS } else { PAUSES_MS[turn.min(PAUSES_MS.len() - 1)] };
    let ask = Ask { shipment: shipment.clone(), turn: Some(turn) };
    Ok(jobs::put_at(tx, TRACK, &ask, now_ms + pause_ms).await?)
}

/// Puts one more question into the queue.
pub(super) async fn now(tx: &mut Tx, shipment: &ShipmentId) -> Result<()> {
    Ok(jobs::put(tx, TRACK, &Ask { shipment: shipment.clone(), turn: None }).await?)
}

/// The job: asks where a parcel is, writes it down, and says when to ask again.
pub(crate) async fn job(shop: &Shop, job: &jobs::Job) -> Result<()> {
    let Ask { shipment: id, turn } = job.payload()?;
    let known = find(&shop.base.db, &id).await?;
    let Some(tracker) = &shop.tracker else { return Ok(()) };
    if known.removed_at_ms.is_some() || known.delivered_at_ms.is_some() {
        return Ok(());
    }
    let now_ms = shop.base.clock.now_ms();
    if now_ms > known.sent_at_ms + GIVES_UP_MS {
        let mut tx = shop.base.db.begin().await?;
        sql!(run &mut tx, "update shipments set stopped_at_ms = $2 where id = $1", &id, now_ms)?;
        return Ok(tx.commit().await?);
    }
    let Some(carrier) = known.by() else { return Ok(()) };
    let seen = tracker.look(carrier, &known.number).await;
    let is_there = matches!(seen, Seen::At { level, .. } if level >= super::DELIVERED);
    apply(shop, &known, &seen).await?;
    let Some(turn) = turn.filter(|_| !is_there) else { return Ok(()) };
    be_told(shop, &known, now_ms).await?;
    // The next question and the end of this one in one transaction: a crash makes no second round.
    let mut tx = shop.base.db.begin().await?;
    if !job.done(&mut tx).await? {
        return Ok(tx.rollback().await?);
    }
    later(&mut tx, &id, turn + 1, now_ms, shop).await?;
    Ok(tx.commit().await?)
}

/// Asks the service to tell us by itself, where it can and knows where we are.
async fn be_told(shop: &Shop, known: &Shipment, now_ms: i64) -> Result<()> {
    let (Some(tracker), Some(here), Some(carrier)) = (&shop.tracker, shop.here.get(), known.by()) else {
        return Ok(());
    };
    if known.told_until_ms > now_ms + RENEW_MS {
        return Ok(());
    }
    let until_ms = now_ms + TOLD_MS;
    let callback = format!("{here}{}", super::hook::PATH);
    if tracker.register(carrier, &known.number, &callback, until_ms).await {
        let mut tx = shop.base.db.begin().await?;
        sql!(run &mut tx, "update shipments set told_until_ms = $2 where id = $1", &known.id, until_ms)?;
        tx.commit().await?;
    }
    Ok(())
}

//! Asking again: what became of a charge whose answer we do not have.

use base::{Tx, jobs};
use serde::{Deserialize, Serialize};

use super::attempt::{self, Attempt, AttemptId, AttemptState};
use super::gateway::{Observed, Returned, Seen};
use super::pay::contract;
use super::{apply_observed_state, find};
use crate::order::{OrderState, state_of};
use crate::{Error, Result, Shop};

/// The job that asks.
pub(super) const POLL: &str = "shop-poll-payment";
/// The job that closes an account nobody should pay into any more.
pub(super) const CLOSE: &str = "shop-close-account";
/// When to ask again, counted from the question before.
const PAUSES_MS: [i64; 6] = [5_000, 15_000, 60_000, 300_000, 1_800_000, 7_200_000];
/// Questions before the hourly round takes over.
const TURNS: usize = 24;

#[derive(Serialize, Deserialize)]
struct Ask {
    attempt: AttemptId,
    turn: usize,
}

pub(super) async fn later(tx: &mut Tx, attempt: &AttemptId, turn: usize, now_ms: i64) -> Result<()> {
    let pause_ms = PAUSES_MS[turn.min(PAUSES_MS.len() - 1)];
    Ok(jobs::put_at(tx, POLL, &Ask { attempt: attempt.clone(), turn }, now_ms + pause_ms).await?)
}

/// Asks once, at a time of its own.
pub(super) async fn at(tx: &mut Tx, attempt: &AttemptId, at_ms: i64) -> Result<()> {
    Ok(jobs::put_at(tx, POLL, &Ask { attempt: attempt.clone(), turn: TURNS }, at_ms).await?)
}

/// Closes an account as soon as a worker is free.
pub(super) async fn close_later(tx: &mut Tx, attempt: &AttemptId) -> Result<()> {
    Ok(jobs::put(tx, CLOSE, &Ask { attempt: attempt.clone(), turn: 0 }).await?)
}

/// The job: closes an account. If somebody has paid into it meanwhile, that is what is seen.
pub(super) async fn close(shop: &Shop, job: &jobs::Job) -> Result<()> {
    let Ask { attempt: id, .. } = job.payload()?;
    let known = attempt::find(&shop.base.db, &id).await?;
    let (AttemptState::AwaitingDeposit, Some(key)) = (known.state, &known.provider_key) else {
        return Ok(());
    };
    let gateway = contract(shop, &known.store_id)?;
    match gateway.cancel(key, None, None, &format!("{id}:close")).await {
        Returned::Seen(observed) => apply_observed_state(shop, &known, *observed).await,
        Returned::Refused(_) => ask(shop, &known, 1).await,
        Returned::Silent => Err(Error::GatewayAway),
    }
}

/// The job: asks what became of an attempt, unless that is known by now, and asks again while it is not.
pub(super) async fn job(shop: &Shop, job: &jobs::Job) -> Result<()> {
    let Ask { attempt: id, turn } = job.payload()?;
    let known = attempt::find(&shop.base.db, &id).await?;
    if !known.is_open() {
        return Ok(());
    }
    // A company that is away is asked again like one that does not know yet.
    let asked = ask(shop, &known, turn).await;
    let now = attempt::find(&shop.base.db, &id).await?;
    if matches!(now.state, AttemptState::Started | AttemptState::Unknown) && turn < TURNS {
        let mut tx = shop.base.db.begin().await?;
        later(&mut tx, &id, turn + 1, shop.base.clock.now_ms()).await?;
        tx.commit().await?;
        return Ok(());
    }
    asked
}

/// Asks about one attempt and writes what was seen.
pub(super) async fn ask(shop: &Shop, known: &Attempt, turn: usize) -> Result<()> {
    let gateway = contract(shop, &known.store_id)?;
    let observed = match gateway.get(known.id.as_str()).await? {
        Some(observed) => observed,
        // Our question has had time to arrive and never did: nothing was charged, and the buyer may try again.
        None if turn > 0 => Observed::only(Seen::Declined("NEVER_ARRIVED".to_owned())),
        None => return Ok(()),
    };
    let asked_for = matches!(known.state, AttemptState::Started | AttemptState::Unknown);
    if observed.seen == Seen::Opened && asked_for && is_wanted(shop, known).await? {
        // The buyer agreed and our question to take the money was lost. The same key makes it the same question.
        let intent = find(&shop.base.db, &known.intent_id).await?;
        let confirmed = gateway.confirm(&observed.key, known.id.as_str(), intent.amount_won).await;
        shop.base.db.reach("poll-answered").await;
        return apply_observed_state(shop, known, confirmed).await;
    }
    shop.base.db.reach("poll-answered").await;
    apply_observed_state(shop, known, observed).await
}

/// Whether the buyer still waits for these goods: nobody is charged for an order that was called off.
async fn is_wanted(shop: &Shop, attempt: &Attempt) -> Result<bool> {
    let intent = find(&shop.base.db, &attempt.intent_id).await?;
    Ok(state_of(&shop.base.db, &intent.order_id).await? == OrderState::Pending)
}

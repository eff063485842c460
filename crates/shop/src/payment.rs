//! Payments: one intent an order, one attempt a try, and one function that believes what was seen.
//!
//! A charge is asked for with a key of its own, outside any transaction. Whatever answers first, the
//! reply or a later question with the same key, goes through [`apply_observed_state`], which only
//! moves forward. No answer is `unknown`, never failed: the question is asked again.

use base::{Db, Id, Tx, Won, jobs, sql};
use people::PersonId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use tracing::{error, info};

use crate::order::{self, OrderId, OrderState};
use crate::{Error, Result, Shop, StoreId, stock};

mod gateway;
mod ledger;
mod sandbox;

pub mod method;
pub mod pages;

pub use gateway::{Gateway, Observed, Seen};
pub use sandbox::{APPROVE, DECLINE, SILENT, Sandbox};

/// Names an intent in [`IntentId`].
pub enum IntentMark {}
/// The id of a payment intent.
pub type IntentId = Id<IntentMark>;

/// Names an attempt in [`AttemptId`].
pub enum AttemptMark {}
/// The id of a payment attempt.
pub type AttemptId = Id<AttemptMark>;

/// The job that asks again what became of an attempt.
const POLL: &str = "shop-poll-payment";
/// The job that gives money back.
const REFUND: &str = "shop-refund";
/// When to ask again, counted from the question before.
const POLL_PAUSES_MS: [i64; 6] = [5_000, 15_000, 60_000, 300_000, 1_800_000, 7_200_000];

/// Where an intent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum IntentState {
    RequiresMethod,
    Processing,
    Succeeded,
    Refunded,
    Canceled,
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
enum AttemptState {
    Started,
    Charged,
    Declined,
    Unknown,
    Refunded,
}

/// What an order's payment is about.
#[derive(Clone, Debug, FromRow)]
pub struct Intent {
    pub id: IntentId,
    pub store_id: StoreId,
    pub order_id: OrderId,
    pub amount_won: Won,
    pub state: IntentState,
}

#[derive(Clone, Debug, FromRow)]
struct Attempt {
    id: AttemptId,
    store_id: StoreId,
    intent_id: IntentId,
    place: i64,
    state: AttemptState,
}

impl Attempt {
    /// The key under which the payment company knows this charge.
    fn key(&self) -> String {
        format!("{}:{}:charge", self.intent_id, self.place)
    }
}

#[derive(Serialize, Deserialize)]
struct Ask {
    attempt: AttemptId,
    turn: usize,
}

/// An intent by its id.
pub async fn find(db: &Db, id: &IntentId) -> Result<Intent> {
    sql!(opt db, "select id, store_id, order_id, amount_won, state from payment_intents where id = $1", id)?
        .ok_or(Error::NotFound)
}

/// Charges an intent by a method's token. A second call while the first is under way, or after it
/// succeeded, charges nothing and tells where things stand.
pub async fn pay(shop: &Shop, intent: &IntentId, token: &str) -> Result<IntentState> {
    let Some((attempt, amount)) = begin(shop, intent, token).await? else {
        return Ok(find(&shop.base.db, intent).await?.state);
    };
    let observed = shop.gateway.charge(&attempt.key(), amount, token).await?;
    apply_observed_state(shop, &attempt.id, observed).await?;
    Ok(find(&shop.base.db, intent).await?.state)
}

/// Opens an attempt, if the intent waits for one, and the job that finds out what became of it.
async fn begin(shop: &Shop, intent: &IntentId, token: &str) -> Result<Option<(Attempt, Won)>> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let open: Option<Intent> = sql!(opt &mut tx,
        "update payment_intents set state = 'processing' where id = $1 and state = 'requires-method'
         returning id, store_id, order_id, amount_won, state", intent)?;
    let Some(open) = open else {
        tx.rollback().await?;
        return Ok(None);
    };
    let attempt: Attempt = sql!(one &mut tx,
        "insert into payment_attempts (id, store_id, intent_id, place, gateway, method, state, created_at_ms)
         select $1, $2, $3, count(*) + 1, $4, $5, 'started', $6 from payment_attempts where intent_id = $3
         returning id, store_id, intent_id, place, state",
        AttemptId::new(now_ms), &open.store_id, &open.id, shop.gateway.name(), token, now_ms)?;
    poll_later(&mut tx, &attempt.id, 0, now_ms).await?;
    tx.commit().await?;
    Ok(Some((attempt, open.amount_won)))
}

/// The one place that believes: writes what was seen at the payment company, if it is news.
pub async fn apply_observed_state(shop: &Shop, attempt: &AttemptId, observed: Observed) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    // Touching the row locks it: the reply and the question asked meanwhile come one after the other.
    let attempt: Attempt = sql!(one &mut tx,
        "update payment_attempts set state = state where id = $1
         returning id, store_id, intent_id, place, state", attempt)?;
    let intent: Intent = sql!(one &mut tx,
        "update payment_intents set state = state where id = $1
         returning id, store_id, order_id, amount_won, state", &attempt.intent_id)?;
    let is_open = matches!(attempt.state, AttemptState::Started | AttemptState::Unknown);
    match (observed.seen, attempt.state) {
        (Seen::Charged, _) if is_open => {
            charged(&mut tx, &attempt, &intent, observed.amount_won, now_ms).await?
        }
        (Seen::Declined, _) if is_open => declined(&mut tx, &attempt, &intent).await?,
        (Seen::Silent, AttemptState::Started) => silent(&mut tx, &attempt, &intent).await?,
        (Seen::Refunded, AttemptState::Charged) => {
            refunded(&mut tx, &attempt, &intent, observed.amount_won, now_ms).await?;
        }
        // Seen before, or older than what we know.
        _ => return Ok(tx.rollback().await?),
    }
    Ok(tx.commit().await?)
}

/// Money was taken: the order stands, or the money goes back.
async fn charged(tx: &mut Tx, attempt: &Attempt, intent: &Intent, amount: Won, now_ms: i64) -> Result<()> {
    set_attempt(tx, attempt, AttemptState::Charged).await?;
    ledger::post(tx, &attempt.store_id, &attempt.id, ledger::Kind::Capture, amount, now_ms).await?;
    if amount != intent.amount_won || intent.state != IntentState::Processing {
        error!(attempt = %attempt.id, %amount, expected = %intent.amount_won, "A charge is not the one we asked for");
        return refund_later(tx, &attempt.id).await;
    }
    set_intent(tx, intent, IntentState::Succeeded).await?;
    if holds_goods(tx, intent, now_ms).await? {
        info!(order = %intent.order_id, "Order {} is paid", intent.order_id);
        order::confirm(tx, &intent.order_id, now_ms).await
    } else {
        // The time was up and somebody else has the goods, or the order was called off.
        sql!(run &mut *tx,
            "update orders set order_state = 'canceled', payment_state = 'refunding', changed_at_ms = $2,
                 canceled_for = case canceled_for when '' then 'expired' else canceled_for end
             where id = $1", &intent.order_id, now_ms)?;
        refund_later(tx, &attempt.id).await
    }
}

/// Whether the goods are the buyer's: still held, or taken again after the hold had run out.
async fn holds_goods(tx: &mut Tx, intent: &Intent, now_ms: i64) -> Result<bool> {
    let (state, canceled_for): (OrderState, String) = sql!(one &mut *tx,
        "update orders set order_state = order_state where id = $1 returning order_state, canceled_for",
        &intent.order_id)?;
    let is_wanted = state == OrderState::Pending || canceled_for == "expired";
    Ok(is_wanted
        && (stock::commit(tx, &intent.store_id, &intent.order_id, now_ms).await?
            || (stock::hold_again(tx, &intent.order_id).await?
                && stock::commit(tx, &intent.store_id, &intent.order_id, now_ms).await?)))
}

async fn declined(tx: &mut Tx, attempt: &Attempt, intent: &Intent) -> Result<()> {
    set_attempt(tx, attempt, AttemptState::Declined).await?;
    if intent.state == IntentState::Processing {
        set_intent(tx, intent, IntentState::RequiresMethod).await?;
    }
    sql!(run tx,
        "update orders set payment_state = case order_state when 'canceled' then 'failed' else 'awaiting' end
         where id = $1 and payment_state = 'unknown'", &intent.order_id)?;
    Ok(())
}

async fn silent(tx: &mut Tx, attempt: &Attempt, intent: &Intent) -> Result<()> {
    set_attempt(tx, attempt, AttemptState::Unknown).await?;
    sql!(run tx,
        "update orders set payment_state = 'unknown' where id = $1 and payment_state in ('awaiting', 'failed')",
        &intent.order_id)?;
    Ok(())
}

async fn refunded(tx: &mut Tx, attempt: &Attempt, intent: &Intent, amount: Won, now_ms: i64) -> Result<()> {
    set_attempt(tx, attempt, AttemptState::Refunded).await?;
    ledger::post(tx, &attempt.store_id, &attempt.id, ledger::Kind::Refund, amount, now_ms).await?;
    set_intent(tx, intent, IntentState::Refunded).await?;
    sql!(run tx,
        "update orders set payment_state = 'refunded', changed_at_ms = $2
         where id = $1 and payment_state = 'refunding'", &intent.order_id, now_ms)?;
    Ok(())
}

/// Nothing is owed any more for an order that was called off before it was paid.
pub(crate) async fn close(tx: &mut Tx, order: &OrderId) -> Result<()> {
    sql!(run tx,
        "update payment_intents set state = 'canceled' where order_id = $1 and state = 'requires-method'", order)?;
    Ok(())
}

/// Everything charged for an order goes back.
pub(crate) async fn owe_refund(tx: &mut Tx, order: &OrderId) -> Result<()> {
    let charged: Vec<AttemptId> = sql!(values &mut *tx,
        "select a.id from payment_attempts a join payment_intents i on i.id = a.intent_id
         where i.order_id = $1 and a.state = 'charged'", order)?;
    for attempt in &charged {
        refund_later(tx, attempt).await?;
    }
    Ok(())
}

/// The jobs of payments: asking again, and giving back.
pub(crate) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    let polling = shop.clone();
    workers.on(POLL, move |job| {
        let shop = polling.clone();
        async move { poll(&shop, &job).await }
    });
    let refunding = shop.clone();
    workers.on(REFUND, move |job| {
        let shop = refunding.clone();
        async move { refund(&shop, &job).await }
    });
}

/// Asks the payment company what became of an attempt, unless that is known by now.
async fn poll(shop: &Shop, job: &jobs::Job) -> Result<()> {
    let Ask { attempt: id, turn } = job.payload()?;
    let attempt = attempt(&shop.base.db, &id).await?;
    if !matches!(attempt.state, AttemptState::Started | AttemptState::Unknown) {
        return Ok(());
    }
    match shop.gateway.get(&attempt.key()).await? {
        Some(observed) => apply_observed_state(shop, &id, observed).await,
        // The question never arrived there: nothing was charged, and the buyer may try again.
        None if turn > 0 => {
            apply_observed_state(shop, &id, Observed { seen: Seen::Declined, amount_won: Won::ZERO }).await
        }
        None => {
            let mut tx = shop.base.db.begin().await?;
            poll_later(&mut tx, &id, turn + 1, shop.base.clock.now_ms()).await?;
            Ok(tx.commit().await?)
        }
    }
}

async fn refund(shop: &Shop, job: &jobs::Job) -> Result<()> {
    let Ask { attempt: id, .. } = job.payload()?;
    let attempt = attempt(&shop.base.db, &id).await?;
    if attempt.state != AttemptState::Charged {
        return Ok(());
    }
    let observed = shop.gateway.refund(&attempt.key()).await?;
    apply_observed_state(shop, &id, observed).await
}

async fn attempt(db: &Db, id: &AttemptId) -> Result<Attempt> {
    sql!(opt db, "select id, store_id, intent_id, place, state from payment_attempts where id = $1", id)?
        .ok_or(Error::NotFound)
}

async fn poll_later(tx: &mut Tx, attempt: &AttemptId, turn: usize, now_ms: i64) -> Result<()> {
    let pause_ms = POLL_PAUSES_MS[turn.min(POLL_PAUSES_MS.len() - 1)];
    Ok(jobs::put_at(tx, POLL, &Ask { attempt: attempt.clone(), turn }, now_ms + pause_ms).await?)
}

async fn refund_later(tx: &mut Tx, attempt: &AttemptId) -> Result<()> {
    Ok(jobs::put(tx, REFUND, &Ask { attempt: attempt.clone(), turn: 0 }).await?)
}

async fn set_attempt(tx: &mut Tx, attempt: &Attempt, state: AttemptState) -> Result<()> {
    sql!(run tx, "update payment_attempts set state = $2 where id = $1", &attempt.id, state)?;
    Ok(())
}

async fn set_intent(tx: &mut Tx, intent: &Intent, state: IntentState) -> Result<()> {
    sql!(run tx, "update payment_intents set state = $2 where id = $1", &intent.id, state)?;
    Ok(())
}

/// The order's payment, for whoever may see the order.
pub async fn of_buyer(db: &Db, buyers: &[String], id: &IntentId) -> Result<(Intent, order::Order)> {
    let intent = find(db, id).await?;
    let order = order::of_buyer(db, buyers, &intent.order_id).await?;
    Ok((intent, order))
}

/// Keeps the sandbox's card for a person who asked for it, once it has worked.
pub async fn keep(shop: &Shop, person: &PersonId, token: &str) -> Result<()> {
    method::keep(shop, person, shop.gateway.name(), token).await
}

/// Whether the last try was refused, which the page says before the next.
pub async fn was_declined(db: &Db, intent: &IntentId) -> Result<bool> {
    let last: Option<AttemptState> = sql!(maybe db,
        "select state from payment_attempts where intent_id = $1 order by place desc limit 1", intent)?;
    Ok(last == Some(AttemptState::Declined))
}

//! Refunds: money on its way back, all of a charge or a part, one row a request.
//!
//! What may go back is decided in one conditional statement on the attempt (`refund_won + $2 <= captured_won`),
//! with the schema's check beneath it, before anybody is asked; the payment company is asked by a job, with the
//! refund's own key, and what went back is written when it is seen there.

use base::{Db, Id, Tx, Won, clock, jobs, sql};
use people::StoreId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use tracing::{error, info};

use super::attempt::{self, Attempt, AttemptId, AttemptState};
use super::difference::{self, Kind};
use super::gateway::{Canceled, Returned};
use super::pay::contract;
use super::{apply_observed_state, at_till, ledger, poll};
use crate::faults::Faults;
use crate::order::OrderId;
use crate::{Error, Result, Shop};

/// Names a refund in [`RefundId`].
pub enum RefundMark {}
/// The id of a refund.
pub type RefundId = Id<RefundMark>;

/// The job that asks for the money.
pub(super) const GIVE: &str = "shop-give-back";
/// The job of the version before, which gave back all of an attempt.
pub(super) const GIVE_ALL: &str = "shop-refund";
/// The longest reason.
const REASON: usize = 200;

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum RefundState {
    /// On its way.
    Asked,
    Done,
    /// The payment company will not do it; somebody has to see to it.
    Failed,
}

/// Money on its way back.
#[derive(Clone, Debug, FromRow)]
pub struct Refund {
    pub id: RefundId,
    pub store_id: StoreId,
    pub order_id: OrderId,
    pub attempt_id: AttemptId,
    pub amount_won: Won,
    pub reason: String,
    pub state: RefundState,
    body_hash: String,
    pub failure: String,
    pub created_at_ms: i64,
    pub done_at_ms: Option<i64>,
}

impl Refund {
    /// When it was asked for, RFC 3339.
    pub fn created_at(&self) -> String {
        clock::at(self.created_at_ms).to_string()
    }

    /// The key of the words for where it stands.
    pub fn words(&self) -> &'static str {
        match self.state {
            RefundState::Asked => "refund-is-asked",
            RefundState::Done => "refund-is-done",
            RefundState::Failed => "refund-is-failed",
        }
    }
}

/// A refund as it is asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NewRefund {
    /// How much goes back; all that is left when absent.
    pub amount_won: Option<Won>,
    /// Why, in the seller's words.
    pub reason: String,
}

#[derive(Serialize, Deserialize)]
struct Give {
    refund: RefundId,
}

/// Asks for money to go back to the buyer of a store's order. The same key is the same refund.
pub async fn ask(shop: &Shop, store: &StoreId, order: &OrderId, key: &str, new: NewRefund) -> Result<Refund> {
    let new = checked(new)?;
    let now_ms = shop.base.clock.now_ms();
    let body_hash = attempt::hash(&format!("{order} {:?} {}", new.amount_won, new.reason));
    let mut tx = shop.base.db.begin().await?;
    let known = sql!(run &mut tx,
        "update orders set order_state = order_state where id = $1 and store_id = $2", order, store)?;
    if known == 0 {
        tx.rollback().await?;
        return Err(Error::NotFound);
    }
    let same: Option<Refund> =
        sql!(opt &mut tx, "select * from refunds where store_id = $1 and key = $2", store, key)?;
    if let Some(same) = same {
        tx.rollback().await?;
        return if same.body_hash == body_hash { Ok(same) } else { Err(Error::KeyReused) };
    }
    let paid: Option<Attempt> = sql!(opt &mut tx,
        "select a.* from payment_attempts a join payment_intents i on i.paid_attempt = a.id where i.order_id = $1",
        order)?;
    let Some(paid) = paid else {
        tx.rollback().await?;
        return Err(Error::NothingToRefund);
    };
    let wanted = new.amount_won.unwrap_or(paid.captured_won - paid.refund_won);
    let row = Row {
        attempt: &paid,
        order,
        amount: wanted,
        key,
        body_hash: &body_hash,
        by: "seller",
        reason: &new.reason,
    };
    let Some(refund) = insert(&mut tx, &row, now_ms).await? else {
        let left: i64 = sql!(value &mut tx,
            "select captured_won - refund_won from payment_attempts where id = $1", &paid.id)?;
        tx.rollback().await?;
        return Err(if left == 0 {
            Error::NothingToRefund
        } else {
            Error::RefundTooMuch { left: Won(left) }
        });
    };
    tx.commit().await?;
    shop.base.db.reach("refund-asked").await;
    Ok(refund)
}

/// Owes a part of what was paid for an order, in a transaction that has locked the order's row: as much as is
/// left, if that is less. `None`: nothing is left. A key that was used before is refused.
pub(crate) async fn owe_part(
    tx: &mut Tx,
    order: &OrderId,
    key: &str,
    amount: Won,
    reason: &str,
    now_ms: i64,
) -> Result<Option<Refund>> {
    let paid: Option<Attempt> = sql!(opt &mut *tx,
        "update payment_attempts set state = state where id =
             (select paid_attempt from payment_intents where order_id = $1) returning *", order)?;
    let Some(paid) = paid else { return Ok(None) };
    let used: i64 = sql!(value &mut *tx,
        "select count(*) from refunds where store_id = $1 and key = $2", &paid.store_id, key)?;
    if used > 0 {
        return Err(Error::KeyReused);
    }
    let amount = amount.min(paid.captured_won - paid.refund_won);
    if amount <= Won::ZERO {
        return Ok(None);
    }
    let body_hash = attempt::hash(&format!("{order} {amount} {reason}"));
    let row = Row { attempt: &paid, order, amount, key, body_hash: &body_hash, by: "seller", reason };
    insert(tx, &row, now_ms).await
}

fn checked(new: NewRefund) -> Result<NewRefund> {
    let mut faults = Faults::default();
    let amount = new.amount_won.map_or(1, |amount| amount.0);
    faults.unless((1..=Won::MAX.0).contains(&amount), "amount_won", "out-of-range");
    let reason = faults.optional("reason", &new.reason, REASON);
    faults.done()?;
    Ok(NewRefund { reason, ..new })
}

/// Everything that is left of a charge goes back.
pub(super) async fn owe(tx: &mut Tx, attempt: &Attempt, captured: Won, now_ms: i64) -> Result<()> {
    let amount = captured - attempt.refund_won;
    let order: OrderId = sql!(value &mut *tx,
        "select order_id from payment_intents where id = $1", &attempt.intent_id)?;
    let row = Row {
        attempt,
        order: &order,
        amount,
        key: &format!("till:{}", RefundId::new(now_ms)),
        body_hash: "",
        by: "till",
        reason: "",
    };
    insert(tx, &row, now_ms).await?;
    Ok(())
}

/// Everything charged for an order goes back.
pub(crate) async fn owe_for_order(tx: &mut Tx, order: &OrderId, now_ms: i64) -> Result<()> {
    let charged: Vec<Attempt> = sql!(all &mut *tx,
        "select a.* from payment_attempts a join payment_intents i on i.id = a.intent_id
         where i.order_id = $1 and a.state = 'charged' and a.refund_won < a.captured_won", order)?;
    for attempt in &charged {
        owe(tx, attempt, attempt.captured_won, now_ms).await?;
    }
    Ok(())
}

/// A row about to be written.
struct Row<'a> {
    attempt: &'a Attempt,
    order: &'a OrderId,
    amount: Won,
    key: &'a str,
    body_hash: &'a str,
    by: &'a str,
    reason: &'a str,
}

/// Sets the amount aside and writes the row; `None`: that much is not there any more.
async fn insert(tx: &mut Tx, row: &Row<'_>, now_ms: i64) -> Result<Option<Refund>> {
    let set_aside = sql!(run &mut *tx,
        "update payment_attempts set refund_won = refund_won + $2
         where id = $1 and $2 > 0 and state = 'charged' and refund_won + $2 <= captured_won",
        &row.attempt.id, row.amount)?;
    if set_aside == 0 {
        return Ok(None);
    }
    let refund: Option<Refund> = sql!(opt &mut *tx,
        "insert into refunds (id, store_id, order_id, attempt_id, key, body_hash, amount_won, reason, asked_by, state,
             failure, created_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'asked', '', $10)
         on conflict (store_id, key) do nothing returning *",
        RefundId::new(now_ms), &row.attempt.store_id, row.order, &row.attempt.id, row.key, row.body_hash,
        row.amount, row.reason, row.by, now_ms)?;
    // The key was used for another order in this very moment: their rows do not wait for each other.
    let refund = refund.ok_or(Error::KeyReused)?;
    jobs::put(tx, GIVE, &Give { refund: refund.id.clone() }).await?;
    Ok(Some(refund))
}

/// The job: asks the payment company for the money.
pub(super) async fn job(shop: &Shop, job: &jobs::Job) -> Result<()> {
    let Give { refund } = job.payload()?;
    give(shop, &refund).await
}

/// The job of the version before.
pub(super) async fn job_for_all(shop: &Shop, job: &jobs::Job) -> Result<()> {
    #[derive(Deserialize)]
    struct Whole {
        attempt: AttemptId,
    }
    let Whole { attempt } = job.payload()?;
    let mut tx = shop.base.db.begin().await?;
    let attempt = attempt::lock(&mut tx, &attempt).await?;
    if attempt.state == AttemptState::Charged && attempt.refund_won < attempt.captured_won {
        owe(&mut tx, &attempt, attempt.captured_won, shop.base.clock.now_ms()).await?;
    }
    Ok(tx.commit().await?)
}

/// Asks for one refund, as often as it takes: its key makes every asking the same.
pub(super) async fn give(shop: &Shop, id: &RefundId) -> Result<()> {
    let refund = find(&shop.base.db, id).await?;
    let known = attempt::find(&shop.base.db, &refund.attempt_id).await?;
    if refund.state != RefundState::Asked {
        return Ok(());
    }
    if known.gateway == at_till::GATEWAY {
        return apply_observed_state(shop, &known, at_till::handed_back(&known, &refund)).await;
    }
    let gateway = contract(shop, &refund.store_id)?;
    let Some(key) = &known.provider_key else {
        // A charge of before we wrote names down: asking about it tells its name.
        poll::ask(shop, &known, 1).await?;
        return Err(Error::GatewayAway);
    };
    let to = known.refund_to();
    let returned = gateway.cancel(key, Some(refund.amount_won), to.as_ref(), refund.id.as_str()).await;
    shop.base.db.reach("refund-answered").await;
    match returned {
        Returned::Seen(observed) => apply_observed_state(shop, &known, *observed).await,
        Returned::Silent => Err(Error::GatewayAway),
        Returned::Refused(code) => {
            // It may have gone back by another way: look, before calling it a failure.
            poll::ask(shop, &known, 1).await?;
            fail(shop, &refund, &code).await
        }
    }
}

/// The payment company will not do it: the amount is free again, and somebody is told.
async fn fail(shop: &Shop, refund: &Refund, code: &str) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    let attempt = attempt::lock(&mut tx, &refund.attempt_id).await?;
    let failed = sql!(run &mut tx,
        "update refunds set state = 'failed', failure = $2, done_at_ms = $3 where id = $1 and state = 'asked'",
        &refund.id, code, now_ms)?;
    if failed == 0 {
        return Ok(tx.rollback().await?);
    }
    error!(refund = %refund.id, code, "A refund was refused: {code}");
    sql!(run &mut tx,
        "update payment_attempts set refund_won = refund_won - $2 where id = $1", &attempt.id, refund.amount_won)?;
    difference::note(&mut tx, &attempt, Kind::RefundRefused, refund.amount_won, Won::ZERO, now_ms).await?;
    Ok(tx.commit().await?)
}

/// Money was seen to go back: each cancellation is written once. One that nobody here asked for was made at the
/// payment company itself, and counts the same.
pub(super) async fn seen(tx: &mut Tx, attempt: &AttemptId, cancels: &[Canceled], now_ms: i64) -> Result<()> {
    let mut is_news = false;
    for cancel in cancels {
        let attempt = attempt::lock(tx, attempt).await?;
        let known: i64 = sql!(value &mut *tx,
            "select count(*) from refunds where attempt_id = $1 and provider_key = $2", &attempt.id, &cancel.key)?;
        if known == 0 && attempt.captured_won > Won::ZERO {
            one(tx, &attempt, cancel, now_ms).await?;
            is_news = true;
        }
    }
    if is_news { stands(tx, attempt, now_ms).await } else { Ok(()) }
}

async fn one(tx: &mut Tx, attempt: &Attempt, cancel: &Canceled, now_ms: i64) -> Result<()> {
    let asked: Option<RefundId> = sql!(maybe &mut *tx,
        "update refunds set state = 'done', provider_key = $3, done_at_ms = $4
         where attempt_id = $1 and id = $2 and amount_won = $5 and state = 'asked' returning id",
        &attempt.id, cancel.once.as_deref().unwrap_or_default(), &cancel.key, now_ms, cancel.amount_won)?;
    if asked.is_none() {
        elsewhere(tx, attempt, cancel, now_ms).await?;
    }
    info!(attempt = %attempt.id, amount = %cancel.amount_won, "{} won went back", cancel.amount_won);
    ledger::post(tx, attempt, ledger::Kind::Refund, &cancel.key, cancel.amount_won, now_ms).await
}

/// A cancellation we did not ask for. What we had asked for and no longer fits cannot happen any more.
async fn elsewhere(tx: &mut Tx, attempt: &Attempt, cancel: &Canceled, now_ms: i64) -> Result<()> {
    let fits = attempt.refund_won + cancel.amount_won <= attempt.captured_won;
    if !fits {
        sql!(run &mut *tx,
            "update refunds set state = 'failed', failure = 'ELSEWHERE', done_at_ms = $2
             where attempt_id = $1 and state = 'asked'", &attempt.id, now_ms)?;
        sql!(run &mut *tx,
            "update payment_attempts set refund_won =
               (select cast(coalesce(sum(amount_won), 0) as bigint) from refunds where attempt_id = $1 and state = 'done')
             where id = $1", &attempt.id)?;
    }
    difference::note(tx, attempt, Kind::RefundedElsewhere, Won::ZERO, cancel.amount_won, now_ms).await?;
    sql!(run &mut *tx,
        "update payment_attempts set refund_won = refund_won + $2 where id = $1", &attempt.id, cancel.amount_won)?;
    sql!(run tx,
        "insert into refunds (id, store_id, order_id, attempt_id, key, body_hash, amount_won, reason, asked_by, state,
             failure, provider_key, created_at_ms, done_at_ms)
         select $1, a.store_id, i.order_id, a.id, $3, '', $4, '', 'elsewhere', 'done', '', $5, $6, $6
         from payment_attempts a join payment_intents i on i.id = a.intent_id where a.id = $2",
        RefundId::new(now_ms), &attempt.id, format!("elsewhere:{}", cancel.key), cancel.amount_won, &cancel.key,
        now_ms)?;
    Ok(())
}

/// Brings the attempt, the intent and the order up to what went back.
async fn stands(tx: &mut Tx, attempt: &AttemptId, now_ms: i64) -> Result<()> {
    let returned: i64 = sql!(value &mut *tx,
        "select cast(coalesce(sum(amount_won), 0) as bigint) from refunds where attempt_id = $1 and state = 'done'",
        attempt)?;
    let attempt: Attempt = sql!(one &mut *tx,
        "update payment_attempts set state = case when $2 >= captured_won then 'refunded' else state end
         where id = $1 returning *", attempt, returned)?;
    let is_all = attempt.state == AttemptState::Refunded;
    let order: Option<OrderId> = sql!(maybe &mut *tx,
        "update payment_intents set refunded_won = $2, state = case when $3 then 'refunded' else state end
         where id = $1 and paid_attempt = $4 returning order_id",
        &attempt.intent_id, returned, is_all, &attempt.id)?;
    if let Some(order) = order
        && is_all
    {
        sql!(run tx,
            "update orders set payment_state = 'refunded', changed_at_ms = $2 where id = $1", &order, now_ms)?;
    }
    Ok(())
}

/// A refund by its id.
pub async fn find(db: &Db, id: &RefundId) -> Result<Refund> {
    sql!(opt db, "select * from refunds where id = $1", id)?.ok_or(Error::NotFound)
}

/// An order's refunds, oldest first.
pub async fn of_order(db: &Db, order: &OrderId) -> Result<Vec<Refund>> {
    Ok(sql!(all db, "select * from refunds where order_id = $1 order by created_at_ms, id", order)?)
}

/// What can still go back of an order's payment.
pub async fn left(db: &Db, order: &OrderId) -> Result<Won> {
    let left: Option<Won> = sql!(maybe db,
        "select a.captured_won - a.refund_won from payment_attempts a
         join payment_intents i on i.paid_attempt = a.id where i.order_id = $1", order)?;
    Ok(left.unwrap_or_default())
}

//! The one place that believes: writes what was seen at the payment company, if it is news.
//!
//! The reply to a charge, a webhook's second look and every later question come through
//! [`apply_observed_state`]. It only moves forward, with two exceptions that are listed here: money that was
//! taken although we had given the try up is still money, and a bank may take a deposit back.

use base::{Tx, Won, events, jobs, sql};
use serde_json::json;
use tracing::{error, info, warn};

use super::attempt::{self, Attempt, AttemptState};
use super::difference::{self, Kind};
use super::gateway::{Observed, Seen};
use super::{Intent, IntentState, ledger, poll, refund};
use crate::order::{self, EXPIRE, OrderState};
use crate::{Result, Shop, coupon, deal, stock};

/// How often a write is tried again that two others have locked crosswise.
const TRIES: usize = 4;
/// How long after the end of an account's time we look what became of it.
const AFTER_DUE_MS: i64 = 10 * 60 * 1000;

/// Writes what was seen of `known`, which is the attempt as it was *before* the payment company was asked: what
/// was seen then says nothing of what we learnt since.
pub async fn apply_observed_state(shop: &Shop, known: &Attempt, observed: Observed) -> Result<()> {
    if is_old(shop, known, &observed).await? {
        return Ok(());
    }
    for _ in 1..TRIES {
        match apply(shop, known, &observed).await {
            Err(crate::Error::Internal(crossed)) if crossed.is_crossed() => {}
            settled => return settled,
        }
    }
    apply(shop, known, &observed).await
}

/// Whether this was written long ago, which most repeated news was: told without a lock.
async fn is_old(shop: &Shop, known: &Attempt, observed: &Observed) -> Result<bool> {
    if observed.seen != Seen::Charged || !observed.cancels.is_empty() {
        return Ok(false);
    }
    let now = attempt::find(&shop.base.db, &known.id).await?;
    let is_same =
        now.provider_key.as_deref() == Some(observed.key.as_str()) && observed.order == now.id.as_str();
    Ok(is_same && matches!(now.state, AttemptState::Charged | AttemptState::Refunded))
}

async fn apply(shop: &Shop, known: &Attempt, observed: &Observed) -> Result<()> {
    let now_ms = shop.base.clock.now_ms();
    let mut tx = shop.base.db.begin().await?;
    // The order's row first, as everything that changes an order does; then nobody waits crosswise.
    sql!(run &mut tx,
        "update orders set order_state = order_state
         where id = (select order_id from payment_intents where id = $1)", &known.intent_id)?;
    let attempt = attempt::lock(&mut tx, &known.id).await?;
    let intent: Intent = sql!(one &mut tx,
        "update payment_intents set state = state where id = $1 returning *", &attempt.intent_id)?;
    let seen = Seeing { attempt: &attempt, intent: &intent, observed, now_ms };
    if !seen.is_ours() {
        difference::note(&mut tx, &attempt, Kind::NotOurs, attempt.captured_won, observed.amount_won, now_ms)
            .await?;
        return Ok(tx.commit().await?);
    }
    attempt::name(&mut tx, &attempt.id, &observed.key).await?;
    use AttemptState as State;
    match (&observed.seen, attempt.state) {
        (Seen::Charged, State::Refunded | State::Charged) => {}
        (Seen::Charged, _) => seen.charged(&mut tx).await?,
        (Seen::AwaitingDeposit, State::Started | State::Unknown | State::Opened) => {
            seen.waits(&mut tx).await?
        }
        // Believed only when it was asked after we knew of the deposit: an older answer means nothing.
        (Seen::AwaitingDeposit, State::Charged) if known.state == State::Charged => {
            seen.reverted(&mut tx).await?
        }
        (Seen::Declined(code), _) if attempt.is_open() => seen.declined(&mut tx, code).await?,
        (Seen::Silent, State::Started) => seen.silent(&mut tx).await?,
        // Seen before, or older than what we know.
        _ => {}
    }
    if !observed.cancels.is_empty() {
        refund::seen(&mut tx, &attempt.id, &observed.cancels, now_ms).await?;
    }
    Ok(tx.commit().await?)
}

/// One look at one attempt, with its rows locked.
struct Seeing<'a> {
    attempt: &'a Attempt,
    intent: &'a Intent,
    observed: &'a Observed,
    now_ms: i64,
}

impl Seeing<'_> {
    /// Whether the payment that was seen is this attempt's at all.
    fn is_ours(&self) -> bool {
        let named = self.observed.order.is_empty() || self.observed.order == self.attempt.id.as_str();
        let known = self.attempt.provider_key.as_deref();
        let same = known.is_none_or(|known| self.observed.key.is_empty() || self.observed.key == known);
        if !(named && same && self.observed.currency == "KRW") {
            error!(attempt = %self.attempt.id, "A payment was shown to us that is not the one we asked about");
            return false;
        }
        true
    }

    /// Money was taken: the order stands, or the money goes back.
    async fn charged(&self, tx: &mut Tx) -> Result<()> {
        let (attempt, intent, amount) = (self.attempt, self.intent, self.observed.amount_won);
        sql!(run &mut *tx,
            "update payment_attempts set state = 'charged', captured_won = $2, failure = '' where id = $1",
            &attempt.id, amount)?;
        let reference = self.observed.transaction.as_str();
        ledger::post(tx, attempt, ledger::Kind::Capture, reference, amount, self.now_ms).await?;
        if amount != intent.amount_won {
            error!(attempt = %attempt.id, %amount, expected = %intent.amount_won, "A charge is not the one we asked for");
            difference::note(tx, attempt, Kind::Amount, intent.amount_won, amount, self.now_ms).await?;
            self.reopen(tx).await?;
            return refund::owe(tx, attempt, amount, self.now_ms).await;
        }
        if matches!(intent.state, IntentState::Succeeded | IntentState::Refunded) {
            warn!(attempt = %attempt.id, "An order was paid a second time; the second goes back");
            difference::note(tx, attempt, Kind::Twice, Won::ZERO, amount, self.now_ms).await?;
            return refund::owe(tx, attempt, amount, self.now_ms).await;
        }
        sql!(run &mut *tx,
            "update payment_intents set state = 'succeeded', paid_attempt = $2 where id = $1",
            &intent.id, &attempt.id)?;
        if self.has_goods(tx).await? {
            info!(order = %intent.order_id, "Order {} is paid", intent.order_id);
            return Ok(());
        }
        // The time was up and somebody else has the goods, or the order was called off.
        sql!(run &mut *tx,
            "update orders set order_state = 'canceled', payment_state = 'refunding', changed_at_ms = $2,
                 canceled_for = case canceled_for when '' then 'expired' else canceled_for end
             where id = $1", &intent.order_id, self.now_ms)?;
        refund::owe(tx, attempt, amount, self.now_ms).await
    }

    /// Gives the goods to the buyer, if they are still held, or can be taken again after the hold had run out.
    async fn has_goods(&self, tx: &mut Tx) -> Result<bool> {
        let (store, order, now_ms) = (&self.intent.store_id, &self.intent.order_id, self.now_ms);
        let (state, canceled_for): (OrderState, String) =
            sql!(one &mut *tx, "select order_state, canceled_for from orders where id = $1", order)?;
        match state {
            // On its way while the bank changed its mind and back: only the money moves.
            OrderState::Confirmed | OrderState::Completed => {
                sql!(run &mut *tx,
                    "update orders set payment_state = 'paid', paid_at_ms = $2, changed_at_ms = $2 where id = $1",
                    order, now_ms)?;
                return Ok(true);
            }
            OrderState::Canceled if canceled_for != "expired" => return Ok(false),
            OrderState::Pending | OrderState::Canceled => {}
        }
        let is_there = stock::commit(tx, store, order, now_ms).await?
            || (self.holds_again(tx).await? && stock::commit(tx, store, order, now_ms).await?);
        if is_there {
            order::confirm(tx, order, now_ms).await?;
        }
        Ok(is_there)
    }

    /// Takes again what the order had let go, its deals and its coupon too, or nothing of it.
    async fn holds_again(&self, tx: &mut Tx) -> Result<bool> {
        let order = &self.intent.order_id;
        if !stock::hold_again(tx, order).await? {
            return Ok(false);
        }
        if deal::has_room_again(tx, order).await? && coupon::hold_again(tx, order).await? {
            return Ok(true);
        }
        // Somebody else has the last piece of a deal or the last coupon; the price the buyer paid is not to be had any more.
        stock::release(tx, order, "expired").await?;
        Ok(false)
    }

    /// An account is open: the goods are held until its time is up.
    async fn waits(&self, tx: &mut Tx) -> Result<()> {
        let Some(account) = &self.observed.account else {
            error!(attempt = %self.attempt.id, "An account was opened without saying where");
            return Ok(());
        };
        let order = &self.intent.order_id;
        attempt::wait_at(tx, &self.attempt.id, account).await?;
        sql!(run &mut *tx,
            "update payment_intents set state = 'awaiting-deposit' where id = $1 and state = 'processing'",
            &self.intent.id)?;
        stock::hold_until(tx, order, account.due_at_ms).await?;
        let is_wanted = sql!(run &mut *tx,
            "update orders set expires_at_ms = $2, changed_at_ms = $3,
                 payment_state = case payment_state when 'unknown' then 'awaiting' else payment_state end
             where id = $1 and order_state = 'pending'",
            order, account.due_at_ms, self.now_ms)?;
        if is_wanted == 0 {
            // Called off while the account was being opened: nobody should pay into it.
            return super::close(tx, order).await;
        }
        jobs::put_at(tx, EXPIRE, &json!({}), account.due_at_ms).await?;
        poll::at(tx, &self.attempt.id, account.due_at_ms + AFTER_DUE_MS).await
    }

    /// The bank took a deposit back: the order is unpaid again.
    async fn reverted(&self, tx: &mut Tx) -> Result<()> {
        let (attempt, intent, now_ms) = (self.attempt, self.intent, self.now_ms);
        let amount = attempt.captured_won;
        difference::note(tx, attempt, Kind::Reverted, amount, Won::ZERO, now_ms).await?;
        let undone = sql!(run &mut *tx,
            "update payment_attempts set state = 'awaiting-deposit', captured_won = 0
             where id = $1 and refund_won = 0", &attempt.id)?;
        if undone == 0 {
            error!(attempt = %attempt.id, "A deposit was taken back that we had given back in part");
            return Ok(());
        }
        let reference = self.observed.transaction.as_str();
        ledger::post(tx, attempt, ledger::Kind::Reversal, reference, amount, now_ms).await?;
        sql!(run &mut *tx,
            "update payment_intents set state = 'awaiting-deposit', paid_attempt = null
             where id = $1 and paid_attempt = $2", &intent.id, &attempt.id)?;
        let until_ms = attempt.due_at_ms.unwrap_or(now_ms).max(now_ms + order::HOLD_MS);
        let is_new = sql!(run &mut *tx,
            "update orders set order_state = 'pending', payment_state = 'awaiting', paid_at_ms = null,
                 expires_at_ms = $2, changed_at_ms = $3
             where id = $1 and order_state = 'confirmed' and fulfilment_state = 'new'",
            &intent.order_id, until_ms, now_ms)?;
        if is_new == 1 {
            stock::unsell(tx, &intent.store_id, &intent.order_id, until_ms, now_ms).await?;
            coupon::unspend(tx, &intent.order_id).await?;
            jobs::put_at(tx, EXPIRE, &json!({}), until_ms).await?;
        } else {
            sql!(run &mut *tx,
                "update orders set payment_state = 'awaiting', paid_at_ms = null, changed_at_ms = $2 where id = $1",
                &intent.order_id, now_ms)?;
        }
        let event = json!({ "type": "payment-reverted", "id": intent.order_id });
        events::put(tx, &format!("store:{}", intent.store_id), &event).await?;
        poll::at(tx, &attempt.id, until_ms + AFTER_DUE_MS).await
    }

    async fn declined(&self, tx: &mut Tx, code: &str) -> Result<()> {
        sql!(run &mut *tx,
            "update payment_attempts set state = 'declined', failure = $2 where id = $1", &self.attempt.id, code)?;
        self.reopen(tx).await
    }

    /// The buyer may try again.
    async fn reopen(&self, tx: &mut Tx) -> Result<()> {
        sql!(run &mut *tx,
            "update payment_intents set state = 'requires-method'
             where id = $1 and state in ('processing', 'awaiting-deposit')", &self.intent.id)?;
        sql!(run tx,
            "update orders set payment_state = case order_state when 'canceled' then 'failed' else 'awaiting' end
             where id = $1 and payment_state = 'unknown'", &self.intent.order_id)?;
        Ok(())
    }

    async fn silent(&self, tx: &mut Tx) -> Result<()> {
        attempt::set(tx, &self.attempt.id, AttemptState::Unknown).await?;
        sql!(run tx,
            "update orders set payment_state = 'unknown' where id = $1 and payment_state in ('awaiting', 'failed')",
            &self.intent.order_id)?;
        Ok(())
    }
}

//! Money that the stall takes itself: cash in the drawer, the card terminal, Onnuri and ZeroPay.
//!
//! No payment company is asked: the seller says that it was paid, and that is written as one attempt that was charged.
//! What goes back is given back by the same hand, so it is written as soon as it is asked for.

use base::{Tx, Won, sql};

use super::attempt::{Attempt, AttemptId};
use super::gateway::{Canceled, Observed, Seen};
use super::refund::{self, Refund};
use super::{IntentId, ledger};
use crate::order::OrderId;
use crate::till::Tender;
use crate::{Result, Shop, StoreId};

/// The name of the till where a payment company's stands.
pub(crate) const GATEWAY: &str = "till";

/// Writes down that an order of the till was paid, in the transaction that wrote the order.
pub(crate) async fn take(
    tx: &mut Tx,
    store: &StoreId,
    intent: &IntentId,
    key: &str,
    tender: Tender,
    amount: Won,
    now_ms: i64,
) -> Result<()> {
    let attempt: Attempt = sql!(one &mut *tx,
        "insert into payment_attempts (id, store_id, intent_id, place, gateway, method, state, created_at_ms, key,
             captured_won)
         values ($1, $2, $3, 1, $4, $5, 'charged', $6, $7, $8) returning *",
        AttemptId::new(now_ms), store, intent, GATEWAY, tender.slug(), now_ms, key, amount)?;
    sql!(run &mut *tx,
        "update payment_intents set state = 'succeeded', paid_attempt = $2 where id = $1", intent, &attempt.id)?;
    ledger::post(tx, &attempt, ledger::Kind::Capture, "", amount, now_ms).await
}

/// Writes down at once whatever is on its way back of an order of the till.
pub(crate) async fn give_back(shop: &Shop, order: &OrderId) -> Result<()> {
    for one in refund::of_order(&shop.base.db, order).await? {
        refund::give(shop, &one.id).await?;
    }
    Ok(())
}

/// What is seen of money that the seller hands back: that it went.
pub(super) fn handed_back(attempt: &Attempt, given: &Refund) -> Observed {
    let id = given.id.to_string();
    Observed {
        order: attempt.id.to_string(),
        amount_won: attempt.captured_won,
        cancels: vec![Canceled { key: id.clone(), amount_won: given.amount_won, once: Some(id) }],
        ..Observed::only(Seen::Charged)
    }
}

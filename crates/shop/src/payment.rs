//! Payments: one intent an order, one attempt a try, and one function that believes what was seen.
//!
//! A charge is asked for with a key of its own, outside any transaction. Whatever answers first, the
//! reply, a webhook or a later question with the same key, goes through [`apply_observed_state`], which only
//! moves forward. No answer is `unknown`, never failed: the question is asked again.

use std::pin::Pin;

use base::{Db, Id, Tx, Won, jobs, sql};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa_axum::router::OpenApiRouter;

use crate::order::{self, OrderId};
use crate::{Error, Result, Shop, StoreId};

mod account;
mod apply;
mod attempt;
mod bank;
mod gateway;
mod inbox;
mod ledger;
mod pay;
mod poll;
mod rounds;
mod toss;

pub mod api;
pub(crate) mod at_till;
pub mod contract;
pub mod difference;
pub mod method;
pub mod pages;
pub mod refund;
pub(crate) mod selling;

pub use account::Deposit;
pub use apply::apply_observed_state;
pub use attempt::{Attempt, AttemptId, AttemptState, last as last_attempt};
pub use contract::Contracts;
pub use gateway::{Gateway, Observed, Practice, RefundTo, Seen};
pub use pay::{
    DEPOSIT_HOURS, Paid, left_window, pay, pay_at_window, pay_by_account, pay_kept, returned, window,
};

/// The practice card that pays.
pub const APPROVE: &str = "approve";
/// The practice card that is refused.
pub const DECLINE: &str = "decline";
/// The practice card that pays while the answer is lost on the way.
pub const SILENT: &str = "silent";

/// Names an intent in [`IntentId`].
pub enum IntentMark {}
/// The id of a payment intent.
pub type IntentId = Id<IntentMark>;

/// Where an intent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum IntentState {
    RequiresMethod,
    Processing,
    /// An account is open, and the buyer has yet to pay into it.
    AwaitingDeposit,
    Succeeded,
    Refunded,
    Canceled,
}

/// What an order's payment is about.
#[derive(Clone, Debug, FromRow)]
pub struct Intent {
    pub id: IntentId,
    pub store_id: StoreId,
    pub order_id: OrderId,
    pub amount_won: Won,
    pub state: IntentState,
    /// What of it went back.
    pub refunded_won: Won,
    /// The number the buyer wants a cash receipt on, or empty.
    pub cash_receipt: String,
    /// From when on it may be paid.
    pub opens_at_ms: i64,
}

impl Intent {
    /// Whether it waits for something else than money.
    pub fn is_early(&self, now_ms: i64) -> bool {
        self.opens_at_ms > now_ms
    }
}

/// When a payment opens whose time is not known yet.
pub(crate) const NOT_YET: i64 = 9_000_000_000_000_000;

/// An intent by its id.
pub async fn find(db: &Db, id: &IntentId) -> Result<Intent> {
    sql!(opt db, "select * from payment_intents where id = $1", id)?.ok_or(Error::NotFound)
}

/// The intent of an order.
pub async fn of_order(db: &Db, order: &OrderId) -> Result<Intent> {
    sql!(opt db, "select * from payment_intents where order_id = $1", order)?.ok_or(Error::NotFound)
}

/// The order's payment, for whoever may see the order.
pub async fn of_buyer(db: &Db, buyers: &[String], id: &IntentId) -> Result<(Intent, order::Order)> {
    let intent = find(db, id).await?;
    let order = order::of_buyer(db, buyers, &intent.order_id).await?;
    Ok((intent, order))
}

/// Writes down the number a cash receipt is wanted on, while nothing is paid.
pub async fn set_cash_receipt(shop: &Shop, id: &IntentId, number: &str) -> Result<()> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let fits = number.chars().all(|one| one.is_ascii_digit() || matches!(one, '-' | ' '));
    if !fits || !(digits.is_empty() || (10..=13).contains(&digits.len())) {
        return Err(Error::Invalid(vec![("cash_receipt".to_owned(), "cash-receipt")]));
    }
    let mut tx = shop.base.db.begin().await?;
    sql!(run &mut tx,
        "update payment_intents set cash_receipt = $2 where id = $1 and state = 'requires-method'", id, digits)?;
    Ok(tx.commit().await?)
}

/// Nothing is owed any more for an order that was called off before it was paid; an account that waits for its
/// deposit is closed.
pub(crate) async fn close(tx: &mut Tx, order: &OrderId) -> Result<()> {
    sql!(run &mut *tx,
        "update payment_intents set state = 'canceled'
         where order_id = $1 and state in ('requires-method', 'awaiting-deposit')", order)?;
    let accounts: Vec<AttemptId> = sql!(values &mut *tx,
        "select a.id from payment_attempts a join payment_intents i on i.id = a.intent_id
         where i.order_id = $1 and a.state = 'awaiting-deposit'", order)?;
    for account in &accounts {
        poll::close_later(tx, account).await?;
    }
    Ok(())
}

pub(crate) use attempt::hash as digest;
pub(crate) use refund::owe_for_order as owe_refund;

/// Whether the last try was refused, which the page says before the next.
pub async fn was_declined(db: &Db, intent: &IntentId) -> Result<bool> {
    let last = last_attempt(db, intent).await?;
    Ok(last.is_some_and(|last| last.state == AttemptState::Declined && last.failure != "LEFT"))
}

/// A payment that the practice company of the version before took, whose books were a table of ours.
#[derive(Debug, FromRow)]
pub struct PractisedBefore {
    #[sqlx(rename = "store_id")]
    pub store: StoreId,
    #[sqlx(rename = "id")]
    pub attempt: AttemptId,
    #[sqlx(rename = "captured_won")]
    pub amount: Won,
    pub is_refunded: bool,
}

/// The payments of the version before, for the practice company's new books.
pub async fn practised_before(db: &Db) -> Result<Vec<PractisedBefore>> {
    Ok(sql!(all db,
        "select store_id, id, captured_won, state = 'refunded' as is_refunded from payment_attempts
         where gateway = 'sandbox' and key is null and provider_key is null and state in ('charged', 'refunded')")?)
}

/// The pages, the API and the door for webhooks.
pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .merge(pages::routes())
        .merge(api::routes())
        .merge(inbox::routes())
        .merge(selling::routes())
}

/// Puts the hourly and the daily round into the queue.
pub async fn begin_rounds(shop: &Shop) -> Result<()> {
    rounds::begin(shop).await
}

/// The jobs of payments: asking again, giving back, reading news, and the rounds.
pub(crate) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    type Doing<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;
    type Handler = for<'a> fn(&'a Shop, &'a jobs::Job) -> Doing<'a>;
    let all: [(&'static str, Handler); 7] = [
        (poll::POLL, |shop, job| Box::pin(poll::job(shop, job))),
        (poll::CLOSE, |shop, job| Box::pin(poll::close(shop, job))),
        (refund::GIVE, |shop, job| Box::pin(refund::job(shop, job))),
        (refund::GIVE_ALL, |shop, job| Box::pin(refund::job_for_all(shop, job))),
        (inbox::READ, |shop, job| Box::pin(inbox::job(shop, job))),
        (rounds::HOURLY, |shop, _| Box::pin(rounds::hourly(shop))),
        (rounds::DAILY, |shop, _| Box::pin(rounds::daily(shop))),
    ];
    for (name, handler) in all {
        let shop = shop.clone();
        workers.on(name, move |job| {
            let shop = shop.clone();
            async move { handler(&shop, &job).await }
        });
    }
}

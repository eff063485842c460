//! Payments for programs: paying by a practice card or a deposit, and giving money back.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::{Won, clock};
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{IdempotencyKey, Json, Path, Problem};

use super::account::Wanted;
use super::refund::{self, NewRefund, Refund, RefundId, RefundState};
use super::{
    APPROVE, AttemptId, AttemptState, DECLINE, Intent, IntentId, IntentState, Paid, RefundTo, SILENT, find,
    last_attempt, of_buyer, pay, pay_by_account, set_cash_receipt,
};
use crate::order::{self, OrderId};
use crate::{Buyer, Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(one))
        .routes(routes!(confirm))
        .routes(routes!(open_account))
        .routes(routes!(give_back, all_refunds))
}

/// A card for practice.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = PracticeCard)]
#[serde(rename_all = "kebab-case")]
enum Card {
    /// Pays.
    Approve,
    /// Is refused.
    Decline,
    /// Pays, and the answer is lost on the way.
    Silent,
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Confirmation {
    card: Card,
    /// What the buyer was shown; another amount is refused.
    amount_won: Won,
}

/// Where to pay in.
#[derive(Serialize, utoipa::ToSchema)]
struct DepositAccount {
    /// The bank's code.
    bank: String,
    number: String,
    /// Until when. RFC 3339.
    due_at: String,
}

/// Where a payment stands.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Payment)]
struct PaymentBody {
    id: IntentId,
    order_id: OrderId,
    amount_won: Won,
    /// What of it went back.
    refunded_won: Won,
    state: IntentState,
    /// The last try, or the one this key made.
    attempt_id: Option<AttemptId>,
    attempt_state: Option<AttemptState>,
    /// While a deposit is awaited.
    deposit_account: Option<DepositAccount>,
}

impl PaymentBody {
    fn of(intent: Intent, attempt: Option<super::Attempt>) -> PaymentBody {
        let waiting = attempt.as_ref().filter(|one| one.state == AttemptState::AwaitingDeposit);
        let deposit_account = waiting.map(|one| DepositAccount {
            bank: one.bank.clone(),
            number: one.account.clone(),
            due_at: clock::at(one.due_at_ms.unwrap_or_default()).to_string(),
        });
        PaymentBody {
            id: intent.id,
            order_id: intent.order_id,
            amount_won: intent.amount_won,
            refunded_won: intent.refunded_won,
            state: intent.state,
            attempt_id: attempt.as_ref().map(|one| one.id.clone()),
            attempt_state: attempt.map(|one| one.state),
            deposit_account,
        }
    }
}

/// Where one of the buyer's payments stands.
#[utoipa::path(get, path = "/api/v1/payments/{payment}", tag = "shop", params(("payment" = IntentId, Path)),
    responses((status = 200, body = PaymentBody), (status = "4XX", body = Problem)))]
async fn one(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<IntentId>,
) -> Result<Json<PaymentBody>, Problem> {
    let (intent, _) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let last = last_attempt(&shop.base.db, &id).await?;
    Ok(Json(PaymentBody::of(intent, last)))
}

/// Pay with a practice card.
///
/// The same `Idempotency-Key` is the same try, and gives its answer again; with another body it is a 422. While a
/// try is under way the answer is 409. However often it is sent, there is at most one charge.
#[utoipa::path(post, path = "/api/v1/payments/{payment}/confirmation", tag = "shop",
    params(("payment" = IntentId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = PaymentBody), (status = "4XX", body = Problem)))]
async fn confirm(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<IntentId>,
    key: IdempotencyKey,
    Json(confirmation): Json<Confirmation>,
) -> Result<Json<PaymentBody>, Problem> {
    let (intent, _) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    if confirmation.amount_won != intent.amount_won {
        return Err(Error::PriceChanged.into());
    }
    let card = match confirmation.card {
        Card::Approve => APPROVE,
        Card::Decline => DECLINE,
        Card::Silent => SILENT,
    };
    let paid = pay(&shop, &id, &key.0, card).await?;
    Ok(Json(told(&shop, &id, paid).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Deposit {
    /// The code of the bank to pay in at.
    bank: String,
    /// Where the money goes if it has to go back.
    refund_to: RefundTo,
    /// What the buyer was shown; another amount is refused.
    amount_won: Won,
    /// The number a cash receipt is wanted on, if one is.
    #[serde(default)]
    cash_receipt: String,
}

/// Pay by a deposit: opens an account for it, and holds the goods until its time is up.
#[utoipa::path(post, path = "/api/v1/payments/{payment}/deposit-account", tag = "shop",
    params(("payment" = IntentId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = PaymentBody), (status = "4XX", body = Problem)))]
async fn open_account(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<IntentId>,
    key: IdempotencyKey,
    Json(deposit): Json<Deposit>,
) -> Result<Response, Problem> {
    let (intent, _) = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    if deposit.amount_won != intent.amount_won {
        return Err(Error::PriceChanged.into());
    }
    let wanted = Wanted {
        bank: deposit.bank,
        refund_bank: deposit.refund_to.bank,
        refund_number: deposit.refund_to.number,
        refund_holder: deposit.refund_to.holder,
    };
    let (bank, to) = wanted.checked()?;
    set_cash_receipt(&shop, &id, &deposit.cash_receipt).await?;
    let paid = pay_by_account(&shop, &id, &key.0, &bank, to).await?;
    let body = told(&shop, &id, paid).await?;
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

/// The answer to a try: itself; or 409 while it, or another one, is still under way.
async fn told(shop: &Shop, id: &IntentId, paid: Paid) -> Result<PaymentBody, Error> {
    let is_running = match &paid.attempt {
        Some(attempt) => matches!(attempt.state, AttemptState::Started | AttemptState::Opened),
        None => matches!(paid.state, IntentState::Processing | IntentState::AwaitingDeposit),
    };
    if is_running {
        return Err(Error::StillRunning);
    }
    let attempt = match paid.attempt {
        Some(attempt) => Some(attempt),
        None => last_attempt(&shop.base.db, id).await?,
    };
    Ok(PaymentBody::of(find(&shop.base.db, id).await?, attempt))
}

/// Money on its way back.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Refund)]
struct RefundBody {
    id: RefundId,
    order_id: OrderId,
    amount_won: Won,
    reason: String,
    state: RefundState,
    /// The payment company's word, if it will not be done.
    failure: String,
    /// RFC 3339.
    created_at: String,
}

impl From<Refund> for RefundBody {
    fn from(refund: Refund) -> RefundBody {
        RefundBody {
            created_at: refund.created_at(),
            id: refund.id,
            order_id: refund.order_id,
            amount_won: refund.amount_won,
            reason: refund.reason,
            state: refund.state,
            failure: refund.failure,
        }
    }
}

#[derive(Deserialize)]
struct InStore {
    order: OrderId,
}

/// Give money of an order back, all that is left or a part.
///
/// The same `Idempotency-Key` is the same refund; with another body it is a 422.
#[utoipa::path(post, path = "/api/v1/stores/{store}/orders/{order}/refunds", tag = "shop",
    params(("store" = StoreId, Path), ("order" = OrderId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = RefundBody), (status = "4XX", body = Problem)))]
async fn give_back(
    State(shop): State<Shop>,
    seller: Seller,
    Path(InStore { order }): Path<InStore>,
    key: IdempotencyKey,
    Json(new): Json<NewRefund>,
) -> Result<Response, Problem> {
    let refund = refund::ask(&shop, &seller.store, &order, &key.0, new).await?;
    Ok((StatusCode::CREATED, axum::Json(RefundBody::from(refund))).into_response())
}

/// The refunds of an order.
#[derive(Serialize, utoipa::ToSchema)]
struct RefundList {
    items: Vec<RefundBody>,
}

/// The refunds of a store's order, oldest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/orders/{order}/refunds", tag = "shop",
    params(("store" = StoreId, Path), ("order" = OrderId, Path)),
    responses((status = 200, body = RefundList), (status = "4XX", body = Problem)))]
async fn all_refunds(
    State(shop): State<Shop>,
    seller: Seller,
    Path(InStore { order }): Path<InStore>,
) -> Result<Json<RefundList>, Problem> {
    order::of_store(&shop.base.db, &seller.store, &order).await?;
    let refunds = refund::of_order(&shop.base.db, &order).await?;
    Ok(Json(RefundList { items: refunds.into_iter().map(RefundBody::from).collect() }))
}

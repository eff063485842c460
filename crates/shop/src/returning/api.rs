//! Returns for programs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::{Won, clock};
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::Paging;
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::settle::{
    Answer, Dispatch, Goods, arrive, dispatch, exchange, pay_interest, refund, settle_answer, take_back,
};
use super::{
    Line, NewReturn, Postage, Reason, Return, ReturnId, ReturnState, Wish, ask, lines, list, of_buyer,
    of_order, of_store,
};
use crate::order::{self, OrderId};
use crate::payment::refund::RefundId;
use crate::shipment::api::ShipmentBody;
use crate::shipment::{NewShipment, send};
use crate::{Buyer, Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(of_buyers_order, create))
        .routes(routes!(one))
        .routes(routes!(keep))
        .routes(routes!(send_back))
        .routes(routes!(of_the_store))
        .routes(routes!(one_of_the_store))
        .routes(routes!(answer))
        .routes(routes!(arrived))
        .routes(routes!(give_back))
        .routes(routes!(give_again))
        .routes(routes!(send_again))
        .routes(routes!(interest_paid))
}

/// A return.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Return)]
struct ReturnBody {
    #[schema(value_type = String)]
    id: ReturnId,
    order_id: OrderId,
    state: ReturnState,
    wish: Wish,
    reason: Reason,
    words: String,
    postage: Postage,
    /// Why the seller said no; else empty.
    refusal: String,
    lines: Vec<Line>,
    /// The lines' share of what was paid.
    goods_won: Won,
    /// Of the delivery fee.
    delivery_won: Won,
    /// Taken off for the way back.
    fee_won: Won,
    /// What goes back.
    refund_won: Won,
    refund_id: Option<RefundId>,
    /// What went back in the end; less where something had gone back before.
    paid_won: Won,
    /// What the seller owes beside it when that was too late: 15 % a year.
    interest_won: Won,
    interest_is_paid: bool,
    carrier: String,
    number: String,
    /// RFC 3339.
    asked_at: String,
    /// Until when the seller answers, or gives the money back. RFC 3339.
    due_at: String,
    /// RFC 3339.
    settled_at: Option<String>,
}

impl ReturnBody {
    async fn of(shop: &Shop, back: Return) -> Result<ReturnBody, Error> {
        let lines = lines(&shop.base.db, &back.id).await?;
        Ok(ReturnBody {
            lines,
            asked_at: clock::at(back.asked_at_ms).to_string(),
            due_at: clock::at(back.due_at_ms).to_string(),
            settled_at: back.settled_at_ms.map(|ms| clock::at(ms).to_string()),
            interest_won: back.interest_at(shop.base.clock.now_ms()),
            interest_is_paid: back.interest_paid_at_ms.is_some(),
            id: back.id,
            order_id: back.order_id,
            state: back.state,
            wish: back.wish,
            reason: back.reason,
            words: back.words,
            postage: back.postage,
            refusal: back.refusal,
            goods_won: back.goods_won,
            delivery_won: back.delivery_won,
            fee_won: back.fee_won,
            refund_won: back.refund_won,
            refund_id: back.refund_id,
            paid_won: back.paid_won,
            carrier: back.carrier,
            number: back.number,
        })
    }
}

/// A page of returns.
#[derive(Serialize, utoipa::ToSchema)]
struct ReturnList {
    items: Vec<ReturnBody>,
    next_cursor: Option<String>,
}

/// The returns of one of the buyer's orders, oldest first.
#[utoipa::path(get, path = "/api/v1/orders/{order}/returns", tag = "shop", params(("order" = OrderId, Path)),
    responses((status = 200, body = ReturnList), (status = "4XX", body = Problem)))]
async fn of_buyers_order(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<OrderId>,
) -> Result<Json<ReturnList>, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let mut items = Vec::new();
    for back in of_order(&shop.base.db, &order.id).await? {
        items.push(ReturnBody::of(&shop, back).await?);
    }
    Ok(Json(ReturnList { items, next_cursor: None }))
}

/// Ask for goods to go back, for money or for the same goods again.
///
/// The same `Idempotency-Key` is the same return; with another body it is a 422.
#[utoipa::path(post, path = "/api/v1/orders/{order}/returns", tag = "shop",
    params(("order" = OrderId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ReturnBody), (status = "4XX", body = Problem)))]
async fn create(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<OrderId>,
    key: IdempotencyKey,
    Json(new): Json<NewReturn>,
) -> Result<Response, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    let back = ask(&shop, &order, &key.0, new).await?;
    let body = ReturnBody::of(&shop, back).await?;
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

async fn told_buyer(shop: &Shop, buyer: &Buyer, id: &ReturnId) -> Result<Json<ReturnBody>, Problem> {
    let back = of_buyer(&shop.base.db, &buyer.ids(), id).await?;
    Ok(Json(ReturnBody::of(shop, back).await?))
}

/// One of the buyer's returns.
#[utoipa::path(get, path = "/api/v1/returns/{return}", tag = "shop", params(("return" = String, Path)),
    responses((status = 200, body = ReturnBody), (status = "4XX", body = Problem)))]
async fn one(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReturnId>,
) -> Result<Json<ReturnBody>, Problem> {
    told_buyer(&shop, &buyer, &id).await
}

/// Keep the goods after all, before they are sent.
#[utoipa::path(post, path = "/api/v1/returns/{return}/taking-back", tag = "shop", params(("return" = String, Path)),
    responses((status = 200, body = ReturnBody), (status = "4XX", body = Problem)))]
async fn keep(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReturnId>,
) -> Result<Json<ReturnBody>, Problem> {
    let back = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    take_back(&shop, &back).await?;
    told_buyer(&shop, &buyer, &id).await
}

/// Say how the goods were sent back. Without a carrier they are brought to the stall.
#[utoipa::path(post, path = "/api/v1/returns/{return}/dispatch", tag = "shop", params(("return" = String, Path)),
    responses((status = 200, body = ReturnBody), (status = "4XX", body = Problem)))]
async fn send_back(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<ReturnId>,
    Json(how): Json<Dispatch>,
) -> Result<Json<ReturnBody>, Problem> {
    let back = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    dispatch(&shop, &back, &how).await?;
    told_buyer(&shop, &buyer, &id).await
}

/// A store's returns, newest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/returns", tag = "shop", params(("store" = StoreId, Path), Paging),
    responses((status = 200, body = ReturnList), (status = "4XX", body = Problem)))]
async fn of_the_store(
    State(shop): State<Shop>,
    seller: Seller,
    Query(paging): Query<Paging>,
) -> Result<Json<ReturnList>, Problem> {
    let limit = paging.limit();
    let rows = list(&shop.base.db, &seller.store, false, paging.after()?, limit + 1).await?;
    let listed = web::cursor::Listed::of(rows, limit, |row| (row.back.asked_at_ms, row.back.id.to_string()));
    let mut items = Vec::with_capacity(listed.items.len());
    for row in listed.items {
        items.push(ReturnBody::of(&shop, row.back).await?);
    }
    Ok(Json(ReturnList { items, next_cursor: listed.next_cursor }))
}

#[derive(Deserialize)]
struct OfReturn {
    #[serde(rename = "return")]
    id: ReturnId,
}

async fn told(shop: &Shop, seller: &Seller, id: &ReturnId) -> Result<Json<ReturnBody>, Problem> {
    let back = of_store(&shop.base.db, &seller.store, id).await?;
    Ok(Json(ReturnBody::of(shop, back).await?))
}

/// One of the store's returns.
#[utoipa::path(get, path = "/api/v1/stores/{store}/returns/{return}", tag = "shop",
    params(("store" = StoreId, Path), ("return" = String, Path)),
    responses((status = 200, body = ReturnBody), (status = "4XX", body = Problem)))]
async fn one_of_the_store(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
) -> Result<Json<ReturnBody>, Problem> {
    told(&shop, &seller, &id).await
}

/// Say yes, or no with a reason.
#[utoipa::path(post, path = "/api/v1/stores/{store}/returns/{return}/answer", tag = "shop",
    params(("store" = StoreId, Path), ("return" = String, Path)),
    responses((status = 200, body = ReturnBody), (status = "4XX", body = Problem)))]
async fn answer(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
    Json(said): Json<Answer>,
) -> Result<Json<ReturnBody>, Problem> {
    settle_answer(&shop, &seller.store, &id, &said).await?;
    told(&shop, &seller, &id).await
}

/// What becomes of goods that came back.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ReturnArrival)]
struct Arrival {
    goods: Goods,
}

/// The goods are here: the clock of the refund begins.
#[utoipa::path(post, path = "/api/v1/stores/{store}/returns/{return}/arrival", tag = "shop",
    params(("store" = StoreId, Path), ("return" = String, Path)),
    responses((status = 200, body = ReturnBody), (status = "4XX", body = Problem)))]
async fn arrived(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
    Json(arrival): Json<Arrival>,
) -> Result<Json<ReturnBody>, Problem> {
    arrive(&shop, &seller.store, &id, arrival.goods).await?;
    told(&shop, &seller, &id).await
}

/// Give the money back: once, however often it is asked for.
#[utoipa::path(post, path = "/api/v1/stores/{store}/returns/{return}/refund", tag = "shop",
    params(("store" = StoreId, Path), ("return" = String, Path)),
    responses((status = 200, body = ReturnBody), (status = "4XX", body = Problem)))]
async fn give_back(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
) -> Result<Json<ReturnBody>, Problem> {
    refund(&shop, &seller.store, &id).await?;
    told(&shop, &seller, &id).await
}

/// Give the same goods again, if they are there.
#[utoipa::path(post, path = "/api/v1/stores/{store}/returns/{return}/exchange", tag = "shop",
    params(("store" = StoreId, Path), ("return" = String, Path)),
    responses((status = 200, body = ReturnBody), (status = "4XX", body = Problem)))]
async fn give_again(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
) -> Result<Json<ReturnBody>, Problem> {
    exchange(&shop, &seller.store, &id).await?;
    told(&shop, &seller, &id).await
}

/// Send a parcel of an exchange.
#[utoipa::path(post, path = "/api/v1/stores/{store}/returns/{return}/shipments", tag = "shop",
    params(("store" = StoreId, Path), ("return" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ShipmentBody), (status = "4XX", body = Problem)))]
async fn send_again(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
    key: IdempotencyKey,
    Json(new): Json<NewShipment>,
) -> Result<Response, Problem> {
    let back = of_store(&shop.base.db, &seller.store, &id).await?;
    let sent = send(&shop, &seller.store, &back.order_id, Some(&id), &key.0, &new).await?;
    Ok((StatusCode::CREATED, axum::Json(ShipmentBody::from(sent))).into_response())
}

/// Say that the interest of a late refund was paid.
#[utoipa::path(post, path = "/api/v1/stores/{store}/returns/{return}/interest", tag = "shop",
    params(("store" = StoreId, Path), ("return" = String, Path)),
    responses((status = 200, body = ReturnBody), (status = "4XX", body = Problem)))]
async fn interest_paid(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfReturn { id }): Path<OfReturn>,
) -> Result<Json<ReturnBody>, Problem> {
    pay_interest(&shop, &seller.store, &id).await?;
    told(&shop, &seller, &id).await
}

//! Orders for programs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::{Won, clock};
use people::StoreId;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::{
    Asking, CanceledBy, Frozen, FulfilmentState, Line, MAX_LINES, NewLine, NewOrder, Order, OrderId,
    OrderState, PaymentState, Placed, cancel as call_off, discounts, intent_of, lines, list, of_buyer, place,
    quote,
};
use crate::delivery::{HandOver, Recipient};
use crate::discount::{Cut, Priced};
use crate::payment::IntentId;
use crate::{Buyer, Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(create, all))
        .routes(routes!(one))
        .routes(routes!(cancel))
        .routes(routes!(price))
}

/// An order as its buyer sees it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderBody {
    id: OrderId,
    store_id: StoreId,
    /// The checkout it was placed in, when it was placed with orders of other stores.
    checkout_id: Option<OrderId>,
    /// What people call it.
    number: String,
    order_state: OrderState,
    payment_state: PaymentState,
    fulfilment_state: FulfilmentState,
    hand_over: HandOver,
    #[serde(flatten)]
    to: Recipient,
    goods_won: Won,
    /// What is off the goods.
    discount_won: Won,
    delivery_won: Won,
    total_won: Won,
    /// What was taken off, by name; off the delivery too.
    discounts: Vec<Cut>,
    /// Read out at the stall; empty for a parcel.
    pickup_code: String,
    tracking: String,
    /// What it is paid by: `POST /api/v1/payments/{payment_id}/confirmation`.
    payment_id: IntentId,
    lines: Vec<Line>,
    /// RFC 3339.
    placed_at: String,
    /// Until when the goods are held. RFC 3339.
    expires_at: String,
}

impl OrderBody {
    pub(crate) async fn of(shop: &Shop, order: Order) -> Result<OrderBody, Error> {
        let lines = lines(&shop.base.db, &order.id).await?;
        let discounts = discounts(&shop.base.db, &order).await?;
        let payment_id = intent_of(&shop.base.db, &order.id).await?;
        Ok(OrderBody::made(order, lines, discounts, payment_id))
    }

    /// The order as it was placed: what was written just now is not read again.
    async fn placed(shop: &Shop, buyer: &Buyer, placed: Placed) -> Result<OrderBody, Error> {
        match placed.frozen {
            Some(frozen) => {
                let Frozen { order, lines, discounts, intent, .. } = &*frozen;
                Ok(OrderBody::made(order.clone(), lines.clone(), discounts.clone(), intent.clone()))
            }
            None => OrderBody::of(shop, of_buyer(&shop.base.db, &buyer.ids(), &placed.order).await?).await,
        }
    }

    fn made(order: Order, lines: Vec<Line>, discounts: Vec<Cut>, payment_id: IntentId) -> OrderBody {
        // The code proves that the money is here; before that it says nothing.
        let pickup_code = if order.is_paid() { order.pickup_code } else { String::new() };
        OrderBody {
            id: order.id,
            store_id: order.store_id,
            checkout_id: order.checkout_id,
            number: order.number,
            order_state: order.order_state,
            payment_state: order.payment_state,
            fulfilment_state: order.fulfilment_state,
            hand_over: order.hand_over,
            to: order.to,
            goods_won: order.goods_won,
            discount_won: order.discount_won,
            discounts,
            delivery_won: order.delivery_won,
            total_won: order.total_won,
            pickup_code,
            tracking: order.tracking,
            payment_id,
            lines,
            placed_at: clock::at(order.placed_at_ms).to_string(),
            expires_at: clock::at(order.expires_at_ms).to_string(),
        }
    }
}

/// Order from one store.
///
/// Holds the goods for ten minutes. The same `Idempotency-Key` gives the same order.
#[utoipa::path(post, path = "/api/v1/orders", tag = "shop", params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = OrderBody), (status = "4XX", body = Problem)))]
async fn create(
    State(shop): State<Shop>,
    buyer: Buyer,
    key: IdempotencyKey,
    Json(wanted): Json<NewOrder>,
) -> Result<Response, Problem> {
    let placed = place(&shop, &buyer, &key.0, wanted).await?;
    let body = OrderBody::placed(&shop, &buyer, placed).await?;
    Ok(buyer.remember((StatusCode::CREATED, axum::Json(body)).into_response()))
}

/// What a price is asked for.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct NewQuote {
    /// All lines are of one store.
    lines: Vec<NewLine>,
    /// The show it would be bought from.
    broadcast: Option<String>,
    /// A coupon's code, as it was typed.
    coupon: Option<String>,
}

/// What an order would come to now. It promises nothing; ordering does.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Quote)]
struct QuoteBody {
    store_id: StoreId,
    /// Absent where it is not offered.
    parcel: Option<PriceBody>,
    pickup: Option<PriceBody>,
}

/// The price of one way of handing over.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Price)]
struct PriceBody {
    goods_won: Won,
    /// What is off the goods.
    discount_won: Won,
    /// What is left of the fee.
    delivery_won: Won,
    /// What an order is charged; send it back as `expected_total_won`.
    total_won: Won,
    /// What was taken off, by name; off the delivery too.
    discounts: Vec<Cut>,
}

impl From<&Priced> for PriceBody {
    fn from(priced: &Priced) -> PriceBody {
        PriceBody {
            goods_won: priced.goods_won,
            discount_won: priced.discount_won,
            delivery_won: priced.delivery_won,
            total_won: priced.total(),
            discounts: priced.cuts.clone(),
        }
    }
}

/// Ask what an order would come to, with a coupon or without.
///
/// A coupon that does not count is a 409 that says why.
#[utoipa::path(post, path = "/api/v1/quotes", tag = "shop", request_body = NewQuote,
    responses((status = 200, body = QuoteBody), (status = "4XX", body = Problem)))]
async fn price(
    State(shop): State<Shop>,
    buyer: Buyer,
    Json(wanted): Json<NewQuote>,
) -> Result<Response, Problem> {
    let (broadcast, coupon) = (wanted.broadcast.as_deref(), wanted.coupon.as_deref());
    if wanted.lines.len() > MAX_LINES {
        return Err(Error::Invalid(vec![("lines".to_owned(), "too-many")]).into());
    }
    let quote = quote(&shop, &buyer, Asking { lines: &wanted.lines, broadcast, coupon }).await?;
    if let Some(fault) = quote.coupon_fault() {
        return Err(Error::Coupon(fault).into());
    }
    let body = QuoteBody {
        parcel: quote.way(HandOver::Parcel).map(PriceBody::from),
        pickup: quote.way(HandOver::Pickup).map(PriceBody::from),
        store_id: quote.store,
    };
    Ok(buyer.remember(axum::Json(body).into_response()))
}

/// A page of the buyer's orders.
#[derive(Serialize, utoipa::ToSchema)]
struct OrderList {
    items: Vec<OrderBody>,
    next_cursor: Option<String>,
}

/// The buyer's orders, newest first.
#[utoipa::path(get, path = "/api/v1/orders", tag = "shop", params(Paging),
    responses((status = 200, body = OrderList), (status = "4XX", body = Problem)))]
async fn all(
    State(shop): State<Shop>,
    buyer: Buyer,
    Query(paging): Query<Paging>,
) -> Result<Json<OrderList>, Problem> {
    let limit = paging.limit();
    let rows = list(&shop.base.db, &buyer.ids(), paging.after()?, limit + 1).await?;
    let listed = Listed::of(rows, limit, |row| (row.order.placed_at_ms, row.order.id.to_string()));
    let mut items = Vec::with_capacity(listed.items.len());
    for row in listed.items {
        items.push(OrderBody::of(&shop, row.order).await?);
    }
    Ok(Json(OrderList { items, next_cursor: listed.next_cursor }))
}

/// One of the buyer's orders.
#[utoipa::path(get, path = "/api/v1/orders/{order}", tag = "shop", params(("order" = OrderId, Path)),
    responses((status = 200, body = OrderBody), (status = "4XX", body = Problem)))]
async fn one(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderBody>, Problem> {
    let order = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    Ok(Json(OrderBody::of(&shop, order).await?))
}

/// Call an order off before anybody prepares it.
#[utoipa::path(post, path = "/api/v1/orders/{order}/cancellation", tag = "shop", params(("order" = OrderId, Path)),
    responses((status = 200, body = OrderBody), (status = "4XX", body = Problem)))]
async fn cancel(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderBody>, Problem> {
    let order = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    call_off(&shop, &order, CanceledBy::Buyer).await?;
    let order = of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    Ok(Json(OrderBody::of(&shop, order).await?))
}

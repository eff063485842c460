//! Checkouts for programs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::Won;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{IdempotencyKey, Json, Path, Problem};

use super::{due, parts};
use crate::order::api::OrderBody;
use crate::order::{self, NewOrder, OrderId};
use crate::{Buyer, Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(one))
}

/// Orders of several stores that are placed together: all of them, or none.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct NewCheckout {
    /// One for each store, twenty at most.
    orders: Vec<NewOrder>,
}

/// Orders that were placed together.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Checkout)]
struct CheckoutBody {
    /// Names the checkout: the id of its first order.
    id: OrderId,
    /// What is still to be paid, over all stores. Each is paid by itself, through its `payment_id`.
    due_won: Won,
    orders: Vec<OrderBody>,
}

impl CheckoutBody {
    async fn of(shop: &Shop, buyer: &Buyer, id: OrderId) -> Result<CheckoutBody, Error> {
        let parts = parts(&shop.base.db, &buyer.ids(), &id).await?;
        let due_won = due(&parts);
        let mut orders = Vec::with_capacity(parts.len());
        for part in parts {
            orders.push(OrderBody::of(shop, part.summary.order).await?);
        }
        Ok(CheckoutBody { id, due_won, orders })
    }
}

/// Order from several stores at once.
///
/// Holds the goods of all of them for ten minutes, or of none: a refusal names the order as a field, `orders.0`. The same
/// `Idempotency-Key` gives the same orders. A single order belongs to `POST /api/v1/orders`.
#[utoipa::path(post, path = "/api/v1/checkouts", tag = "shop", params(("Idempotency-Key" = String, Header)),
    request_body = NewCheckout,
    responses((status = 201, body = CheckoutBody), (status = "4XX", body = Problem)))]
async fn create(
    State(shop): State<Shop>,
    buyer: Buyer,
    key: IdempotencyKey,
    Json(wanted): Json<NewCheckout>,
) -> Result<Response, Problem> {
    if wanted.orders.len() < 2 {
        return Err(Error::Invalid(vec![("orders".to_owned(), "two-stores")]).into());
    }
    let placed = order::place_all(&shop, &buyer, &key.0, wanted.orders).await;
    let placed = placed.map_err(|refused| {
        Problem::from(refused.error).field(format!("orders.{}", refused.at), "order-refused")
    })?;
    let first = placed.into_iter().next().ok_or(Error::CartEmpty)?;
    let body = CheckoutBody::of(&shop, &buyer, first.order).await?;
    Ok(buyer.remember((StatusCode::CREATED, axum::Json(body)).into_response()))
}

/// Orders that were placed together, and what is still to be paid.
#[utoipa::path(get, path = "/api/v1/checkouts/{checkout}", tag = "shop", params(("checkout" = OrderId, Path)),
    responses((status = 200, body = CheckoutBody), (status = "4XX", body = Problem)))]
async fn one(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<OrderId>,
) -> Result<Json<CheckoutBody>, Problem> {
    Ok(Json(CheckoutBody::of(&shop, &buyer, id).await?))
}

//! Handing over, for programs.

use axum::extract::State;
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Path, Problem};

use super::{give_up, hand_over, read};
use crate::counter::paid;
use crate::order::{FulfilmentState, OrderId, OrderState};
use crate::{Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(give)).routes(routes!(give_order_up))
}

/// Which order changes hands: by what the buyer's picture says, or by its id.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NewHandover)]
enum Given {
    /// What the picture says.
    Token(String),
    /// What the moving picture of an order says that was paid with the goods in hand.
    Proof(String),
    OrderId(OrderId),
}

/// Goods that changed hands.
#[derive(Serialize, utoipa::ToSchema)]
struct Handover {
    order_id: OrderId,
    number: String,
    order_state: OrderState,
    fulfilment_state: FulfilmentState,
}

/// Hand a paid pickup over: once. Another store's, an unpaid one and one that was fetched are refused.
#[utoipa::path(post, path = "/api/v1/stores/{store}/handovers", tag = "shop", params(("store" = StoreId, Path)),
    responses((status = 200, body = Handover), (status = "4XX", body = Problem)))]
async fn give(
    State(shop): State<Shop>,
    seller: Seller,
    Json(given): Json<Given>,
) -> Result<Json<Handover>, Problem> {
    let id = match given {
        Given::OrderId(id) => id,
        Given::Proof(token) => paid::check(&shop, &seller.store, &token).await?.id,
        Given::Token(token) => {
            let order = read(&shop, &token).await?.ok_or(Error::NotOurCode)?;
            if order.store_id != seller.store {
                return Err(Problem::not_found());
            }
            order.id
        }
    };
    let order = hand_over(&shop, &seller.store, &id).await?;
    Ok(Json(Handover {
        order_id: order.id,
        number: order.number,
        order_state: order.order_state,
        fulfilment_state: order.fulfilment_state,
    }))
}

#[derive(Deserialize)]
struct OfOrder {
    order: OrderId,
}

/// Call a pickup off that nobody fetched by its day: the goods are on the stall again, and the money goes back.
#[utoipa::path(post, path = "/api/v1/stores/{store}/orders/{order}/giving-up", tag = "shop",
    params(("store" = StoreId, Path), ("order" = OrderId, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn give_order_up(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfOrder { order }): Path<OfOrder>,
) -> Result<axum::http::StatusCode, Problem> {
    give_up(&shop, &seller.store, &order).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

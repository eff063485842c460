//! Reasons for programs.

use axum::extract::State;
use axum::http::StatusCode;
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Path, Problem};

use super::{Reason, Shares, shares, tell};
use crate::order::{self, OrderId};
use crate::{Buyer, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(say)).routes(routes!(of_the_store))
}

/// Why it was bought.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = BuyingReasonBody)]
struct Said {
    reason: Reason,
}

/// Say why this order was placed: one answer, which may be changed.
#[utoipa::path(put, path = "/api/v1/orders/{order}/reason", tag = "shop", params(("order" = OrderId, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn say(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<OrderId>,
    Json(Said { reason }): Json<Said>,
) -> Result<StatusCode, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    tell(&shop, &order, reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why the store's customers bought, once five have said so.
#[utoipa::path(get, path = "/api/v1/stores/{store}/reasons", tag = "shop", params(("store" = StoreId, Path)),
    responses((status = 200, body = Shares), (status = "4XX", body = Problem)))]
async fn of_the_store(State(shop): State<Shop>, seller: Seller) -> Result<Json<Shares>, Problem> {
    Ok(Json(shares(&shop.base.db, &seller.store).await?))
}

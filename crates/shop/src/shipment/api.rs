//! Parcels for programs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base::clock;
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{IdempotencyKey, Json, Path, Problem};

use super::{NewShipment, Shipment, ShipmentId, ShipmentState, of_order, receive, remove, send};
use crate::carrier::{self, Carrier};
use crate::order::{self, OrderId};
use crate::returning::ReturnId;
use crate::{Buyer, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(carriers))
        .routes(routes!(of_buyers_order))
        .routes(routes!(received))
        .routes(routes!(of_stores_order, create))
        .routes(routes!(take_back))
}

/// A parcel.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Shipment)]
pub(crate) struct ShipmentBody {
    #[schema(value_type = String)]
    id: ShipmentId,
    order_id: OrderId,
    /// The return whose exchange it is.
    #[schema(value_type = Option<String>)]
    return_id: Option<ReturnId>,
    /// `slug` of a carrier.
    carrier: String,
    number: String,
    state: ShipmentState,
    /// The furthest it was seen, as Sweettracker counts: 0 to 6.
    level: i64,
    /// Where it was last seen; often empty.
    place: String,
    /// The carrier's own page about it.
    page: String,
    /// The tracking service does not know the number, or not yet.
    is_doubted: bool,
    /// RFC 3339.
    sent_at: String,
    /// RFC 3339.
    delivered_at: Option<String>,
}

impl From<Shipment> for ShipmentBody {
    fn from(parcel: Shipment) -> ShipmentBody {
        ShipmentBody {
            state: parcel.state(),
            page: parcel.page(),
            is_doubted: parcel.is_doubted(),
            sent_at: clock::at(parcel.sent_at_ms).to_string(),
            delivered_at: parcel.delivered_at_ms.map(|ms| clock::at(ms).to_string()),
            id: parcel.id,
            order_id: parcel.order_id,
            return_id: parcel.return_id,
            carrier: parcel.carrier,
            number: parcel.number,
            level: parcel.level,
            place: parcel.seen_place,
        }
    }
}

/// The parcels of an order, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
struct ShipmentList {
    items: Vec<ShipmentBody>,
}

/// The carriers.
#[derive(Serialize, utoipa::ToSchema)]
struct CarrierList {
    items: Vec<Carrier>,
}

/// Who brings parcels, in the order in which they are offered.
#[utoipa::path(get, path = "/api/v1/carriers", tag = "shop", responses((status = 200, body = CarrierList)))]
async fn carriers() -> Json<CarrierList> {
    Json(CarrierList { items: carrier::ALL.to_vec() })
}

async fn listed(shop: &Shop, order: &OrderId) -> Result<Json<ShipmentList>, Problem> {
    let parcels = of_order(&shop.base.db, order).await?;
    Ok(Json(ShipmentList { items: parcels.into_iter().map(ShipmentBody::from).collect() }))
}

/// The parcels of one of the buyer's orders.
#[utoipa::path(get, path = "/api/v1/orders/{order}/shipments", tag = "shop", params(("order" = OrderId, Path)),
    responses((status = 200, body = ShipmentList), (status = "4XX", body = Problem)))]
async fn of_buyers_order(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<OrderId>,
) -> Result<Json<ShipmentList>, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    listed(&shop, &order.id).await
}

/// Say that everything is there: the order is completed, and the clocks begin.
#[utoipa::path(post, path = "/api/v1/orders/{order}/receipt", tag = "shop", params(("order" = OrderId, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn received(
    State(shop): State<Shop>,
    buyer: Buyer,
    Path(id): Path<OrderId>,
) -> Result<StatusCode, Problem> {
    let order = order::of_buyer(&shop.base.db, &buyer.ids(), &id).await?;
    receive(&shop, &order).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct OfOrder {
    order: OrderId,
}

/// The parcels of a store's order.
#[utoipa::path(get, path = "/api/v1/stores/{store}/orders/{order}/shipments", tag = "shop",
    params(("store" = StoreId, Path), ("order" = OrderId, Path)),
    responses((status = 200, body = ShipmentList), (status = "4XX", body = Problem)))]
async fn of_stores_order(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfOrder { order }): Path<OfOrder>,
) -> Result<Json<ShipmentList>, Problem> {
    let order = order::of_store(&shop.base.db, &seller.store, &order).await?;
    listed(&shop, &order.id).await
}

/// Send a parcel of an order. With its first the order is sent.
///
/// The same `Idempotency-Key` is the same parcel; with another body it is a 422.
#[utoipa::path(post, path = "/api/v1/stores/{store}/orders/{order}/shipments", tag = "shop",
    params(("store" = StoreId, Path), ("order" = OrderId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = ShipmentBody), (status = "4XX", body = Problem)))]
async fn create(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfOrder { order }): Path<OfOrder>,
    key: IdempotencyKey,
    Json(new): Json<NewShipment>,
) -> Result<Response, Problem> {
    let sent = send(&shop, &seller.store, &order, None, &key.0, &new).await?;
    Ok((StatusCode::CREATED, axum::Json(ShipmentBody::from(sent))).into_response())
}

#[derive(Deserialize)]
struct OfShipment {
    shipment: ShipmentId,
}

/// Take a parcel back whose number was wrong. With its last parcel the order is at the stall again.
#[utoipa::path(post, path = "/api/v1/stores/{store}/shipments/{shipment}/removal", tag = "shop",
    params(("store" = StoreId, Path), ("shipment" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn take_back(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfShipment { shipment }): Path<OfShipment>,
) -> Result<StatusCode, Problem> {
    remove(&shop, &seller.store, &shipment).await?;
    Ok(StatusCode::NO_CONTENT)
}

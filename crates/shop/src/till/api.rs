//! The till, for programs, and for the till's own page.

use axum::extract::State;
use axum::http::StatusCode;
use base::{Won, clock};
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::goods::{self, Good};
use super::over::{self, Found, Over, OverId};
use super::{NewSale, Sale, Tender, barcode, list, sell, void};
use crate::Shop;
use crate::order::OrderId;
use crate::product::VariantId;

pub(super) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(shown))
        .routes(routes!(sold, make))
        .routes(routes!(call_off))
        .routes(routes!(teach))
        .routes(routes!(overs))
        .routes(routes!(answer))
}

/// What lies on the till.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Till)]
struct Shown {
    goods: Vec<Good>,
    /// When it was so, RFC 3339.
    at: String,
}

/// What a store's till sells now, with what is left of each and how many more may be sold without a line.
#[utoipa::path(get, path = "/api/v1/stores/{store}/till", tag = "shop", params(("store" = StoreId, Path)),
    responses((status = 200, body = Shown), (status = "4XX", body = Problem)))]
async fn shown(State(shop): State<Shop>, seller: Seller) -> Result<Json<Shown>, Problem> {
    let goods = goods::of_store(&shop.base.db, &seller.store).await?;
    Ok(Json(Shown { goods, at: clock::at(shop.base.clock.now_ms()).to_string() }))
}

/// A sale at the till.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TillSale)]
struct Body {
    order_id: OrderId,
    /// What people call it, and the number of its receipt.
    number: String,
    tender: Tender,
    total_won: Won,
    received_won: Won,
    /// What goes back to the buyer.
    change_won: Won,
    approval: String,
    /// Whether it was sold while the line was down.
    offline: bool,
    /// Pieces of it that somebody has to settle by hand.
    over: i64,
    /// RFC 3339.
    sold_at: String,
    /// RFC 3339; absent while it stands.
    voided_at: Option<String>,
    void_reason: String,
}

impl From<Sale> for Body {
    fn from(sale: Sale) -> Body {
        Body {
            change_won: sale.change(),
            order_id: sale.order_id,
            number: sale.number,
            tender: sale.tender,
            total_won: sale.total_won,
            received_won: sale.received_won,
            approval: sale.approval,
            offline: sale.offline,
            over: sale.over,
            sold_at: clock::at(sale.sold_at_ms).to_string(),
            voided_at: sale.voided_at_ms.map(|at| clock::at(at).to_string()),
            void_reason: sale.void_reason,
        }
    }
}

/// A page of sales.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TillSaleList)]
struct Sales {
    items: Vec<Body>,
    next_cursor: Option<String>,
}

/// What was sold at a store's till, newest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/till/sales", tag = "shop",
    params(("store" = StoreId, Path), Paging),
    responses((status = 200, body = Sales), (status = "4XX", body = Problem)))]
async fn sold(
    State(shop): State<Shop>,
    seller: Seller,
    Query(paging): Query<Paging>,
) -> Result<Json<Sales>, Problem> {
    let limit = paging.limit();
    let rows = list(&shop.base.db, &seller.store, paging.after()?, limit + 1).await?;
    let listed = Listed::of(rows, limit, |sale| (sale.recorded_at_ms, sale.order_id.to_string()));
    Ok(Json(Sales {
        items: listed.items.into_iter().map(Body::from).collect(),
        next_cursor: listed.next_cursor,
    }))
}

/// Write a sale down. The key is made by the till: the same key is the same sale.
///
/// A sale of a moment when the line was down (`offline`) has happened and is always written; pieces that the stock did
/// not have by then are told in `over`.
#[utoipa::path(post, path = "/api/v1/stores/{store}/till/sales", tag = "shop",
    params(("store" = StoreId, Path), ("Idempotency-Key" = String, Header)), request_body = NewSale,
    responses((status = 201, body = Body), (status = "4XX", body = Problem)))]
async fn make(
    State(shop): State<Shop>,
    seller: Seller,
    key: IdempotencyKey,
    Json(new): Json<NewSale>,
) -> Result<(StatusCode, Json<Body>), Problem> {
    let sale = sell(&shop, &seller.store, &seller.person.id, &key.0, new).await?;
    Ok((StatusCode::CREATED, Json(sale.into())))
}

#[derive(Deserialize)]
struct OfSale {
    order: OrderId,
}

/// Why a sale is called off.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewVoiding)]
struct Why {
    /// At most 100 characters.
    reason: String,
}

/// Call a sale off: the goods are on the stall again, and what was paid is handed back. Twice changes nothing.
#[utoipa::path(post, path = "/api/v1/stores/{store}/till/sales/{order}/voiding", tag = "shop",
    params(("store" = StoreId, Path), ("order" = OrderId, Path)), request_body = Why,
    responses((status = 200, body = Body), (status = "4XX", body = Problem)))]
async fn call_off(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfSale { order }): Path<OfSale>,
    Json(Why { reason }): Json<Why>,
) -> Result<Json<Body>, Problem> {
    let sale = void(&shop, &seller.store, &seller.person.id, &order, &reason).await?;
    Ok(Json(sale.into()))
}

/// Stripes on a packet, and the goods in it.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewBarcode)]
struct Taught {
    /// 3 to 48 letters and digits.
    code: String,
    variant_id: VariantId,
}

/// Teach the till a barcode; one that it knew leads to these goods from now on.
#[utoipa::path(put, path = "/api/v1/stores/{store}/till/barcodes", tag = "shop",
    params(("store" = StoreId, Path)), request_body = Taught,
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn teach(
    State(shop): State<Shop>,
    seller: Seller,
    Json(taught): Json<Taught>,
) -> Result<StatusCode, Problem> {
    barcode::teach(&shop, &seller.store, &taught.code, &taught.variant_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pieces that somebody has to settle by hand.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TillOverList)]
struct Overs {
    items: Vec<Over>,
}

/// What was sold beyond the stock while the line was down and waits to be settled, oldest first; at most 100.
#[utoipa::path(get, path = "/api/v1/stores/{store}/till/overs", tag = "shop", params(("store" = StoreId, Path)),
    responses((status = 200, body = Overs), (status = "4XX", body = Problem)))]
async fn overs(State(shop): State<Shop>, seller: Seller) -> Result<Json<Overs>, Problem> {
    Ok(Json(Overs { items: over::open(&shop.base.db, &seller.store).await? }))
}

#[derive(Deserialize)]
struct OfOver {
    over: OverId,
}

/// What somebody found.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewOverAnswer)]
struct Answered {
    found: Found,
}

/// Settle pieces that were sold beyond the stock: they are there after all, or they are missing.
#[utoipa::path(post, path = "/api/v1/stores/{store}/till/overs/{over}/settling", tag = "shop",
    params(("store" = StoreId, Path), ("over" = OverId, Path)), request_body = Answered,
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn answer(
    State(shop): State<Shop>,
    seller: Seller,
    Path(OfOver { over: id }): Path<OfOver>,
    Json(Answered { found }): Json<Answered>,
) -> Result<StatusCode, Problem> {
    over::settle(&shop, &seller.store, &seller.person.id, &id, found).await?;
    Ok(StatusCode::NO_CONTENT)
}

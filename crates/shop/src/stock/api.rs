//! The stock ledger for programs.

use axum::extract::State;
use axum::http::StatusCode;
use people::{Seller, StoreId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::MovementId;
use super::ledger::{self, Change, Movement, Row};
use crate::Shop;
use crate::product::VariantId;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(levels)).routes(routes!(movements, write)).routes(routes!(undo))
}

#[derive(Deserialize)]
struct Named {
    variant: VariantId,
}

#[derive(Deserialize)]
struct Written {
    movement: MovementId,
}

/// What is on hand and promised of every variant, least left first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/stock", tag = "shop",
    params(("store" = StoreId, Path), Paging),
    responses((status = 200, body = Listed<Row>), (status = "4XX", body = Problem)))]
async fn levels(
    seller: Seller,
    State(shop): State<Shop>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<Row>>, Problem> {
    let limit = paging.limit();
    let rows = ledger::rows(&shop.base.db, &seller.store, false, paging.after()?, limit + 1).await?;
    Ok(Json(Listed::of(rows, limit, |row| (row.left(), row.variant_id.to_string()))))
}

/// The ledger of a variant, newest first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/stock/{variant}/movements", tag = "shop",
    params(("store" = StoreId, Path), ("variant" = VariantId, Path), Paging),
    responses((status = 200, body = Listed<Movement>), (status = "4XX", body = Problem)))]
async fn movements(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { variant }): Path<Named>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<Movement>>, Problem> {
    let (db, limit) = (&shop.base.db, paging.limit());
    ledger::row(db, &seller.store, &variant).await?;
    let found = ledger::movements(db, &seller.store, &variant, paging.after()?, limit + 1).await?;
    Ok(Json(Listed::of(found, limit, |movement| (movement.at_ms, movement.id.to_string()))))
}

/// Receive, count or write off.
///
/// The same `Idempotency-Key` gives the same movement. Never less than is promised to buyers.
#[utoipa::path(post, path = "/api/v1/stores/{store}/stock/{variant}/movements", tag = "shop",
    params(("store" = StoreId, Path), ("variant" = VariantId, Path), ("Idempotency-Key" = String, Header)),
    request_body = Change,
    responses((status = 201, body = Movement), (status = "4XX", body = Problem)))]
async fn write(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { variant }): Path<Named>,
    key: IdempotencyKey,
    Json(change): Json<Change>,
) -> Result<(StatusCode, Json<Movement>), Problem> {
    let made = ledger::change(&shop, &seller.store, &seller.person.id, &variant, &key.0, &change).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Take back a movement made by hand in the last ten minutes, by another movement.
#[utoipa::path(post, path = "/api/v1/stores/{store}/stock-movements/{movement}/undo", tag = "shop",
    params(("store" = StoreId, Path), ("movement" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn undo(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Written { movement }): Path<Written>,
) -> Result<StatusCode, Problem> {
    ledger::take_back(&shop, &seller.store, &seller.person.id, &movement).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Opening hours for programs.

use axum::extract::State;
use people::{MaybePerson, Seller, StoreId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Path, Problem};

use super::{Hours, change, of};
use crate::store::api::is_theirs;
use crate::{Shop, store};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(read, replace))
}

/// When a store is open, and where it stands.
#[utoipa::path(get, path = "/api/v1/stores/{store}/hours", tag = "shop", params(("store" = StoreId, Path)),
    responses((status = 200, body = Hours), (status = "4XX", body = Problem)))]
async fn read(
    State(shop): State<Shop>,
    MaybePerson(person): MaybePerson,
    Path(id): Path<StoreId>,
) -> Result<Json<Hours>, Problem> {
    let store = store::find(&shop.base.db, &id).await?;
    if !store.listed && !is_theirs(&shop, person.as_ref(), &id).await? {
        return Err(Problem::not_found());
    }
    Ok(Json(of(&shop.base.db, &id).await?))
}

/// Say when the store is open, and where it stands.
#[utoipa::path(put, path = "/api/v1/stores/{store}/hours", tag = "shop", params(("store" = StoreId, Path)),
    responses((status = 200, body = Hours), (status = "4XX", body = Problem)))]
async fn replace(
    State(shop): State<Shop>,
    seller: Seller,
    Json(hours): Json<Hours>,
) -> Result<Json<Hours>, Problem> {
    Ok(Json(change(&shop, &seller.store, hours).await?))
}

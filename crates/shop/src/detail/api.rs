//! Detail pages for programs.

use axum::extract::State;
use people::{MaybePerson, Seller};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Path, Problem};

use super::{Block, Detail, of_product, replace};
use crate::product::{self, ProductId};
use crate::store::api::is_theirs;
use crate::{Shop, store};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(read)).routes(routes!(lay_out))
}

/// A product's page as it is shown.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ShownDetailPage)]
struct DetailView {
    #[serde(flatten)]
    detail: Detail,
    /// Every block that may be seen, in order; one that has nothing to say is left out of the page.
    blocks: Vec<Block>,
    /// Which edition of its label is told; 0: none was kept.
    label_edition: i64,
}

impl DetailView {
    fn of((detail, label_edition): (Detail, i64)) -> DetailView {
        let blocks = detail.blocks().into_iter().filter(|block| detail.shows(*block)).collect();
        DetailView { detail, blocks, label_edition }
    }
}

/// The ids in the path.
#[derive(Deserialize)]
struct Named {
    product: ProductId,
}

/// How a product's page is laid out.
#[utoipa::path(get, path = "/api/v1/products/{product}/page", tag = "shop",
    params(("product" = String, Path, description = "The product's id")),
    responses((status = 200, body = DetailView), (status = "4XX", body = Problem)))]
async fn read(
    MaybePerson(person): MaybePerson,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
) -> Result<Json<DetailView>, Problem> {
    let db = &shop.base.db;
    let found = product::find(db, &product).await?;
    let store = store::find(db, &found.store_id).await?;
    let is_public = store.listed && found.removed_at_ms.is_none();
    if !is_public && !is_theirs(&shop, person.as_ref(), &store.id).await? {
        return Err(Problem::not_found());
    }
    Ok(Json(DetailView::of(of_product(db, &product).await?)))
}

/// Lay a product's page out, whole. It is shown at once, and a draft that lay on the desk is gone.
#[utoipa::path(put, path = "/api/v1/stores/{store}/products/{product}/page", tag = "shop", request_body = Detail,
    params(("store" = String, Path, description = "The store's id"),
        ("product" = String, Path, description = "The product's id")),
    responses((status = 200, body = DetailView), (status = "4XX", body = Problem)))]
async fn lay_out(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { product }): Path<Named>,
    Json(detail): Json<Detail>,
) -> Result<Json<DetailView>, Problem> {
    replace(&shop, &seller.store, &product, detail).await?;
    Ok(Json(DetailView::of(of_product(&shop.base.db, &product).await?)))
}

//! Follows for programs.

use axum::extract::State;
use people::{Person, Seller, StoreId};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Path, Problem};

use super::{Month, count, follow, is_followed, of_person, open_store, trend, unfollow};
use crate::text::Text;
use crate::{Error, Shop};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(mine)).routes(routes!(begin, end)).routes(routes!(of_the_store))
}

/// Whether a store is followed, and by how many.
#[derive(Serialize, utoipa::ToSchema)]
struct Follow {
    slug: String,
    name: Text,
    is_followed: bool,
    followers: i64,
}

/// The stores one follows.
#[derive(Serialize, utoipa::ToSchema)]
struct FollowList {
    items: Vec<Follow>,
    next_cursor: Option<String>,
}

/// How many follow a store.
#[derive(Serialize, utoipa::ToSchema)]
struct Followers {
    followers: i64,
    /// At the end of each of the last twelve months, the oldest first; of this month, now.
    months: Vec<Month>,
}

/// The stores one follows, the newest first.
#[utoipa::path(get, path = "/api/v1/follows", tag = "shop",
    responses((status = 200, body = FollowList), (status = "4XX", body = Problem)))]
async fn mine(State(shop): State<Shop>, person: Person) -> Result<Json<FollowList>, Problem> {
    let db = &shop.base.db;
    let mut items = Vec::new();
    for store in of_person(db, &person.id).await? {
        let followers = count(db, &store.id).await?;
        let name = Text::new(store.name, store.name_en);
        items.push(Follow { slug: store.slug, name, is_followed: true, followers });
    }
    Ok(Json(FollowList { items, next_cursor: None }))
}

async fn told(shop: &Shop, person: &Person, slug: &str) -> Result<Follow, Error> {
    let db = &shop.base.db;
    let store = open_store(db, slug).await?;
    Ok(Follow {
        is_followed: is_followed(db, &store.id, &person.id).await?,
        followers: count(db, &store.id).await?,
        slug: store.slug,
        name: Text::new(store.name, store.name_en),
    })
}

/// Follow a store. Twice is once.
#[utoipa::path(put, path = "/api/v1/follows/{slug}", tag = "shop", params(("slug" = String, Path)),
    responses((status = 200, body = Follow), (status = "4XX", body = Problem)))]
async fn begin(
    State(shop): State<Shop>,
    person: Person,
    Path(slug): Path<String>,
) -> Result<Json<Follow>, Problem> {
    let store = open_store(&shop.base.db, &slug).await?;
    follow(&shop, &person.id, &store.id).await?;
    Ok(Json(told(&shop, &person, &slug).await?))
}

/// Follow it no more.
#[utoipa::path(delete, path = "/api/v1/follows/{slug}", tag = "shop", params(("slug" = String, Path)),
    responses((status = 200, body = Follow), (status = "4XX", body = Problem)))]
async fn end(
    State(shop): State<Shop>,
    person: Person,
    Path(slug): Path<String>,
) -> Result<Json<Follow>, Problem> {
    let store = open_store(&shop.base.db, &slug).await?;
    unfollow(&shop, &person.id, &store.id).await?;
    Ok(Json(told(&shop, &person, &slug).await?))
}

/// How many follow the store, and how many did in the months before.
#[utoipa::path(get, path = "/api/v1/stores/{store}/followers", tag = "shop", params(("store" = StoreId, Path)),
    responses((status = 200, body = Followers), (status = "4XX", body = Problem)))]
async fn of_the_store(State(shop): State<Shop>, seller: Seller) -> Result<Json<Followers>, Problem> {
    let db = &shop.base.db;
    let months = trend(db, &seller.store, shop.base.clock.now_ms()).await?;
    Ok(Json(Followers { followers: count(db, &seller.store).await?, months }))
}

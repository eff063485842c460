//! Stores for programs.

use axum::extract::State;
use axum::http::StatusCode;
use people::{MaybePerson, Person, Seller, StoreId, member};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::{Identity, NewStore, Store, create, find, identify, listed};
use crate::photo::PhotoId;
use crate::text::Text;
use crate::{Error, Shop};
use base::Won;

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(list, open)).routes(routes!(read)).routes(routes!(change_identity))
}

/// A store as programs see it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Store)]
pub(crate) struct StoreView {
    pub id: StoreId,
    /// The end of its address: `/stores/{slug}`.
    pub slug: String,
    pub category: String,
    pub name: Text,
    pub line: Text,
    pub story: Text,
    pub pickup: Text,
    pub hours: Text,
    pub picture: Option<PhotoId>,
    pub identity: Identity,
    /// Whether the market shows it: only once its legal identity is whole.
    pub listed: bool,
    pub parcel_won: Won,
    pub parcel_cold_won: Won,
    pub parcel_free_from_won: Won,
    /// RFC 3339.
    pub created_at: String,
    #[serde(skip)]
    created_at_ms: i64,
}

impl From<Store> for StoreView {
    fn from(store: Store) -> StoreView {
        StoreView {
            id: store.id,
            slug: store.slug,
            category: store.category,
            name: Text::new(store.name, store.name_en),
            line: Text::new(store.line, store.line_en),
            story: Text::new(store.story, store.story_en),
            pickup: Text::new(store.pickup, store.pickup_en),
            hours: Text::new(store.hours, store.hours_en),
            picture: store.picture,
            identity: store.identity,
            listed: store.listed,
            parcel_won: store.parcel_won,
            parcel_cold_won: store.parcel_cold_won,
            parcel_free_from_won: store.parcel_free_from_won,
            created_at: base::clock::at(store.created_at_ms).to_string(),
            created_at_ms: store.created_at_ms,
        }
    }
}

/// The market's stalls, oldest first.
#[utoipa::path(get, path = "/api/v1/stores", tag = "shop", params(Paging),
    responses((status = 200, body = Listed<StoreView>), (status = "4XX", body = Problem)))]
async fn list(
    State(shop): State<Shop>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<StoreView>>, Problem> {
    let stores = listed(&shop.base.db, paging.after()?, paging.limit() + 1).await?;
    let views: Vec<StoreView> = stores.into_iter().map(StoreView::from).collect();
    Ok(Json(Listed::of(views, paging.limit(), |view| (view.created_at_ms, view.id.to_string()))))
}

/// Open a store.
///
/// It opens at once and is listed when its legal identity is whole.
#[utoipa::path(post, path = "/api/v1/stores", tag = "shop", request_body = NewStore,
    params(("Idempotency-Key" = String, Header, description = "The same key gives the same store")),
    responses((status = 201, body = StoreView), (status = "4XX", body = Problem)))]
async fn open(
    person: Person,
    State(shop): State<Shop>,
    key: IdempotencyKey,
    Json(new): Json<NewStore>,
) -> Result<(StatusCode, Json<StoreView>), Problem> {
    let (name, category) = (new.name.ko.trim().to_owned(), new.category.clone());
    let store = create(&shop, &person.id, &key.0, new).await?;
    if store.name != name || store.category != category {
        return Err(Error::KeyReused.into());
    }
    Ok((StatusCode::CREATED, Json(store.into())))
}

/// The store in the path.
#[derive(serde::Deserialize)]
struct Named {
    store: StoreId,
}

/// A store. One that is not listed is there for its own people only.
#[utoipa::path(get, path = "/api/v1/stores/{store}", tag = "shop",
    params(("store" = String, Path, description = "The store's id")),
    responses((status = 200, body = StoreView), (status = "4XX", body = Problem)))]
async fn read(
    MaybePerson(person): MaybePerson,
    State(shop): State<Shop>,
    Path(Named { store }): Path<Named>,
) -> Result<Json<StoreView>, Problem> {
    let store = find(&shop.base.db, &store).await?;
    if store.listed || is_theirs(&shop, person.as_ref(), &store.id).await? {
        Ok(Json(store.into()))
    } else {
        Err(Problem::not_found())
    }
}

/// Whether somebody works in a store.
pub(crate) async fn is_theirs(
    shop: &Shop,
    person: Option<&Person>,
    store: &StoreId,
) -> Result<bool, Problem> {
    let Some(person) = person else { return Ok(false) };
    member::is_member(&shop.base.db, &person.id, store).await.map_err(Problem::internal)
}

/// Say who sells, by law.
#[utoipa::path(put, path = "/api/v1/stores/{store}/identity", tag = "shop", request_body = Identity,
    params(("store" = String, Path, description = "The store's id")),
    responses((status = 200, body = StoreView), (status = "4XX", body = Problem)))]
async fn change_identity(
    seller: Seller,
    State(shop): State<Shop>,
    Json(identity): Json<Identity>,
) -> Result<Json<StoreView>, Problem> {
    Ok(Json(identify(&shop, &seller.store, identity).await?.into()))
}

//! The diary for programs.

use axum::extract::State;
use axum::http::StatusCode;
use base::clock;
use people::{MaybePerson, Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::{Entry, EntryId, NewEntry, of_store, set_removed, write};
use crate::photo::PhotoId;
use crate::store::api::is_theirs;
use crate::text::Text;
use crate::workdays::day_of;
use crate::{Shop, store};

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(take_away)).routes(routes!(put_back))
}

/// An entry of a diary.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DiaryEntry)]
struct EntryView {
    #[schema(value_type = String)]
    id: EntryId,
    store_id: StoreId,
    /// The day it tells of: 2027-03-01.
    day: String,
    words: Text,
    photo: Option<PhotoId>,
    /// RFC 3339.
    created_at: String,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> EntryView {
        EntryView {
            created_at: clock::at(entry.created_at_ms).to_string(),
            id: entry.id,
            store_id: entry.store_id,
            day: day_of(entry.day_ms).to_string(),
            words: Text::new(entry.words, entry.words_en),
            photo: entry.photo,
        }
    }
}

/// The ids in the path.
#[derive(Deserialize)]
struct InStore {
    store: StoreId,
}

/// The ids in the path.
#[derive(Deserialize)]
struct Named {
    entry: EntryId,
}

/// The diary of a store, the last day first.
#[utoipa::path(get, path = "/api/v1/stores/{store}/diary", tag = "shop",
    params(("store" = String, Path, description = "The store's id"), Paging),
    responses((status = 200, body = Listed<EntryView>), (status = "4XX", body = Problem)))]
async fn list(
    MaybePerson(person): MaybePerson,
    State(shop): State<Shop>,
    Path(InStore { store }): Path<InStore>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<EntryView>>, Problem> {
    let db = &shop.base.db;
    let store = store::find(db, &store).await?;
    if !store.listed && !is_theirs(&shop, person.as_ref(), &store.id).await? {
        return Err(Problem::not_found());
    }
    let limit = paging.limit();
    let entries = of_store(db, &store.id, paging.after()?, limit + 1).await?;
    let listed = Listed::of(entries, limit, |one| (one.day_ms, one.id.to_string()));
    let Listed { items, next_cursor } = listed;
    Ok(Json(Listed { items: items.into_iter().map(EntryView::from).collect(), next_cursor }))
}

/// Write into the diary. Thirty entries within a day.
///
/// The same `Idempotency-Key` is the same entry; with another body it is a 422.
#[utoipa::path(post, path = "/api/v1/stores/{store}/diary", tag = "shop", request_body = NewEntry,
    params(("store" = String, Path, description = "The store's id"),
        ("Idempotency-Key" = String, Header, description = "The same key gives the same entry")),
    responses((status = 201, body = EntryView), (status = "4XX", body = Problem)))]
async fn create(
    seller: Seller,
    State(shop): State<Shop>,
    key: IdempotencyKey,
    Json(new): Json<NewEntry>,
) -> Result<(StatusCode, Json<EntryView>), Problem> {
    let entry = write(&shop, &seller.store, &key.0, new).await?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}

/// Take an entry away.
#[utoipa::path(delete, path = "/api/v1/stores/{store}/diary/{entry}", tag = "shop",
    params(("store" = String, Path, description = "The store's id"), ("entry" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn take_away(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { entry }): Path<Named>,
) -> Result<StatusCode, Problem> {
    set_removed(&shop, &seller.store, &entry, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put an entry back that was taken away.
#[utoipa::path(post, path = "/api/v1/stores/{store}/diary/{entry}/restoration", tag = "shop",
    params(("store" = String, Path, description = "The store's id"), ("entry" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn put_back(
    seller: Seller,
    State(shop): State<Shop>,
    Path(Named { entry }): Path<Named>,
) -> Result<StatusCode, Problem> {
    set_removed(&shop, &seller.store, &entry, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Broadcasts for programs.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use people::{Seller, StoreId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Problem, Query};

use super::{Broadcast, NewBroadcast, Replay, Stage};
use crate::host::Shown;
use crate::{Error, Host, Live, broadcast, key, stream};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(create))
        .routes(routes!(get))
        .routes(routes!(schedule))
        .routes(routes!(end))
        .routes(routes!(new_key))
}

/// A broadcast as programs see it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Broadcast)]
struct Told {
    id: String,
    store: String,
    title: String,
    title_en: String,
    /// A photo's address, or nothing.
    poster: Option<String>,
    /// Who paid for it; empty: nobody did.
    sponsor: String,
    /// `scheduled`, `live`, `waiting` or `ended`.
    stage: &'static str,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Since when it is in this stage; for a scheduled one when it starts.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    viewers: usize,
    /// Ids of its products, in their order.
    products: Vec<String>,
    /// The product in front of the camera.
    pinned: Option<String>,
    /// Absent as long as there is none, and once it is withdrawn.
    replay: Option<Replay>,
}

/// A broadcast and the key that publishes it, which is shown this once.
#[derive(Serialize, utoipa::ToSchema)]
struct Created {
    #[serde(flatten)]
    broadcast: Told,
    /// `Authorization: Bearer …` for `POST /media/{id}/whip`.
    publish_key: String,
}

async fn told(live: &Live, broadcast: Broadcast) -> Result<Told, Error> {
    let products = broadcast::products(&live.base.db, &broadcast.id).await?;
    let since_ms = match broadcast.stage {
        Stage::Scheduled { starts_at_ms } => starts_at_ms,
        Stage::Live { since_ms } | Stage::Waiting { since_ms } => since_ms,
        Stage::Ended { at_ms, .. } => at_ms,
    };
    Ok(Told {
        id: broadcast.id.to_string(),
        store: broadcast.store.to_string(),
        stage: broadcast.stage.word(),
        starts_at: base::clock::at(broadcast.starts_at_ms),
        since: base::clock::at(since_ms),
        viewers: live.rooms.viewers(&broadcast.id),
        products: products.iter().map(|card| card.id.to_string()).collect(),
        pinned: broadcast.pinned.as_ref().map(|pinned| pinned.product.to_string()),
        replay: broadcast.public_replay(),
        poster: (!broadcast.poster.is_empty()).then(|| format!("/photos/{}/960.jpg", broadcast.poster)),
        title: broadcast.title,
        sponsor: broadcast.sponsor,
        title_en: broadcast.title_en,
    })
}

#[derive(Deserialize, utoipa::IntoParams)]
struct Which {
    /// `scheduled`, `live`, `waiting` or `ended`.
    stage: Option<String>,
    /// A store's id.
    store: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

/// Broadcasts, the latest start first.
#[utoipa::path(get, path = "/api/v1/broadcasts", tag = "live", params(Which),
    responses((status = 200, body = Listed<Told>), (status = "4XX", body = Problem)))]
async fn list(State(live): State<Live>, Query(which): Query<Which>) -> Result<Json<Listed<Told>>, Problem> {
    let paging = Paging { limit: which.limit, cursor: which.cursor };
    let store: Option<StoreId> = match which.store {
        Some(store) => Some(store.parse().map_err(|_| Problem::not_found())?),
        None => None,
    };
    let wanted =
        broadcast::Wanted { store: store.as_ref(), stage: which.stage.as_deref(), after: paging.after()? };
    let found = broadcast::list(&live.base.db, wanted, paging.limit() + 1).await?;
    let page =
        Listed::of(found, paging.limit(), |broadcast| (broadcast.starts_at_ms, broadcast.id.to_string()));
    let mut items = Vec::with_capacity(page.items.len());
    for broadcast in page.items {
        items.push(told(&live, broadcast).await?);
    }
    Ok(Json(Listed { items, next_cursor: page.next_cursor }))
}

/// Announce a broadcast.
#[utoipa::path(post, path = "/api/v1/stores/{store}/broadcasts", tag = "live",
    params(("store" = String, Path), ("Idempotency-Key" = String, Header)), request_body = NewBroadcast,
    responses((status = 201, body = Created), (status = "4XX", body = Problem)))]
async fn create(
    seller: Seller,
    State(live): State<Live>,
    key: IdempotencyKey,
    Json(wanted): Json<NewBroadcast>,
) -> Result<(StatusCode, Json<Created>), Problem> {
    let (broadcast, publish_key) = broadcast::create(&live, &seller.store, key, wanted).await?;
    let created =
        Created { broadcast: told(&live, broadcast).await?, publish_key: publish_key.reveal().to_owned() };
    Ok((StatusCode::CREATED, Json(created)))
}

/// One broadcast.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Told), (status = "4XX", body = Problem)))]
async fn get(State(live): State<Live>, Shown(broadcast): Shown) -> Result<Json<Told>, Problem> {
    Ok(Json(told(&live, broadcast).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Schedule {
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
}

/// Announce it for another time, as long as it has not begun.
#[utoipa::path(put, path = "/api/v1/broadcasts/{broadcast}/schedule", tag = "live",
    params(("broadcast" = String, Path)), request_body = Schedule,
    responses((status = 200, body = Told), (status = "4XX", body = Problem)))]
async fn schedule(
    host: Host,
    State(live): State<Live>,
    Json(wanted): Json<Schedule>,
) -> Result<Json<Told>, Problem> {
    let moved = broadcast::reschedule(&live, &host.broadcast.id, wanted.starts_at).await?;
    Ok(Json(told(&live, moved).await?))
}

/// End it. Ending it again changes nothing.
#[utoipa::path(post, path = "/api/v1/broadcasts/{broadcast}/ending", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Told), (status = "4XX", body = Problem)))]
async fn end(host: Host, State(live): State<Live>) -> Result<Json<Told>, Problem> {
    stream::finish(&live, &host.broadcast.id).await?;
    let ended = broadcast::find(&live.base.db, &host.broadcast.id).await?;
    Ok(Json(told(&live, ended).await?))
}

/// A key to publish with, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
struct Key {
    publish_key: String,
}

/// Make another publish key. The newest eight of a broadcast are good.
#[utoipa::path(post, path = "/api/v1/broadcasts/{broadcast}/keys", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 201, body = Key), (status = "4XX", body = Problem)))]
async fn new_key(host: Host, State(live): State<Live>) -> Result<(StatusCode, Json<Key>), Problem> {
    let secret = key::fresh(&live, &host.broadcast.id, None).await?;
    Ok((StatusCode::CREATED, Json(Key { publish_key: secret.reveal().to_owned() })))
}

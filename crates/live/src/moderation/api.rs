//! Moderation for programs; all of it for the store's people.

use axum::extract::State;
use axum::http::StatusCode;
use people::PersonId;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::Listed;
use web::{Json, Path, Problem};

use super::Muted;
use crate::chat::LineId;
use crate::{BroadcastId, Host, Live, moderation};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .routes(routes!(slow))
        .routes(routes!(words, set_words))
        .routes(routes!(mute))
        .routes(routes!(muted))
        .routes(routes!(unmute))
}

#[derive(Deserialize, Serialize, utoipa::ToSchema)]
struct Slow {
    /// 0, 5, 10, 30 or 60; 0: everybody talks as they like.
    seconds: i64,
}

/// Slow mode: seconds between two lines of one person. The store's people are exempt.
#[utoipa::path(put, path = "/api/v1/broadcasts/{broadcast}/slow", tag = "live",
    params(("broadcast" = String, Path)), request_body = Slow,
    responses((status = 200, body = Slow), (status = "4XX", body = Problem)))]
async fn slow(host: Host, State(live): State<Live>, Json(wanted): Json<Slow>) -> Result<Json<Slow>, Problem> {
    moderation::slow(&live, &host.broadcast, wanted.seconds).await?;
    Ok(Json(wanted))
}

#[derive(Deserialize, Serialize, utoipa::ToSchema)]
struct Words {
    /// At most 200 of at most 20 letters, beside the house's own list.
    words: Vec<String>,
}

/// The words that the store will not have in its rooms.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}/banned-words", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Words), (status = "4XX", body = Problem)))]
async fn words(host: Host, State(live): State<Live>) -> Result<Json<Words>, Problem> {
    Ok(Json(Words { words: moderation::words(&live.base.db, &host.broadcast.store).await? }))
}

/// Set them: what is not among them any more is allowed again.
#[utoipa::path(put, path = "/api/v1/broadcasts/{broadcast}/banned-words", tag = "live",
    params(("broadcast" = String, Path)), request_body = Words,
    responses((status = 200, body = Words), (status = "4XX", body = Problem)))]
async fn set_words(
    host: Host,
    State(live): State<Live>,
    Json(wanted): Json<Words>,
) -> Result<Json<Words>, Problem> {
    Ok(Json(Words { words: moderation::set_words(&live, &host.broadcast, &wanted.words).await? }))
}

/// Mute whoever said a line, for this broadcast, and hide the line.
#[utoipa::path(put, path = "/api/v1/broadcasts/{broadcast}/chat/{line}/muting", tag = "live",
    params(("broadcast" = String, Path), ("line" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn mute(
    host: Host,
    State(live): State<Live>,
    Path(of): Path<(BroadcastId, LineId)>,
) -> Result<StatusCode, Problem> {
    moderation::mute(&live, &host.broadcast, &of.1).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is muted.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}/muted", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Listed<Muted>), (status = "4XX", body = Problem)))]
async fn muted(host: Host, State(live): State<Live>) -> Result<Json<Listed<Muted>>, Problem> {
    let items = moderation::muted(&live.base.db, &host.broadcast.id).await?;
    Ok(Json(Listed { items, next_cursor: None }))
}

/// Let somebody talk again.
#[utoipa::path(delete, path = "/api/v1/broadcasts/{broadcast}/muted/{person}", tag = "live",
    params(("broadcast" = String, Path), ("person" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn unmute(
    host: Host,
    State(live): State<Live>,
    Path(of): Path<(BroadcastId, PersonId)>,
) -> Result<StatusCode, Problem> {
    moderation::unmute(&live, &host.broadcast, &of.1).await?;
    Ok(StatusCode::NO_CONTENT)
}

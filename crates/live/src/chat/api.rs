//! Chat for programs.

use axum::extract::State;
use axum::http::StatusCode;
use people::SignedIn;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::{Listed, Paging};
use web::{IdempotencyKey, Json, Path, Problem, Query};

use super::{Line, LineId};
use crate::host::{Host, Known, Shown};
use crate::{Live, chat};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().routes(routes!(list, say)).routes(routes!(hide, show))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewChatLine)]
struct NewLine {
    /// 1 to 200 letters.
    text: String,
}

/// What was said, the oldest first; hidden lines are left out.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}/chat", tag = "live",
    params(("broadcast" = String, Path), Paging),
    responses((status = 200, body = Listed<Line>), (status = "4XX", body = Problem)))]
async fn list(
    State(live): State<Live>,
    Shown(broadcast): Shown,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<Line>>, Problem> {
    let after = paging.after()?.map(|(_, id)| id).unwrap_or_default();
    let limit = paging.limit();
    let lines = chat::after(&live.base.db, &broadcast.id, &after, limit + 1).await?;
    Ok(Json(Listed::of(lines, limit, |line| (line.at_ms, line.id.to_string()))))
}

/// Say something.
#[utoipa::path(post, path = "/api/v1/broadcasts/{broadcast}/chat", tag = "live",
    params(("broadcast" = String, Path), ("Idempotency-Key" = String, Header)), request_body = NewLine,
    responses((status = 201, body = Line), (status = "4XX", body = Problem)))]
async fn say(
    by: SignedIn,
    State(live): State<Live>,
    Known(broadcast): Known,
    key: IdempotencyKey,
    Json(new): Json<NewLine>,
) -> Result<(StatusCode, Json<Line>), Problem> {
    let line = chat::say(&live, &broadcast, &by, &new.text, Some(key.0)).await?;
    Ok((StatusCode::CREATED, Json(line)))
}

/// Hide a line; for the store's people.
#[utoipa::path(put, path = "/api/v1/broadcasts/{broadcast}/chat/{line}/hiding", tag = "live",
    params(("broadcast" = String, Path), ("line" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn hide(
    host: Host,
    State(live): State<Live>,
    Path(of): Path<(String, LineId)>,
) -> Result<StatusCode, Problem> {
    chat::hide(&live, &host.broadcast, &of.1).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put a hidden line back.
#[utoipa::path(delete, path = "/api/v1/broadcasts/{broadcast}/chat/{line}/hiding", tag = "live",
    params(("broadcast" = String, Path), ("line" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn show(
    host: Host,
    State(live): State<Live>,
    Path(of): Path<(String, LineId)>,
) -> Result<StatusCode, Problem> {
    chat::show(&live, &host.broadcast, Some(&of.1)).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Interactions for programs.

use axum::extract::State;
use axum::http::StatusCode;
use people::Person;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::Listed;
use web::{IdempotencyKey, Json, Path, Problem};

use super::answer::{self, Given};
use super::draw::{self, Proof};
use super::{InteractionId, NewInteraction};
use crate::host::{Host, Shown};
use crate::{BroadcastId, Live, interaction};

/// Interactions in one answer; a show has a dozen.
const MOST: i64 = 1_000;

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(close))
        .routes(routes!(give))
        .routes(routes!(proof))
}

/// Announcements, polls, quizzes, draws and coupons of a show, in order.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}/interactions", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Listed<Object>, description = "The frames that the room heard, the last of each"),
              (status = "4XX", body = Problem)))]
async fn list(State(live): State<Live>, Shown(broadcast): Shown) -> Result<Json<Listed<Value>>, Problem> {
    let all = interaction::all(&live.base.db, &broadcast.id, MOST).await?;
    let items =
        all.iter().map(|one| if one.closed_at_ms.is_some() { one.closing() } else { one.frame() }).collect();
    Ok(Json(Listed { items, next_cursor: None }))
}

/// Open one; for the store's people.
#[utoipa::path(post, path = "/api/v1/broadcasts/{broadcast}/interactions", tag = "live",
    params(("broadcast" = String, Path), ("Idempotency-Key" = String, Header)), request_body = NewInteraction,
    responses((status = 201, body = Object, description = "The frame that the room hears"),
              (status = "4XX", body = Problem)))]
async fn open(
    host: Host,
    State(live): State<Live>,
    key: IdempotencyKey,
    Json(new): Json<NewInteraction>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let made = interaction::open(&live, &host, new, &key.0).await?;
    Ok((StatusCode::CREATED, Json(made.frame())))
}

/// Close one. Closing it again changes nothing.
#[utoipa::path(post, path = "/api/v1/broadcasts/{broadcast}/interactions/{interaction}/closing", tag = "live",
    params(("broadcast" = String, Path), ("interaction" = String, Path)),
    responses((status = 200, body = Object, description = "The frame that the room hears"),
              (status = "4XX", body = Problem)))]
async fn close(
    host: Host,
    State(live): State<Live>,
    Path(of): Path<(BroadcastId, InteractionId)>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(interaction::close(&live, &host.broadcast.id, &of.1).await?.closing()))
}

#[derive(Deserialize, Serialize, utoipa::ToSchema)]
struct NewAnswer {
    /// The place of the choice, from 0; 0 for a draw and a coupon.
    #[serde(default)]
    choice: usize,
    /// Of a draw: 8 to 64 letters and digits that you made up.
    #[serde(default)]
    ticket: String,
}

/// Vote, take part in a draw, or take a coupon: once. The same answer again gives the same.
#[utoipa::path(put, path = "/api/v1/broadcasts/{broadcast}/interactions/{interaction}/answer", tag = "live",
    params(("broadcast" = String, Path), ("interaction" = String, Path)), request_body = NewAnswer,
    responses((status = 200, body = Given), (status = "4XX", body = Problem)))]
async fn give(
    person: Person,
    State(live): State<Live>,
    Shown(broadcast): Shown,
    Path(of): Path<(BroadcastId, InteractionId)>,
    Json(new): Json<NewAnswer>,
) -> Result<Json<Given>, Problem> {
    Ok(Json(answer::give(&live, &broadcast, &of.1, &person, new.choice, &new.ticket).await?))
}

/// What a draw was made of: `dangol verify-draw` checks it.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}/interactions/{interaction}/proof", tag = "live",
    params(("broadcast" = String, Path), ("interaction" = String, Path)),
    responses((status = 200, body = Proof), (status = "4XX", body = Problem)))]
async fn proof(
    State(live): State<Live>,
    Path(of): Path<(BroadcastId, InteractionId)>,
) -> Result<Json<Proof>, Problem> {
    Ok(Json(draw::proof(&live.base.db, &of.0, &of.1).await?.1))
}

//! Questions for programs; for the store's people.

use axum::extract::State;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::cursor::Listed;
use web::{Json, Path, Problem};

use super::{Question, QuestionId, Standing};
use crate::{BroadcastId, Host, Live, question};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(mark))
}

/// What waits for an answer, the most asked first; at most 50.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}/questions", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Listed<Question>), (status = "4XX", body = Problem)))]
async fn list(host: Host, State(live): State<Live>) -> Result<Json<Listed<Question>>, Problem> {
    let items = question::open(&live.base.db, &host.broadcast.id).await?;
    Ok(Json(Listed { items, next_cursor: None }))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Mark {
    standing: Standing,
}

/// Mark a question; `answered` is stamped with the media clock, `open` takes a mark back.
#[utoipa::path(put, path = "/api/v1/broadcasts/{broadcast}/questions/{question}", tag = "live",
    params(("broadcast" = String, Path), ("question" = String, Path)), request_body = Mark,
    responses((status = 200, body = Question), (status = "4XX", body = Problem)))]
async fn mark(
    host: Host,
    State(live): State<Live>,
    Path(of): Path<(BroadcastId, QuestionId)>,
    Json(wanted): Json<Mark>,
) -> Result<Json<Question>, Problem> {
    Ok(Json(question::mark(&live, &host.broadcast, &of.1, wanted.standing).await?))
}

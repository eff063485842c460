//! The studio's buttons beside a question.

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Answer, Form, Path, Problem, WantsJson};

use super::{QuestionId, Standing};
use crate::helper::Moderator;
use crate::{BroadcastId, Live, question};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().route("/live/{broadcast}/questions/{question}", post(mark))
}

#[derive(Deserialize)]
struct Chosen {
    standing: Standing,
}

async fn mark(
    by: Moderator,
    State(live): State<Live>,
    Path((_, id)): Path<(BroadcastId, QuestionId)>,
    json: WantsJson,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    let marked = question::mark(&live, &by.broadcast, &id, chosen.standing).await?;
    Ok(Answer::to(json, &by.page(), marked.frame()))
}

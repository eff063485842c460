//! The buttons under the picture, and the same for programs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Answer, Form, Json, Path, Problem, WantsJson};

use super::Kind;
use crate::broadcast::BroadcastId;
use crate::{Live, reaction};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().route("/live/{broadcast}/reactions", post(tap)).routes(routes!(add))
}

/// A reaction.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
struct Reaction {
    kind: Kind,
}

async fn tap(
    State(live): State<Live>,
    Path(broadcast): Path<BroadcastId>,
    json: WantsJson,
    Form(tapped): Form<Reaction>,
) -> Result<Response, Problem> {
    reaction::react(&live, &broadcast, tapped.kind).await?;
    Ok(Answer::to(json, &format!("/live/{broadcast}"), tapped))
}

/// Send a heart, a clap, a laugh or a wow. Counted, not kept one by one: there is nothing to repeat safely.
#[utoipa::path(post, path = "/api/v1/broadcasts/{broadcast}/reactions", tag = "live",
    params(("broadcast" = String, Path)), request_body = Reaction,
    responses((status = 202), (status = "4XX", body = Problem)))]
async fn add(
    State(live): State<Live>,
    Path(broadcast): Path<BroadcastId>,
    Json(sent): Json<Reaction>,
) -> Result<StatusCode, Problem> {
    reaction::react(&live, &broadcast, sent.kind).await?;
    Ok(StatusCode::ACCEPTED)
}

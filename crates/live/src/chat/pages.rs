//! The forms around the chat: say something; for the seller, hide a line and put it back.

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use people::Person;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use web::{Answer, Form, IdempotencyKey, Path, Problem, WantsJson};

use super::LineId;
use crate::host::{Host, Shown};
use crate::{Live, chat};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/live/{broadcast}/chat", post(say))
        .route("/live/{broadcast}/chat/{line}/hiding", post(hide))
        .route("/live/{broadcast}/chat/{line}/showing", post(show))
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    text: String,
    #[serde(default)]
    key: String,
}

async fn say(
    person: Person,
    State(live): State<Live>,
    Shown(broadcast): Shown,
    json: WantsJson,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let key = match typed.key.as_str() {
        "" => None,
        key => Some(IdempotencyKey::of(key)?.0),
    };
    let line = chat::say(&live, &broadcast, &person, &typed.text, key).await?;
    Ok(Answer::to(json, &broadcast.path(), line))
}

async fn hide(
    host: Host,
    State(live): State<Live>,
    Path((_, line)): Path<(String, LineId)>,
    json: WantsJson,
) -> Result<Response, Problem> {
    chat::hide(&live, &host.broadcast, &line).await?;
    // A script gets the way back with it.
    let undo = format!("{}/chat/{line}/showing", host.broadcast.path());
    let back = format!("{}?hidden={line}", host.broadcast.studio_path());
    Ok(Answer::to(json, &back, json!({ "id": line, "undo": undo })))
}

async fn show(
    host: Host,
    State(live): State<Live>,
    Path((_, line)): Path<(String, LineId)>,
    json: WantsJson,
) -> Result<Response, Problem> {
    chat::show(&live, &host.broadcast, &line).await?;
    Ok(Answer::to(json, &host.broadcast.studio_path(), json!({ "id": line })))
}

//! The forms around the chat: say something; for the seller, hide a line and put it back.

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use people::SignedIn;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use web::{Answer, Form, IdempotencyKey, Problem, WantsJson};

use super::LineId;
use crate::helper::Moderator;
use crate::host::Known;
use crate::{Error, Live, chat};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/live/{broadcast}/chat", post(say))
        .route("/live/{broadcast}/hiding", post(hide))
        .route("/live/{broadcast}/showing", post(show))
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    text: String,
    #[serde(default)]
    key: String,
}

async fn say(
    by: SignedIn,
    State(live): State<Live>,
    Known(broadcast): Known,
    json: WantsJson,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let key = match typed.key.as_str() {
        "" => None,
        key => Some(IdempotencyKey::of(key)?.0),
    };
    let line = chat::say(&live, &broadcast, &by, &typed.text, key).await?;
    Ok(Answer::to(json, &broadcast.path(), line))
}

/// A line, by the button beside it.
#[derive(Deserialize)]
struct Chosen {
    line: Option<LineId>,
}

async fn hide(
    by: Moderator,
    State(live): State<Live>,
    json: WantsJson,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    let line = chosen.line.ok_or(Error::NoLine)?;
    chat::hide(&live, &by.broadcast, &line).await?;
    Ok(Answer::to(json, &by.page(), json!({ "id": line })))
}

/// Without a line it is the way back from the last hiding.
async fn show(
    by: Moderator,
    State(live): State<Live>,
    json: WantsJson,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    chat::show(&live, &by.broadcast, chosen.line.as_ref()).await?;
    Ok(Answer::to(json, &by.page(), json!({ "id": chosen.line })))
}

//! The studio's forms that keep a room in order.

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use people::PersonId;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use web::{Answer, Form, Problem, WantsJson};

use crate::chat::LineId;
use crate::helper::Moderator;
use crate::{Error, Host, Live, moderation};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/live/{broadcast}/slow", post(slow))
        .route("/live/{broadcast}/words", post(words))
        .route("/live/{broadcast}/muting", post(mute))
        .route("/live/{broadcast}/unmuting", post(unmute))
}

#[derive(Deserialize)]
struct Slow {
    seconds: i64,
}

async fn slow(
    by: Moderator,
    State(live): State<Live>,
    json: WantsJson,
    Form(form): Form<Slow>,
) -> Result<Response, Problem> {
    moderation::slow(&live, &by.broadcast, form.seconds).await?;
    Ok(Answer::to(json, &by.page(), json!({ "seconds": form.seconds })))
}

/// One word a line.
#[derive(Deserialize)]
struct Words {
    #[serde(default)]
    words: String,
}

async fn words(
    host: Host,
    State(live): State<Live>,
    json: WantsJson,
    Form(form): Form<Words>,
) -> Result<Response, Problem> {
    let typed: Vec<String> = form.words.split(['\n', ',']).map(str::to_owned).collect();
    let words = moderation::set_words(&live, &host.broadcast, &typed).await?;
    Ok(Answer::to(json, &host.broadcast.studio_path(), json!({ "words": words })))
}

/// Whoever said this line.
#[derive(Deserialize)]
struct Said {
    line: Option<LineId>,
}

async fn mute(
    by: Moderator,
    State(live): State<Live>,
    json: WantsJson,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let line = said.line.ok_or(Error::NoLine)?;
    let muted = moderation::mute(&live, &by.broadcast, &line).await?;
    let (person, name) = muted.map(|muted| (muted.person_id, muted.name)).unzip();
    Ok(Answer::to(json, &by.page(), json!({ "line": line, "person": person, "name": name })))
}

#[derive(Deserialize)]
struct Chosen {
    person: PersonId,
}

async fn unmute(
    by: Moderator,
    State(live): State<Live>,
    json: WantsJson,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Problem> {
    moderation::unmute(&live, &by.broadcast, &chosen.person).await?;
    Ok(Answer::to(json, &by.page(), json!({ "person": chosen.person })))
}

//! The button before the show, and the page behind the link that stops notices.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use people::Person;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use web::{Answer, Form, Path, Problem, Ui, WantsJson};

use super::Asking;
use crate::host::Shown;
use crate::{Live, notice};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/live/{broadcast}/notice", post(press))
        .route("/notices/{key}", get(ask_to_stop).post(stop))
}

/// Where a link in a notice leads.
pub(crate) fn stop_path(key: &str) -> String {
    format!("/notices/{key}")
}

/// The button says which way it is pressed, so that a double tap is one wish.
#[derive(Deserialize)]
struct Pressed {
    want: Want,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Want {
    On,
    Off,
}

/// `POST /live/{broadcast}/notice`
async fn press(
    person: Person,
    ui: Ui,
    State(live): State<Live>,
    Shown(broadcast): Shown,
    json: WantsJson,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Problem> {
    match pressed.want {
        Want::On => {
            let asking = Asking { person: &person.id, lang: ui.language(), home: &ui.absolute("") };
            notice::ask(&live, &broadcast.id, asking).await?;
        }
        Want::Off => notice::withdraw(&live.base.db, &broadcast.id, &person.id).await?,
    }
    Ok(Answer::to(json, &broadcast.path(), json!({ "asked": pressed.want == Want::On })))
}

#[derive(Template)]
#[template(path = "notice/stop.html")]
struct StopPage {
    ui: Ui,
    done: bool,
}

/// `GET /notices/{key}`. Programs that look into letters open every link: only the button stops anything.
async fn ask_to_stop(ui: Ui) -> Result<Response, Problem> {
    page(ui, false)
}

/// `POST /notices/{key}`, by the button or by a mail program's own.
async fn stop(ui: Ui, State(live): State<Live>, Path(key): Path<String>) -> Result<Response, Problem> {
    notice::stop(&live.base.db, &key).await?;
    page(ui, true)
}

fn page(ui: Ui, done: bool) -> Result<Response, Problem> {
    let page = web::page(&StopPage { ui, done })?;
    Ok(([(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")], page)
        .into_response())
}

//! The seller's page with the square picture, and the page that it leads to.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use people::cookies;
use serde::Deserialize;
use serde_json::json;
use shop::store;
use utoipa_axum::router::OpenApiRouter;
use web::{Answer, Form, Path, Problem, Query, Ui, WantsJson, qr};

use super::{COOKIE, Helper, HelperId, LASTS_MS};
use crate::broadcast::BroadcastId;
use crate::host::{Host, Own, Shown};
use crate::{Error, Live, helper};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/sell/{store}/live/{broadcast}/helpers", get(helpers))
        .route("/live/{broadcast}/helpers/{helper}/removal", post(remove))
        .route("/live/{broadcast}/helping", get(asked).post(join))
}

#[derive(Template)]
#[template(path = "studio/helpers.html")]
struct HelpersPage {
    ui: Ui,
    id: String,
    title: String,
    studio: String,
    /// The picture of squares, as SVG.
    code: String,
    address: String,
    helpers: Vec<Helper>,
}

/// `GET /sell/{store}/live/{broadcast}/helpers`
async fn helpers(Own(broadcast): Own, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    broadcast.must_go_on()?;
    let invite = helper::invite(&live, &broadcast).await?;
    let address = ui.absolute(&format!("/live/{}/helping?invite={}", broadcast.id, invite.reveal()));
    web::page(&HelpersPage {
        id: broadcast.id.to_string(),
        title: broadcast.title_in(ui.language()).to_owned(),
        studio: broadcast.studio_path(),
        code: qr::draw(&address, &ui.t("live-helpers-code")),
        address,
        helpers: helper::all(&live, &broadcast.id).await?,
        ui,
    })
}

async fn remove(
    host: Host,
    State(live): State<Live>,
    Path((_, id)): Path<(BroadcastId, HelperId)>,
    json: WantsJson,
) -> Result<Response, Problem> {
    helper::remove(&live, &host.broadcast.id, &id).await?;
    let back = format!("{}/helpers", host.broadcast.studio_path());
    Ok(Answer::to(json, &back, json!({ "helper": id })))
}

#[derive(Template)]
#[template(path = "studio/helping.html")]
struct HelpingPage {
    ui: Ui,
    id: String,
    title: String,
    store: String,
    invite: String,
    /// The name as it was typed.
    typed: String,
    name_error: String,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    invite: String,
}

/// `GET /live/{broadcast}/helping`: nothing is taken yet, so that a preview of the link does not use it up.
async fn asked(
    ui: Ui,
    State(live): State<Live>,
    Shown(broadcast): Shown,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Problem> {
    if !helper::is_invited(&live, &broadcast, &asked.invite).await? {
        return Err(Error::StaleInvite.into());
    }
    let store = store::find(&live.base.db, &broadcast.store).await.map_err(Error::from)?;
    web::page(&HelpingPage {
        id: broadcast.id.to_string(),
        title: broadcast.title_in(ui.language()).to_owned(),
        store: store.name_in(ui.language()).to_owned(),
        invite: asked.invite,
        typed: String::new(),
        name_error: String::new(),
        ui,
    })
}

#[derive(Deserialize)]
struct Joining {
    #[serde(default)]
    invite: String,
    #[serde(default)]
    name: String,
}

async fn join(
    headers: HeaderMap,
    ui: Ui,
    State(live): State<Live>,
    Shown(broadcast): Shown,
    Form(joining): Form<Joining>,
) -> Result<Response, Problem> {
    let right = match helper::join(&live, &broadcast, &joining.invite, &joining.name).await {
        Ok(right) => right,
        Err(Error::Field { slug, .. }) => {
            let store = store::find(&live.base.db, &broadcast.store).await.map_err(Error::from)?;
            let page = web::page(&HelpingPage {
                id: broadcast.id.to_string(),
                title: broadcast.title_in(ui.language()).to_owned(),
                store: store.name_in(ui.language()).to_owned(),
                name_error: ui.t(&format!("problem-{slug}")),
                invite: joining.invite,
                typed: joining.name,
                ui,
            })?;
            return Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let mut response = Redirect::to(&broadcast.desk_path()).into_response();
    let kept = cookies::set(&headers, COOKIE, right.reveal(), LASTS_MS / 1000);
    response.headers_mut().append(SET_COOKIE, kept);
    Ok(response)
}

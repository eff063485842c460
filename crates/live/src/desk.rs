//! The desk: a show's room without a camera, for whoever sends by a program and for helpers. What stands on it is
//! the lower half of the studio as well.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use shop::coupon::Coupon;
use shop::deal;
use shop::product::Card;
use utoipa_axum::router::OpenApiRouter;
use web::{Problem, Ui};

use crate::broadcast::pages::poster;
use crate::broadcast::{self, Broadcast, Stage};
use crate::chat::{self, Line};
use crate::helper::{By, Moderator};
use crate::moderation::{self, Muted};
use crate::question::{self, Question};
use crate::{Live, Result, interaction, key};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/live/{broadcast}/desk", get(page))
        .route("/live/{broadcast}/camera", get(camera))
}

/// What is done with both hands free: talk, questions, goods, interactions, orders.
pub(crate) struct Desk {
    pub(crate) id: String,
    pub(crate) store: String,
    pub(crate) title: String,
    pub(crate) chat: Vec<Line>,
    pub(crate) slow_s: i64,
    /// The store's own banned words, one a line.
    pub(crate) words: String,
    pub(crate) muted: Vec<Muted>,
    pub(crate) questions: Vec<Question>,
    pub(crate) pinned: String,
    pub(crate) goods: Vec<Card>,
    /// What may be handed out.
    pub(crate) coupons: Vec<Coupon>,
    /// What may be offered for less.
    pub(crate) variants: Vec<deal::Choice>,
    /// Whether it is the store's own people, who may do all of it.
    pub(crate) is_host: bool,
    /// Whether it is only practised.
    pub(crate) is_rehearsal: bool,
}

impl Desk {
    pub(crate) async fn of(live: &Live, ui: &Ui, broadcast: &Broadcast, is_host: bool) -> Result<Desk> {
        let db = &live.base.db;
        let goods = broadcast::products(db, &broadcast.id).await?;
        let (coupons, variants, words) = match is_host {
            true => (
                interaction::pages::coupons(live, broadcast).await?,
                interaction::pages::variants(live, &goods).await?,
                moderation::words(db, &broadcast.store).await?.join("\n"),
            ),
            false => Default::default(),
        };
        Ok(Desk {
            id: broadcast.id.to_string(),
            store: broadcast.store.to_string(),
            title: broadcast.title_in(ui.language()).to_owned(),
            chat: chat::recent(db, &broadcast.id).await?,
            slow_s: broadcast.slow_s,
            words,
            muted: moderation::muted(db, &broadcast.id).await?,
            questions: question::open(db, &broadcast.id).await?,
            pinned: broadcast.pinned.as_ref().map(|pinned| pinned.product.to_string()).unwrap_or_default(),
            goods,
            coupons,
            variants,
            is_host,
            is_rehearsal: broadcast.rehearses.is_some(),
        })
    }
}

#[derive(Template)]
#[template(path = "studio/desk.html")]
struct DeskPage {
    ui: Ui,
    desk: Desk,
    poster: String,
    /// Who helps; empty for the store's own people.
    helper: String,
}

/// `GET /live/{broadcast}/desk`
async fn page(by: Moderator, ui: Ui, State(live): State<Live>) -> Result<Response, Problem> {
    let broadcast = &by.broadcast;
    if matches!(broadcast.stage, Stage::Ended { .. }) {
        return Ok(Redirect::to(&broadcast.studio_path()).into_response());
    }
    let helper = match &by.by {
        By::Host(_) => String::new(),
        By::Helper(helper) => helper.name.clone(),
    };
    let desk = Desk::of(&live, &ui, broadcast, helper.is_empty()).await?;
    let page = web::page(&DeskPage { poster: poster(&ui, broadcast), desk, helper, ui })?;
    Ok(page.into_response())
}

#[derive(Template)]
#[template(path = "studio/camera.html")]
struct CameraPage {
    ui: Ui,
    id: String,
    title: String,
    poster: String,
    /// The publish key, for this page alone.
    key: String,
    desk: String,
}

/// `GET /live/{broadcast}/camera`: this phone as the show's other camera.
async fn camera(by: Moderator, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    let broadcast = &by.broadcast;
    let key = key::fresh(&live, &broadcast.id, by.helper()).await?;
    web::page(&CameraPage {
        id: broadcast.id.to_string(),
        title: broadcast.title_in(ui.language()).to_owned(),
        poster: poster(&ui, broadcast),
        key: key.reveal().to_owned(),
        desk: broadcast.desk_path(),
        ui,
    })
}

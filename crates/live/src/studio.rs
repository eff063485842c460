//! The seller's side: the list of shows, a new one, and the studio with its camera.

use askama::Template;
use axum::extract::{RawForm, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::clock;
use jiff::civil::DateTime;
use people::Seller;
use serde_json::json;
use shop::photo::PhotoId;
use shop::product::{self, Card, ProductId};
use shop::store;
use url::form_urlencoded;
use utoipa_axum::router::OpenApiRouter;
use web::{Answer, IdempotencyKey, Problem, Ui, WantsJson};

use crate::broadcast::pages::{Show, poster, shows};
use crate::broadcast::{self, Broadcast, MAX_PRODUCTS, NewBroadcast, Stage};
use crate::chat;
use crate::desk::Desk;
use crate::host::Own;
use crate::{Error, Host, Live, key, notice, rehearsal, stream};

/// Shows on the list.
const MOST: i64 = 50;
/// Photos to choose a poster from; nobody looks through more.
const MAX_POSTERS: usize = 24;

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/sell/{store}/live", get(list).post(create))
        .route("/sell/{store}/live/{broadcast}", get(studio))
        .route("/live/{broadcast}/ending", post(end))
}

/// A product that may be chosen for a show.
struct Choice {
    card: Card,
    chosen: bool,
}

/// What was typed for a new show, and what is wrong with it.
#[derive(Default)]
struct Typed {
    title: String,
    later: bool,
    starts: String,
    sponsor: String,
    sponsor_error: String,
    title_error: String,
    starts_error: String,
    product_error: String,
    poster: String,
    poster_error: String,
}

#[derive(Template)]
#[template(path = "studio/shows.html")]
struct ShowsPage {
    ui: Ui,
    store: String,
    key: String,
    typed: Typed,
    choices: Vec<Choice>,
    /// Photos that may stand for the show.
    photos: Vec<PhotoId>,
    shows: Vec<Show>,
}

/// `GET /sell/{store}/live`
async fn list(seller: Seller, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    let store = store::find(&live.base.db, &seller.store).await.map_err(Error::from)?;
    let title = ui.t1("live-title-default", "store", store.name_in(ui.language()));
    let typed = Typed { title, ..Typed::default() };
    let key = live.base.random.token::<16>();
    web::page(&shows_page(&live, ui, &seller, typed, None, key).await?)
}

async fn shows_page(
    live: &Live,
    ui: Ui,
    seller: &Seller,
    typed: Typed,
    chosen: Option<&[ProductId]>,
    key: String,
) -> Result<ShowsPage, Error> {
    let db = &live.base.db;
    let cards = product::all_in(db, &seller.store, MAX_PRODUCTS as i64).await?;
    let ids: Vec<ProductId> = cards.iter().map(|card| card.id.clone()).collect();
    let mut photos = product::photos(db, &ids).await?;
    photos.truncate(MAX_POSTERS);
    let choice = |card: Card| {
        // Whatever can be sold is chosen beforehand: showing less is the exception.
        let chosen = chosen.map_or(card.on_sale && card.left > 0, |chosen| chosen.contains(&card.id));
        Choice { card, chosen }
    };
    let wanted = broadcast::Wanted { store: Some(&seller.store), ..Default::default() };
    let found = broadcast::list(db, wanted, MOST).await?;
    let mut shows = shows(live, &ui, found).await?;
    for show in &mut shows {
        show.href = format!("/sell/{}{}", seller.store, show.href);
    }
    let choices = cards.into_iter().map(choice).collect();
    Ok(ShowsPage { ui, store: seller.store.to_string(), key, typed, choices, photos, shows })
}

/// `POST /sell/{store}/live`
async fn create(
    seller: Seller,
    ui: Ui,
    State(live): State<Live>,
    RawForm(form): RawForm,
) -> Result<Response, Problem> {
    let (mut typed, products, key) = read(&form);
    let made = async {
        let wanted = NewBroadcast {
            title: typed.title.clone(),
            title_en: None,
            products: products.clone(),
            starts_at: starts_at(&typed)?,
            poster: chosen_poster(&live, &typed, &products).await?,
            sponsor: Some(typed.sponsor.clone()),
        };
        Ok(broadcast::create(&live, &seller.store, IdempotencyKey::of(&key)?, wanted).await?)
    };
    let problem: Problem = match made.await {
        Ok((broadcast, _)) => return Ok(Redirect::to(&broadcast.studio_path()).into_response()),
        Err(problem) => problem,
    };
    if problem.status() != StatusCode::UNPROCESSABLE_ENTITY {
        return Err(problem);
    }
    let said = |field| problem.field_words(ui.language(), field).unwrap_or_default();
    (typed.title_error, typed.starts_error, typed.product_error, typed.poster_error) =
        (said("title"), said("starts_at"), said("product"), said("poster"));
    typed.sponsor_error = said("sponsor");
    let page = shows_page(&live, ui, &seller, typed, Some(&products), key).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
}

/// A form in which one name stands several times.
fn read(form: &[u8]) -> (Typed, Vec<ProductId>, String) {
    let (mut typed, mut products, mut key) = (Typed::default(), Vec::new(), String::new());
    for (name, value) in form_urlencoded::parse(form) {
        match &*name {
            "title" => typed.title = value.into_owned(),
            "when" => typed.later = value == "later",
            "starts" => typed.starts = value.into_owned(),
            "sponsor" => typed.sponsor = value.into_owned(),
            "product" => products.extend(value.parse::<ProductId>()),
            "poster" => typed.poster = value.into_owned(),
            "key" => key = value.into_owned(),
            _ => {}
        }
    }
    (typed, products, key)
}

/// The photo that was chosen: one of a product in the show, or nothing.
async fn chosen_poster(live: &Live, typed: &Typed, products: &[ProductId]) -> Result<Option<String>, Error> {
    if typed.poster.is_empty() {
        return Ok(None);
    }
    let photos = product::photos(&live.base.db, products).await?;
    let is_theirs = photos.iter().any(|photo| photo.as_str() == typed.poster);
    let wrong = Error::Field { field: "poster", slug: "poster-unknown" };
    if is_theirs { Ok(Some(typed.poster.clone())) } else { Err(wrong) }
}

/// The hour as the market's people wrote it.
fn starts_at(typed: &Typed) -> Result<Option<jiff::Timestamp>, Error> {
    if !typed.later {
        return Ok(None);
    }
    let wrong = |_| Error::Field { field: "starts_at", slug: "starts-missing" };
    let at: DateTime = typed.starts.parse().map_err(wrong)?;
    Ok(Some(at.to_zoned(clock::seoul()).map_err(wrong)?.timestamp()))
}

#[derive(Template)]
#[template(path = "studio/studio.html")]
struct StudioPage {
    ui: Ui,
    desk: Desk,
    poster: String,
    /// The publish key, for this page alone.
    key: String,
    /// When it was announced for, if it has not begun.
    when: String,
    /// How many wait to be told.
    waiting: i64,
    /// Whether the store has said who it is, as the law asks of whoever sells.
    is_legal: bool,
}

#[derive(Template)]
#[template(path = "studio/over.html")]
struct OverPage {
    ui: Ui,
    store: String,
    title: String,
    watch: String,
    studio: String,
    has_replay: bool,
    /// The recording is still being closed.
    closing: bool,
    chat_lines: i64,
}

/// `GET /sell/{store}/live/{broadcast}`
async fn studio(Own(broadcast): Own, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    match broadcast.stage {
        Stage::Ended { .. } if broadcast.rehearses.is_some() => {
            rehearsal::pages::report(&live, ui, &broadcast).await
        }
        Stage::Ended { replay, .. } => over(&live, ui, &broadcast, replay.is_some()).await,
        _ => on_set(&live, ui, &broadcast).await,
    }
}

async fn on_set(live: &Live, ui: Ui, broadcast: &Broadcast) -> Result<Html<String>, Problem> {
    let db = &live.base.db;
    let key = key::fresh(live, &broadcast.id, None).await?;
    let when = match broadcast.stage {
        Stage::Scheduled { starts_at_ms } if starts_at_ms > live.base.clock.now_ms() => {
            ui.time(&starts_at_ms)
        }
        _ => String::new(),
    };
    web::page(&StudioPage {
        desk: Desk::of(live, &ui, broadcast, true).await?,
        poster: poster(&ui, broadcast),
        key: key.reveal().to_owned(),
        when,
        waiting: notice::count(db, &broadcast.id).await?,
        is_legal: store::find(db, &broadcast.store).await.map_err(Error::from)?.identity.is_whole(),
        ui,
    })
}

async fn over(live: &Live, ui: Ui, broadcast: &Broadcast, has_replay: bool) -> Result<Html<String>, Problem> {
    let closing = !has_replay && !broadcast::is_closed(&live.base.db, &broadcast.id).await?;
    web::page(&OverPage {
        store: broadcast.store.to_string(),
        title: broadcast.title_in(ui.language()).to_owned(),
        watch: broadcast.path(),
        studio: broadcast.studio_path(),
        has_replay,
        closing,
        chat_lines: chat::count(&live.base.db, &broadcast.id).await?,
        ui,
    })
}

/// `POST /live/{broadcast}/ending`
async fn end(host: Host, State(live): State<Live>, json: WantsJson) -> Result<Response, Problem> {
    stream::finish(&live, &host.broadcast.id).await?;
    Ok(Answer::to(json, &host.broadcast.studio_path(), json!({ "stage": "ended" })))
}

//! The pages on which a seller, or the market's operator, sees how long shows are kept, and changes it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use people::Seller;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Problem, Ui};

use super::{KEPT_MONTHS, MAX_REASON, Retention, SHOWN_MONTHS};
use crate::broadcast::{self, Broadcast};
use crate::host::{Kept, is_member};
use crate::{Error, Live, retention};

/// Shows on the list.
const MOST: i64 = 50;

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/sell/{store}/live/keeping", get(list).post(choose))
        .route("/live/{broadcast}/keeping", get(page).post(change))
}

/// Where a show stands, in the reader's words.
fn said(ui: &Ui, of: &Retention) -> String {
    match (of.state, of.shown_until_ms, of.erased_after_ms) {
        ("shown", Some(until_ms), _) => ui.t1("keeping-shown", "when", ui.date(&until_ms)),
        ("shown", ..) => ui.t("keeping-shown-always"),
        ("erased", ..) => ui.t("keeping-erased"),
        (state, _, Some(after_ms)) => ui.t1(&format!("keeping-{state}"), "when", ui.date(&after_ms)),
        _ => String::new(),
    }
}

struct Row {
    href: String,
    title: String,
    when: String,
    said: String,
    is_held: bool,
}

#[derive(Template)]
#[template(path = "studio/keeping.html")]
struct PolicyPage {
    ui: Ui,
    store: String,
    chosen: i64,
    is_done: bool,
    shows: Vec<Row>,
}

impl PolicyPage {
    fn months(&self) -> [(String, String); SHOWN_MONTHS.len()] {
        SHOWN_MONTHS.map(|months| {
            let said = match months {
                0 => self.ui.t("keeping-always"),
                months => self.ui.t1("keeping-months", "months", months),
            };
            (months.to_string(), said)
        })
    }

    fn is_chosen(&self, months: &str) -> bool {
        months == self.chosen.to_string()
    }
}

#[derive(Deserialize)]
struct Seen {
    /// It was just saved.
    #[serde(default)]
    saved: Option<String>,
}

/// `GET /sell/{store}/live/keeping`
async fn list(
    seller: Seller,
    ui: Ui,
    State(live): State<Live>,
    web::Query(seen): web::Query<Seen>,
) -> Result<Html<String>, Problem> {
    let db = &live.base.db;
    let wanted = broadcast::Wanted { store: Some(&seller.store), stage: Some("ended"), after: None };
    let mut shows = Vec::new();
    for show in broadcast::list(db, wanted, MOST).await? {
        let of = retention::of(db, &show).await?;
        shows.push(Row {
            href: keeping_path(&show),
            title: show.title_in(ui.language()).to_owned(),
            when: ui.date(&show.starts_at_ms),
            said: said(&ui, &of),
            is_held: of.hold.is_some(),
        });
    }
    web::page(&PolicyPage {
        store: seller.store.to_string(),
        chosen: retention::policy(db, &seller.store).await?,
        is_done: seen.saved.is_some(),
        shows,
        ui,
    })
}

#[derive(Deserialize)]
struct Chosen {
    months: i64,
}

/// `POST /sell/{store}/live/keeping`
async fn choose(
    seller: Seller,
    State(live): State<Live>,
    Form(chosen): Form<Chosen>,
) -> Result<Redirect, Problem> {
    retention::choose(&live.base, &seller.store, chosen.months).await?;
    Ok(Redirect::to(&format!("/sell/{}/live/keeping?saved=1", seller.store)))
}

#[derive(Template)]
#[template(path = "studio/kept.html")]
struct ShowPage {
    ui: Ui,
    /// Where to go back to; the operator has no studio.
    studio: String,
    policy: String,
    here: String,
    title: String,
    said: String,
    of: Retention,
    /// Whether it is the store's own people.
    is_host: bool,
    /// Whether the reader may lift the hold.
    may_lift: bool,
    reason: String,
    reason_error: String,
}

impl ShowPage {
    fn is(&self, state: &str) -> bool {
        self.of.state == state
    }

    fn months(&self) -> i64 {
        KEPT_MONTHS
    }

    fn max(&self) -> u32 {
        MAX_REASON as u32
    }
}

pub(crate) fn keeping_path(show: &Broadcast) -> String {
    format!("{}/keeping", show.path())
}

async fn show(live: &Live, ui: Ui, kept: &Kept) -> Result<ShowPage, Problem> {
    // As it is now: a form may just have changed it.
    let broadcast = broadcast::find(&live.base.db, &kept.broadcast.id).await?;
    let of = retention::of(&live.base.db, &broadcast).await?;
    let is_host = is_member(live, &kept.keeper.person, &broadcast).await?;
    Ok(ShowPage {
        studio: broadcast.studio_path(),
        policy: format!("/sell/{}/live/keeping", broadcast.store),
        here: keeping_path(&broadcast),
        title: broadcast.title_in(ui.language()).to_owned(),
        said: said(&ui, &of),
        is_host,
        may_lift: of.hold.as_ref().is_some_and(|hold| kept.keeper.is_operator || !hold.by_operator),
        of,
        reason: String::new(),
        reason_error: String::new(),
        ui,
    })
}

/// `GET /live/{broadcast}/keeping`
async fn page(kept: Kept, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    web::page(&show(&live, ui, &kept).await?)
}

/// One form: what its button says is done.
#[derive(Deserialize)]
struct Change {
    /// `withdraw`, `show`, `hold` or `lift`.
    #[serde(default)]
    act: String,
    #[serde(default)]
    reason: String,
}

/// `POST /live/{broadcast}/keeping`
async fn change(
    kept: Kept,
    ui: Ui,
    State(live): State<Live>,
    Form(change): Form<Change>,
) -> Result<Response, Problem> {
    let Kept { keeper, broadcast } = &kept;
    let is_host = is_member(&live, &keeper.person, broadcast).await?;
    let done = match change.act.as_str() {
        // What its customers see is the store's to say.
        "withdraw" if is_host => retention::withdraw(&live, broadcast).await,
        "show" if is_host => retention::show_again(&live, broadcast).await,
        "hold" => retention::place(&live, broadcast, keeper, &change.reason).await,
        "lift" => retention::lift(&live, broadcast, keeper).await,
        _ => return Err(Problem::not_found()),
    };
    if let Err(Error::Field { slug, .. }) = done {
        let mut page = show(&live, ui, &kept).await?;
        page.reason_error = page.ui.t(&format!("field-{slug}"));
        page.reason = change.reason;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response());
    }
    done?;
    Ok(Redirect::to(&keeping_path(broadcast)).into_response())
}

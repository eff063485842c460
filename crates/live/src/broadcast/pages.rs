//! The calendar: what is on air, what comes, what can be seen again; and the same in small for the
//! market's home and a store's page.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use people::StoreId;
use shop::store::{self, Store};
use utoipa_axum::router::OpenApiRouter;
use web::{Problem, Ui};

use super::{Broadcast, Stage};
use crate::{Live, Result, broadcast};

/// Shows of each kind on the calendar.
const MOST: i64 = 30;

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().route("/live", get(calendar))
}

/// A show in a list, in the reader's words: what `ui.html`'s `show` draws.
#[derive(Clone, Debug)]
pub struct Show {
    pub href: String,
    pub poster: String,
    pub title: String,
    pub store: String,
    /// "오늘 오후 3:00".
    pub when: String,
    /// `live`, `next` or `replay`.
    pub stage: String,
    pub viewers: i64,
}

#[derive(Template)]
#[template(path = "calendar.html")]
struct Calendar {
    ui: Ui,
    now: Vec<Show>,
    next: Vec<Show>,
    replays: Vec<Show>,
}

async fn calendar(ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    let db = &live.base.db;
    let now = broadcast::on_air(db, MOST).await?;
    let next = broadcast::upcoming(db, live.base.clock.now_ms(), MOST).await?;
    let replays = broadcast::replays(db, MOST).await?;
    let (now, next, replays) =
        (shows(&live, &ui, now).await?, shows(&live, &ui, next).await?, shows(&live, &ui, replays).await?);
    web::page(&Calendar { ui, now, next, replays })
}

/// What is on air in the market, and what comes next: for its home page.
pub async fn now_and_next(live: &Live, ui: &Ui, limit: i64) -> Result<Vec<Show>> {
    let mut found = broadcast::on_air(&live.base.db, limit).await?;
    found.extend(broadcast::upcoming(&live.base.db, live.base.clock.now_ms(), limit).await?);
    found.truncate(limit.max(0) as usize);
    shows(live, ui, found).await
}

/// The show of a store that is on air or comes next: for its page.
pub async fn of_store(live: &Live, ui: &Ui, store: &StoreId) -> Result<Option<Show>> {
    let found = broadcast::of_store(&live.base.db, store, live.base.clock.now_ms()).await?;
    Ok(shows(live, ui, found.into_iter().collect()).await?.pop())
}

/// Broadcasts as a list shows them.
pub async fn shows(live: &Live, ui: &Ui, broadcasts: Vec<Broadcast>) -> Result<Vec<Show>> {
    let ids: Vec<StoreId> = broadcasts.iter().map(|broadcast| broadcast.store.clone()).collect();
    let stores = store::by_ids(&live.base.db, &ids).await?;
    Ok(broadcasts.iter().map(|broadcast| show(live, ui, broadcast, &stores)).collect())
}

fn show(live: &Live, ui: &Ui, broadcast: &Broadcast, stores: &[Store]) -> Show {
    let store = stores.iter().find(|store| store.id == broadcast.store);
    Show {
        href: broadcast.path(),
        poster: poster(ui, broadcast),
        title: broadcast.title_in(ui.language()).to_owned(),
        store: store.map(|store| store.name_in(ui.language()).to_owned()).unwrap_or_default(),
        when: ui.time(&broadcast.starts_at_ms),
        stage: match broadcast.stage {
            Stage::Live { .. } | Stage::Waiting { .. } => "live",
            Stage::Scheduled { .. } => "next",
            Stage::Ended { .. } => "replay",
        }
        .to_owned(),
        viewers: live.rooms.viewers(&broadcast.id) as i64,
    }
}

/// The address of a poster, drawn when there is no photo.
pub(crate) fn poster(ui: &Ui, broadcast: &Broadcast) -> String {
    poster_of_width(ui, broadcast, 960)
}

/// The same in one of the widths of `shop::photo::WIDTHS`.
pub(crate) fn poster_of_width(ui: &Ui, broadcast: &Broadcast, width: u32) -> String {
    match broadcast.poster.as_str() {
        "" => ui.asset("photo-none.svg"),
        id => format!("/photos/{id}/{width}.jpg"),
    }
}

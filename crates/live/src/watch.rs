//! The watch page: the picture fills the phone, the talk rises over it, and the goods are one tap
//! away. One page serves a show that is announced, on air, or over; without JavaScript it reads, and
//! its forms submit.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::Db;
use people::MaybePerson;
use serde::Deserialize;
use shop::diary::{self, Entry};
use shop::product::{self, Card};
use shop::store;
use utoipa_axum::router::OpenApiRouter;
use web::{Problem, Ui};

use crate::broadcast::pages::{poster, poster_of_width};
use crate::broadcast::{self, BroadcastId, Stage};
use crate::chat::{self, Line};
use crate::host::Shown;
use crate::interaction::{self, pages::Standing};
use crate::reaction::Kind;
use crate::{Error, Live, Result, crowd, notice, pin, push, structured};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Days of the diary beneath a show.
const ENTRIES: i64 = 3;

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().route("/live/{broadcast}", get(watch))
}

/// The answer to `/media/{broadcast}/join`, written into the page: the player saves a round trip, and the browser
/// fetches the first pictures while it still reads the page.
struct Join {
    json: String,
    /// The number of the next part.
    next: u64,
}

impl Join {
    fn now(live: &Live, broadcast: &BroadcastId) -> Option<Join> {
        #[derive(Deserialize)]
        struct Read {
            state: String,
            next: Option<u64>,
        }
        let body = live.stream(broadcast)?.join().body;
        let read: Read = serde_json::from_slice(&body).ok()?;
        let next = read.next.filter(|_| read.state == "live")?;
        Some(Join { json: String::from_utf8(body.to_vec()).ok()?, next })
    }
}

#[derive(Template)]
#[template(path = "watch.html")]
struct WatchPage {
    ui: Ui,
    id: BroadcastId,
    title: String,
    /// Who paid for it; empty: nobody did.
    sponsor: String,
    poster: String,
    /// What stands in the picture's place until it comes: small while a picture comes in, so that it does not take
    /// the line from it.
    placeholder: String,
    /// `scheduled`, `live`, `waiting` or `ended`.
    stage: &'static str,
    /// Where the player begins, while a picture comes in here.
    join: Option<Join>,
    /// Whether the player may try WebRTC first.
    by_webrtc: bool,
    /// What stands over the poster before the first picture.
    before: String,
    /// Whether the reader waits to be told.
    asked: bool,
    /// What a browser subscribes to pushes with, where that is offered.
    push_key: String,
    has_replay: bool,
    /// It could be seen again once.
    is_withdrawn: bool,
    viewers: i64,
    store: String,
    store_href: String,
    identity: Vec<(String, String)>,
    pinned: Option<pin::Shown>,
    goods: Vec<Card>,
    chat: Vec<Line>,
    /// What the seller has opened.
    standing: Vec<Standing>,
    kinds: [Kind; 4],
    /// How the goods are made: a name, its page, its story.
    stories: Vec<Told>,
    /// Days of the diary that are about the goods.
    entries: Vec<Entry>,
    /// schema.org, for search engines.
    data: String,
}

/// How one of the goods is made, as its own page tells it.
struct Told {
    name: String,
    href: String,
    head: String,
    body: String,
}

/// The first story of each of the goods that has one.
async fn told(db: &Db, ui: &Ui, goods: &[Card]) -> Result<Vec<Told>> {
    let lang = ui.language();
    let stories = product::stories(db, goods.iter().map(|card| &card.id)).await?;
    let told = goods.iter().filter_map(|card| {
        let story = stories.get(&card.id)?;
        Some(Told {
            name: card.name_in(lang).to_owned(),
            href: card.href(),
            head: story.head.read(lang).to_owned(),
            body: story.body.read(lang).to_owned(),
        })
    });
    Ok(told.collect())
}

impl WatchPage {
    fn is_replay(&self) -> bool {
        self.stage == "ended"
    }

    /// Whether there is anything to play: an announced show has no playlist yet.
    fn has_picture(&self) -> bool {
        if self.is_replay() { self.has_replay } else { self.stage != "scheduled" }
    }

    fn source(&self) -> String {
        let playlist = if self.is_replay() { "vod.m3u8" } else { "multi.m3u8" };
        format!("/media/{}/{playlist}", self.id)
    }

    fn react(&self, kind: &Kind) -> String {
        self.ui.t(&kind.key())
    }

    fn buy(&self, card: &Card) -> String {
        pin::buy_path(&self.id, &card.id)
    }
}

/// `GET /live/{broadcast}`
async fn watch(
    headers: HeaderMap,
    ui: Ui,
    MaybePerson(person): MaybePerson,
    State(live): State<Live>,
    Shown(broadcast): Shown,
) -> Result<Response, Problem> {
    let ui = match crowd::wait(&live, &headers, ui, &broadcast)? {
        Ok(waits) => return Ok(waits),
        Err(ui) => ui,
    };
    let db = &live.base.db;
    let store = store::find(db, &broadcast.store).await.map_err(Error::from)?;
    let goods = broadcast::products(db, &broadcast.id).await?;
    let pinned = pin::shown_now(db, &broadcast).await?;
    let chat = match broadcast.stage {
        // The island fills a replay's talk in time; without it the first lines can be read.
        Stage::Ended { .. } if broadcast.withdrawn_at_ms.is_some() => Vec::new(),
        Stage::Ended { .. } => chat::after(db, &broadcast.id, "", chat::RECENT).await?,
        _ => chat::recent(db, &broadcast.id).await?,
    };
    let standing =
        interaction::pages::standing(&live, &broadcast, person.as_ref().map(|person| &person.id)).await?;
    let asked = match (&person, &broadcast.stage) {
        (Some(person), Stage::Scheduled { .. }) => notice::is_asked(db, &broadcast.id, &person.id).await?,
        _ => false,
    };
    let push_key = match broadcast.stage {
        Stage::Scheduled { .. } if person.is_some() && !asked => push::key(&live).await?,
        _ => String::new(),
    };
    let stories = told(db, &ui, &goods).await?;
    let ids: Vec<_> = goods.iter().map(|card| card.id.clone()).collect();
    let entries = diary::of_products(db, &ids, ENTRIES).await.map_err(Error::from)?;
    let data = structured::script(&ui, &broadcast, &store);
    let join = Join::now(&live, &broadcast.id);
    let page = web::page(&WatchPage {
        id: broadcast.id.clone(),
        title: broadcast.title_in(ui.language()).to_owned(),
        sponsor: broadcast.sponsor.clone(),
        poster: poster(&ui, &broadcast),
        placeholder: poster_of_width(&ui, &broadcast, if join.is_some() { 480 } else { 960 }),
        stage: broadcast.stage.word(),
        join,
        by_webrtc: live.stream(&broadcast.id).is_some_and(|stream| stream.has_seat()),
        before: before(&ui, &broadcast.stage, live.base.clock.now_ms()),
        asked,
        push_key,
        has_replay: broadcast.public_replay().is_some(),
        is_withdrawn: broadcast.withdrawn_at_ms.is_some(),
        viewers: live.rooms.viewers(&broadcast.id) as i64,
        store: store.name_in(ui.language()).to_owned(),
        store_href: format!("/stores/{}", store.slug),
        identity: store.identity.lines(&ui),
        pinned,
        goods,
        chat,
        standing,
        kinds: Kind::ALL,
        stories,
        entries,
        data,
        ui,
    })?;
    Ok(page.into_response())
}

/// How long it still takes, in words, and the hour.
fn before(ui: &Ui, stage: &Stage, now_ms: i64) -> String {
    let Stage::Scheduled { starts_at_ms } = stage else { return String::new() };
    let left_ms = starts_at_ms - now_ms;
    let when = ui.time(starts_at_ms);
    match left_ms {
        ..MINUTE_MS => ui.t("live-soon"),
        MINUTE_MS..HOUR_MS => ui.t2("live-in-minutes", "count", left_ms / MINUTE_MS, "when", when),
        HOUR_MS..DAY_MS => ui.t2("live-in-hours", "count", left_ms / HOUR_MS, "when", when),
        _ => ui.t2("live-in-days", "count", left_ms / DAY_MS, "when", when),
    }
}

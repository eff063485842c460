//! The seller's page of clips: what was found, what is being made, and what stands on the products' pages.

use askama::Template;
use axum::extract::State;
use axum::http::header::{self, HeaderName};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use shop::product::{self, Card};
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Ui};

use super::{Clip, ClipId, Stage, film};
use crate::broadcast::{Broadcast, BroadcastId};
use crate::host::Own;
use crate::{Error, Live, clip};

/// A page on which something is being made looks again by itself, after so many seconds.
const REFRESH: &str = "3";

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/sell/{store}/live/{broadcast}/clips", get(page).post(propose))
        .route("/sell/{store}/live/{broadcast}/clips/{clip}", post(change))
}

/// A clip as its card shows it.
struct Shown {
    clip: Clip,
    name: String,
    photo: String,
    href: String,
    /// Seconds after the beginning of the show.
    from_s: i64,
    to_s: i64,
    /// "1:05" after the beginning, and how long, as it is kept.
    at: String,
    seconds: i64,
    /// The product's price is another one than the one that is drawn.
    is_stale: bool,
    error: String,
}

impl Shown {
    fn is(&self, word: &str) -> bool {
        self.clip.stage.word() == word
    }
}

#[derive(Template)]
#[template(path = "studio/clips.html")]
struct ClipsPage {
    ui: Ui,
    title: String,
    studio: String,
    has_replay: bool,
    can_draw: bool,
    clips: Vec<Shown>,
}

/// A rehearsal has no clips.
fn real(broadcast: Broadcast) -> Result<Broadcast, Problem> {
    if broadcast.rehearses.is_none() { Ok(broadcast) } else { Err(Problem::not_found()) }
}

/// `GET /sell/{store}/live/{broadcast}/clips`
async fn page(Own(broadcast): Own, ui: Ui, State(live): State<Live>) -> Result<Response, Problem> {
    let broadcast = real(broadcast)?;
    show(look(&live, ui, &broadcast).await?)
}

fn show(page: ClipsPage) -> Result<Response, Problem> {
    let html = web::page(&page)?;
    Ok(match page.clips.iter().any(|shown| shown.clip.stage == Stage::Making) {
        true => {
            // With an address: after a tap ours ends with the clip's name, and to go there again would load nothing.
            let again = format!("{REFRESH}; url={}/clips", page.studio);
            let again =
                [(HeaderName::from_static("refresh"), again), (header::CACHE_CONTROL, "no-store".into())];
            (again, html).into_response()
        }
        false => html.into_response(),
    })
}

async fn look(live: &Live, ui: Ui, broadcast: &Broadcast) -> Result<ClipsPage, Error> {
    let db = &live.base.db;
    let clips = clip::all(db, &broadcast.id).await?;
    let ids: Vec<_> = clips.iter().map(|clip| clip.product_id.clone()).collect();
    let cards = product::cards(db, &ids).await?;
    let from_ms = clip::span(db, broadcast).await?.map_or(0, |(from_ms, _)| from_ms);
    let shown = |clip: Clip| {
        let card: Option<&Card> = cards.iter().find(|card| card.id == clip.product_id);
        let from_s = (clip.from_ms - from_ms) / 1000;
        Shown {
            name: card.map(|card| card.name_in(ui.language()).to_owned()).unwrap_or_default(),
            photo: card.map(|card| card.cover_id().to_owned()).unwrap_or_default(),
            href: card.map(Card::href).unwrap_or_default(),
            from_s,
            at: format!("{}:{:02}", from_s / 60, from_s % 60),
            seconds: (clip.to_ms - clip.from_ms) / 1000,
            to_s: (clip.to_ms - from_ms) / 1000,
            is_stale: clip.drawn_won != 0 && card.is_some_and(|card| card.price_from_won.0 != clip.drawn_won),
            error: String::new(),
            clip,
        }
    };
    Ok(ClipsPage {
        title: broadcast.title_in(ui.language()).to_owned(),
        studio: broadcast.studio_path(),
        has_replay: broadcast.replay().is_some(),
        can_draw: film::can_draw(),
        clips: clips.into_iter().map(shown).collect(),
        ui,
    })
}

/// `POST /sell/{store}/live/{broadcast}/clips`: looks for clips once more.
async fn propose(Own(broadcast): Own, State(live): State<Live>) -> Result<Response, Problem> {
    let broadcast = real(broadcast)?;
    clip::propose(&live, &broadcast).await?;
    Ok(Redirect::to(&format!("{}/clips", broadcast.studio_path())).into_response())
}

/// One form a clip: what its button says is done.
#[derive(Deserialize)]
struct Change {
    /// `make`, `publish`, `withdraw` or `remove`.
    #[serde(default)]
    act: String,
    /// Seconds after the beginning of the show.
    from: Option<i64>,
    to: Option<i64>,
}

async fn change(
    Own(broadcast): Own,
    ui: Ui,
    State(live): State<Live>,
    Path((_, _, clip_id)): Path<(String, BroadcastId, ClipId)>,
    Form(change): Form<Change>,
) -> Result<Response, Problem> {
    let broadcast = real(broadcast)?;
    let done = match change.act.as_str() {
        "make" => make(&live, &broadcast, &clip_id, &change).await,
        "publish" => clip::publish(&live, &broadcast, &clip_id).await,
        "withdraw" => clip::withdraw(&live, &broadcast, &clip_id).await,
        "remove" => clip::remove(&live, &broadcast, &clip_id).await,
        _ => Err(Error::NoClip),
    };
    if let Err(Error::Field { slug, .. }) = done {
        let mut page = look(&live, ui, &broadcast).await?;
        for shown in page.clips.iter_mut().filter(|shown| shown.clip.id == clip_id) {
            shown.error = page.ui.t(&format!("field-{slug}"));
            (shown.from_s, shown.to_s) =
                (change.from.unwrap_or(shown.from_s), change.to.unwrap_or(shown.to_s));
        }
        return Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, show(page)?).into_response());
    }
    done?;
    let at = if change.act == "remove" { String::new() } else { format!("#{clip_id}") };
    Ok(Redirect::to(&format!("{}/clips{at}", broadcast.studio_path())).into_response())
}

/// The moments as they were found, unless others were written.
async fn make(live: &Live, show: &Broadcast, id: &ClipId, change: &Change) -> Result<(), Error> {
    let found = clip::find(&live.base.db, id).await?.filter(|clip| clip.broadcast_id == show.id);
    let found = found.ok_or(Error::NoClip)?;
    let (from_ms, _) = clip::span(&live.base.db, show).await?.ok_or(Error::NoClip)?;
    // Whole seconds are shown: what was not changed keeps its milliseconds.
    let moment = |written: Option<i64>, ms: i64| match written {
        Some(seconds) if seconds != (ms - from_ms) / 1000 => {
            from_ms.saturating_add(seconds.saturating_mul(1000))
        }
        _ => ms,
    };
    let between = (moment(change.from, found.from_ms), moment(change.to, found.to_ms));
    clip::make(live, show, id, between).await
}

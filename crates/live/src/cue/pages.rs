//! The cue sheet, where it is written, and the teleprompter, where it is read from two metres away.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use shop::product::{Card, ProductId};
use utoipa_axum::router::OpenApiRouter;
use web::{Form, Path, Problem, Ui};

use super::{Cue, CueId, Kind, LENGTHS, MAX_SAID, Told, Written};
use crate::broadcast::{self, Broadcast, Stage};
use crate::host::Own;
use crate::{Error, Live, cue};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/sell/{store}/live/{broadcast}/cues", get(sheet).post(lay_out))
        .route("/sell/{store}/live/{broadcast}/cues/more", post(add))
        .route("/sell/{store}/live/{broadcast}/cues/{cue}", post(change))
        .route("/sell/{store}/live/{broadcast}/prompter", get(prompter))
}

/// A cue as its row shows it.
struct Line {
    cue: Cue,
    /// From the beginning of the show: "3:30".
    at: String,
    name: String,
    photo: String,
    error: String,
}

impl Line {
    fn heading(&self, ui: &Ui) -> String {
        match self.cue.kind {
            Kind::Product | Kind::Offer if !self.name.is_empty() => self.name.clone(),
            kind => ui.t(&format!("live-cue-kind-{}", kind.word())),
        }
    }

    /// Whether it is about a product, which can be told in four ways.
    fn is_told(&self) -> bool {
        self.cue.product_id.is_some()
    }

    fn is_told_as(&self, told: &Told) -> bool {
        self.cue.told == told.word()
    }
}

/// "1:05" of seconds.
fn clock(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn lines(cues: Vec<Cue>, goods: &[Card], ui: &Ui) -> Vec<Line> {
    let mut at_s = 0;
    let line = |cue: Cue| {
        let card = goods.iter().find(|card| Some(&card.id) == cue.product_id.as_ref());
        let at = clock(at_s);
        at_s += cue.seconds;
        Line {
            at,
            name: card.map(|card| card.name_in(ui.language()).to_owned()).unwrap_or_default(),
            photo: card.map(|card| card.cover_id().to_owned()).unwrap_or_default(),
            error: String::new(),
            cue,
        }
    };
    cues.into_iter().map(line).collect()
}

#[derive(Template)]
#[template(path = "studio/cues.html")]
struct SheetPage {
    ui: Ui,
    title: String,
    studio: String,
    lines: Vec<Line>,
    goods: Vec<Card>,
    /// How long all of it takes.
    length: String,
}

impl SheetPage {
    fn ways(&self) -> [Told; 4] {
        Told::ALL
    }

    fn lengths(&self) -> [i64; 4] {
        LENGTHS
    }

    fn most(&self) -> usize {
        MAX_SAID
    }
}

/// `GET /sell/{store}/live/{broadcast}/cues`
async fn sheet(Own(broadcast): Own, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    web::page(&page(&live, ui, &broadcast).await?)
}

async fn page(live: &Live, ui: Ui, broadcast: &Broadcast) -> Result<SheetPage, Error> {
    let db = &live.base.db;
    let goods = broadcast::products(db, &broadcast.id).await?;
    let cues = cue::all(db, &broadcast.id).await?;
    let length = clock(cues.iter().map(|cue| cue.seconds).sum());
    Ok(SheetPage {
        title: broadcast.title_in(ui.language()).to_owned(),
        studio: broadcast.studio_path(),
        lines: lines(cues, &goods, &ui),
        goods,
        length,
        ui,
    })
}

fn back(broadcast: &Broadcast, to: &str) -> Response {
    Redirect::to(&format!("{}/cues{to}", broadcast.studio_path())).into_response()
}

#[derive(Deserialize)]
struct Length {
    minutes: i64,
}

async fn lay_out(
    Own(broadcast): Own,
    ui: Ui,
    State(live): State<Live>,
    Form(length): Form<Length>,
) -> Result<Response, Problem> {
    cue::lay_out(&live, &broadcast, length.minutes, ui.language()).await?;
    Ok(back(&broadcast, ""))
}

#[derive(Deserialize)]
struct More {
    #[serde(default)]
    product: String,
}

async fn add(
    Own(broadcast): Own,
    State(live): State<Live>,
    Form(more): Form<More>,
) -> Result<Response, Problem> {
    let product: Option<ProductId> = more.product.parse().ok();
    let goods = broadcast::products(&live.base.db, &broadcast.id).await?;
    let product = product.filter(|product| goods.iter().any(|card| card.id == *product));
    let cue = cue::add(&live, &broadcast.id, product.as_ref()).await?;
    Ok(back(&broadcast, &format!("#{cue}")))
}

/// One form a cue: what its button says is done, and what is written in it is kept with it.
#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    said: String,
    #[serde(default)]
    minutes: i64,
    #[serde(default)]
    seconds: i64,
    /// `save`, `up`, `down`, `remove`, `back`, or a way to tell.
    #[serde(default)]
    act: String,
}

async fn change(
    Own(broadcast): Own,
    ui: Ui,
    State(live): State<Live>,
    Path((_, _, cue)): Path<(String, String, CueId)>,
    Form(change): Form<Change>,
) -> Result<Response, Problem> {
    let written = Written { said: change.said.clone(), seconds: change.minutes * 60 + change.seconds };
    // A button of one cue never loses what was typed into it.
    if let Err(error) = cue::write(&live, &broadcast.id, &cue, &written).await {
        let Error::Field { slug, .. } = error else { return Err(error.into()) };
        let mut page = page(&live, ui, &broadcast).await?;
        for line in page.lines.iter_mut().filter(|line| line.cue.id == cue) {
            line.cue.said = change.said.clone();
            line.error = page.ui.t(&format!("problem-{slug}"));
        }
        return Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response());
    }
    let ids: Vec<CueId> =
        cue::all(&live.base.db, &broadcast.id).await?.into_iter().map(|one| one.id).collect();
    let at = ids.iter().position(|one| *one == cue).unwrap_or_default();
    match change.act.as_str() {
        "up" => cue::place(&live, &broadcast.id, &cue, at.saturating_sub(1)).await?,
        "down" => cue::place(&live, &broadcast.id, &cue, at + 1).await?,
        "remove" => {
            cue::remove(&live, &broadcast.id, &cue).await?;
            return Ok(back(&broadcast, ""));
        }
        "back" => cue::bring_back(&live, &broadcast.id, &cue).await?,
        act => {
            if let Some(told) = Told::of(act) {
                cue::tell(&live, &broadcast.id, &cue, told, ui.language()).await?;
            }
        }
    }
    Ok(back(&broadcast, &format!("#{cue}")))
}

#[derive(Template)]
#[template(path = "studio/prompter.html")]
struct PrompterPage {
    ui: Ui,
    title: String,
    studio: String,
    cues: String,
    lines: Vec<Line>,
    /// How long the show has been on; empty: it has not begun.
    elapsed_ms: String,
}

/// `GET /sell/{store}/live/{broadcast}/prompter`
async fn prompter(Own(broadcast): Own, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    let goods = broadcast::products(&live.base.db, &broadcast.id).await?;
    let cues = cue::all(&live.base.db, &broadcast.id).await?;
    let elapsed_ms = match broadcast.stage {
        Stage::Live { since_ms } => (live.base.clock.now_ms() - since_ms).to_string(),
        _ => String::new(),
    };
    web::page(&PrompterPage {
        title: broadcast.title_in(ui.language()).to_owned(),
        studio: broadcast.studio_path(),
        cues: format!("{}/cues", broadcast.studio_path()),
        lines: lines(cues, &goods, &ui),
        elapsed_ms,
        ui,
    })
}

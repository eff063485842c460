//! The diagnosis as the seller's page, and as JSON.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use shop::product::ProductId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Problem, Ui};

use super::chart::{self, Chart};
use super::{Diagnosis, Sold, Tip};
use crate::audience::MINUTE_MS;
use crate::broadcast::pages::poster;
use crate::host::Own;
use crate::{Host, Live};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/sell/{store}/live/{broadcast}/diagnosis", get(page))
        .routes(routes!(diagnosis))
}

/// A show that is over, by the minute: viewers, chat, reactions, taps and orders, what sold when, where people left, and
/// what to try next time.
#[utoipa::path(get, path = "/api/v1/broadcasts/{broadcast}/diagnosis", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Diagnosis), (status = "4XX", body = Problem)))]
async fn diagnosis(host: Host, State(live): State<Live>) -> Result<Json<Diagnosis>, Problem> {
    Ok(Json(super::of(&live.base.db, &host.broadcast).await?))
}

#[derive(Template)]
#[template(path = "studio/diagnosis.html")]
struct DiagnosisPage {
    ui: Ui,
    id: String,
    store: String,
    title: String,
    poster: String,
    has_replay: bool,
    seen: Diagnosis,
    chart: Chart,
    tips: Vec<Said>,
    /// What is compared: the words' key, now, and usually.
    compared: Vec<(&'static str, String, String)>,
}

/// A tip in words.
struct Said {
    what: String,
    why: String,
    at_ms: Option<i64>,
}

/// `GET /sell/{store}/live/{broadcast}/diagnosis`
async fn page(Own(broadcast): Own, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    let seen = super::of(&live.base.db, &broadcast).await?;
    let number = |product: &ProductId| seen.products.iter().position(|sold| sold.product == *product);
    let to_ms = seen.to_ms.unwrap_or_default();
    let chart = chart::draw(&seen.minutes, &seen.pinned, seen.fall, to_ms, |band| {
        number(&band.product).map_or(0, |at| at + 1)
    });
    web::page(&DiagnosisPage {
        id: broadcast.id.to_string(),
        store: broadcast.store.to_string(),
        title: broadcast.title_in(ui.language()).to_owned(),
        poster: poster(&ui, &broadcast),
        has_replay: broadcast.replay().is_some(),
        tips: seen.tips.iter().map(|tip| said(&ui, &seen, tip)).collect(),
        compared: compared(&ui, &seen),
        chart,
        seen,
        ui,
    })
}

impl DiagnosisPage {
    /// Where the show is watched again.
    fn watch(&self) -> String {
        format!("/live/{}", self.id)
    }

    fn name<'a>(&'a self, sold: &'a Sold) -> String {
        name(&self.ui, sold)
    }

    fn after(&self, minutes: &i64) -> String {
        self.ui.t1("diagnosis-after", "minutes", *minutes)
    }

    /// Whole minutes of a length, half ones up.
    fn minutes(&self, ms: &i64) -> String {
        minutes(&self.ui, *ms)
    }

    /// The sentence that the chart proves.
    fn sentence(&self) -> String {
        let most = self.seen.minutes.iter().enumerate().rev().max_by_key(|(_, minute)| minute.viewers);
        match most.filter(|(_, minute)| minute.viewers > 0) {
            Some((0, minute)) => self.ui.t1("diagnosis-most-first", "people", minute.viewers),
            Some((after, minute)) => {
                self.ui.t2("diagnosis-most", "minutes", after as i64, "people", minute.viewers)
            }
            None => self.ui.t("diagnosis-uncounted"),
        }
    }

    fn fell(&self) -> Option<String> {
        let fall = self.seen.fall?;
        Some(self.ui.t2("diagnosis-fell", "before", fall.before, "after", fall.after))
    }

    /// How many minutes after the beginning a moment lies.
    fn since(&self, at_ms: &i64) -> String {
        self.ui.t1("diagnosis-at", "minutes", since(&self.seen, *at_ms))
    }

    fn lane(&self, lane: &chart::Lane) -> String {
        self.ui.t1(&format!("diagnosis-lane-{}", lane.what.slug()), "count", lane.most)
    }
}

fn since(seen: &Diagnosis, at_ms: i64) -> i64 {
    let first = seen.from_ms.unwrap_or_default().div_euclid(MINUTE_MS);
    at_ms.div_euclid(MINUTE_MS) - first
}

fn minutes(ui: &Ui, ms: i64) -> String {
    if (1..MINUTE_MS).contains(&ms) {
        return ui.t("diagnosis-moment");
    }
    ui.t1("diagnosis-minutes", "minutes", (ms + MINUTE_MS / 2) / MINUTE_MS)
}

fn name(ui: &Ui, sold: &Sold) -> String {
    match (ui.is_korean() || sold.name_en.is_empty(), sold.name.is_empty()) {
        (_, true) => ui.t("diagnosis-removed"),
        (true, _) => sold.name.clone(),
        (false, _) => sold.name_en.clone(),
    }
}

fn said(ui: &Ui, seen: &Diagnosis, tip: &Tip) -> Said {
    let called = |product: &ProductId| {
        seen.products
            .iter()
            .find(|sold| sold.product == *product)
            .map_or_else(String::new, |sold| name(ui, sold))
    };
    let (what, why, at_ms) = match tip {
        Tip::PeopleLeft { at_ms, before, after, product } => {
            let what = match product {
                Some(product) => ui.t1("tip-people-left-shown", "product", called(product)),
                None => ui.t("tip-people-left"),
            };
            let when = ui.t1("diagnosis-at", "minutes", since(seen, *at_ms));
            let fell = ui.t2("diagnosis-fell", "before", *before, "after", *after);
            (what, format!("{when} {fell}"), Some(*at_ms))
        }
        Tip::LookedNotBought { product, taps, orders } => (
            ui.t1("tip-looked", "product", called(product)),
            ui.t2("tip-looked-why", "taps", *taps, "orders", *orders),
            None,
        ),
        Tip::SoldWhileShown { product, orders_shown, all_orders, shown_ms, show_ms } => {
            let orders = ui.t2("tip-sold-why", "all", *all_orders, "orders", *orders_shown);
            let (shown, show) = (minutes(ui, *shown_ms), minutes(ui, *show_ms));
            let time = ui.t2("tip-sold-time", "shown", shown, "show", show);
            (ui.t1("tip-sold", "product", called(product)), format!("{time} · {orders}"), None)
        }
        Tip::SoldUnshown { product, orders } => (
            ui.t1("tip-unshown", "product", called(product)),
            ui.t1("tip-unshown-why", "orders", *orders),
            None,
        ),
        Tip::ShownLate { after_ms } => {
            (ui.t("tip-late"), ui.t1("tip-late-why", "time", minutes(ui, *after_ms)), None)
        }
        Tip::Unanswered { questions } => {
            (ui.t("tip-unanswered"), ui.t1("tip-unanswered-why", "count", *questions), None)
        }
    };
    Said { what, why, at_ms }
}

fn compared(ui: &Ui, seen: &Diagnosis) -> Vec<(&'static str, String, String)> {
    let usual = seen.usual.map(|usual| usual.totals).unwrap_or_default();
    let now = seen.totals;
    let number = |key, now: i64, usual: i64| (key, ui.number(now), ui.number(usual));
    vec![
        number("diagnosis-viewers", now.viewers, usual.viewers),
        number("diagnosis-peak", now.peak, usual.peak),
        number("diagnosis-chat", now.chat, usual.chat),
        number("diagnosis-reactions", now.reactions, usual.reactions),
        number("diagnosis-taps", now.taps, usual.taps),
        number("diagnosis-orders", now.orders, usual.orders),
        ("diagnosis-won", ui.won(now.sold_won), ui.won(usual.sold_won)),
    ]
}

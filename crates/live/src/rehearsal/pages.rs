//! Beginning a rehearsal, and the page that looks back at it.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::post;
use utoipa_axum::router::OpenApiRouter;
use web::{Problem, Ui};

use super::{Advice, Facts};
use crate::broadcast::{self, Broadcast, Stage};
use crate::host::Own;
use crate::{Error, Live, rehearsal};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().route("/sell/{store}/live/{broadcast}/rehearsal", post(begin))
}

/// `POST /sell/{store}/live/{broadcast}/rehearsal`
async fn begin(Own(show): Own, State(live): State<Live>) -> Result<Response, Problem> {
    // Practised again from the report, it is the same show that is practised.
    let show = match &show.rehearses {
        Some(of) => broadcast::find(&live.base.db, of).await?,
        None => show,
    };
    if matches!(show.stage, Stage::Ended { .. }) {
        return Err(Error::Over.into());
    }
    let rehearsal = broadcast::rehearse(&live, &show).await?;
    Ok(Redirect::to(&format!("/sell/{}/live/{rehearsal}", show.store)).into_response())
}

#[derive(Template)]
#[template(path = "studio/rehearsed.html")]
struct ReportPage {
    ui: Ui,
    title: String,
    /// The studio of the real show.
    studio: String,
    again: String,
    watch: String,
    has_replay: bool,
    facts: Facts,
    advice: Vec<String>,
}

impl ReportPage {
    fn time(&self, seconds: &i64) -> String {
        self.ui.t2("live-report-time", "minutes", seconds / 60, "seconds", seconds % 60)
    }
}

/// What the studio of a rehearsal shows once it is over.
pub(crate) async fn report(live: &Live, ui: Ui, rehearsal: &Broadcast) -> Result<Html<String>, Problem> {
    let facts = rehearsal::facts(live, rehearsal, ui.language()).await?;
    let advice = facts.advice().iter().map(|one| say(&ui, one)).collect();
    let of = rehearsal.rehearses.as_ref().unwrap_or(&rehearsal.id);
    web::page(&ReportPage {
        title: rehearsal.title_in(ui.language()).to_owned(),
        studio: format!("/sell/{}/live/{of}", rehearsal.store),
        again: format!("{}/rehearsal", rehearsal.studio_path()),
        watch: rehearsal.path(),
        has_replay: rehearsal.replay().is_some(),
        facts,
        advice,
        ui,
    })
}

fn say(ui: &Ui, advice: &Advice) -> String {
    let time = |seconds: &i64| ui.t2("live-report-time", "minutes", seconds / 60, "seconds", seconds % 60);
    match advice {
        Advice::NothingShown => ui.t("live-advice-nothing-shown"),
        Advice::FirstLate { seconds } => ui.t1("live-advice-first-late", "time", time(seconds)),
        Advice::NotShown { names } => ui.t1("live-advice-not-shown", "names", names.join(", ")),
        Advice::FewAnswers { asked, answered } => {
            ui.t2("live-advice-few-answers", "asked", *asked, "answered", *answered)
        }
        Advice::SlowAnswers { seconds } => ui.t1("live-advice-slow-answers", "time", time(seconds)),
        Advice::TooLong { name, seconds } => {
            ui.t2("live-advice-too-long", "name", name.as_str(), "time", time(seconds))
        }
        Advice::TooShort { lasted_s, planned_s } => {
            ui.t2("live-advice-too-short", "lasted", time(lasted_s), "planned", time(planned_s))
        }
    }
}

//! The poster of a show: one sheet of paper for the stall, with a picture of squares that leads to the show.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use shop::store;
use utoipa_axum::router::OpenApiRouter;
use web::{Problem, Ui, qr};

use crate::broadcast::Stage;
use crate::broadcast::pages::poster;
use crate::host::Own;
use crate::{Error, Live};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().route("/sell/{store}/live/{broadcast}/poster", get(page))
}

#[derive(Template)]
#[template(path = "studio/poster.html")]
struct PosterPage {
    ui: Ui,
    title: String,
    store: String,
    photo: String,
    has_photo: bool,
    /// The day and the hour, or nothing once it has begun.
    day: String,
    hour: String,
    address: String,
    /// The picture of squares, as SVG.
    code: String,
    studio: String,
}

/// `GET /sell/{store}/live/{broadcast}/poster`
async fn page(Own(broadcast): Own, ui: Ui, State(live): State<Live>) -> Result<Html<String>, Problem> {
    let (day, hour) = match broadcast.stage {
        Stage::Scheduled { starts_at_ms } => (ui.date(&starts_at_ms), ui.hour_of(&starts_at_ms)),
        Stage::Ended { .. } => return Err(Error::Over.into()),
        _ => Default::default(),
    };
    let store = store::find(&live.base.db, &broadcast.store).await.map_err(Error::from)?;
    let address = ui.absolute(&broadcast.path());
    web::page(&PosterPage {
        title: broadcast.title_in(ui.language()).to_owned(),
        store: store.name_in(ui.language()).to_owned(),
        photo: poster(&ui, &broadcast),
        has_photo: !broadcast.poster.is_empty(),
        day,
        hour,
        code: qr::draw(&address, &ui.t("live-poster-code")),
        address,
        studio: broadcast.studio_path(),
        ui,
    })
}

//! Notices for programs.

use axum::extract::State;
use axum::http::StatusCode;
use people::Person;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Problem, Ui};

use super::Asking;
use crate::host::Shown;
use crate::{Live, notice};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().routes(routes!(put, delete))
}

/// Whether one waits to be told.
#[derive(Serialize, utoipa::ToSchema)]
struct Notice {
    asked: bool,
}

/// Ask to be told when a broadcast begins: once, by what reaches you. Repeating it changes nothing.
#[utoipa::path(put, path = "/api/v1/broadcasts/{broadcast}/notice", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 200, body = Notice), (status = "4XX", body = Problem)))]
async fn put(
    person: Person,
    ui: Ui,
    State(live): State<Live>,
    Shown(broadcast): Shown,
) -> Result<Json<Notice>, Problem> {
    let asking = Asking { person: &person.id, lang: ui.language(), home: &ui.absolute("") };
    notice::ask(&live, &broadcast.id, asking).await?;
    Ok(Json(Notice { asked: true }))
}

/// Ask no more.
#[utoipa::path(delete, path = "/api/v1/broadcasts/{broadcast}/notice", tag = "live",
    params(("broadcast" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn delete(
    person: Person,
    State(live): State<Live>,
    Shown(broadcast): Shown,
) -> Result<StatusCode, Problem> {
    notice::withdraw(&live.base.db, &broadcast.id, &person.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

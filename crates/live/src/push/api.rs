//! Browsers that may be told, as the page's script and programs announce them.

use axum::extract::State;
use axum::http::StatusCode;
use people::Person;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Json, Problem};

use super::{NewBrowser, add};
use crate::{Live, push};

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().routes(routes!(key, put))
}

/// The market's key.
#[derive(Serialize, utoipa::ToSchema)]
struct PushKey {
    /// `applicationServerKey` for `pushManager.subscribe`, in base64url.
    key: String,
}

/// The key to subscribe with. It never changes.
#[utoipa::path(get, path = "/api/v1/push", tag = "live",
    responses((status = 200, body = PushKey), (status = "4XX", body = Problem)))]
async fn key(State(live): State<Live>) -> Result<Json<PushKey>, Problem> {
    Ok(Json(PushKey { key: push::key(&live).await? }))
}

/// Announce a browser: notices you asked for come to it instead of by letter. Repeating it changes nothing.
#[utoipa::path(put, path = "/api/v1/push", tag = "live", request_body = NewBrowser,
    responses((status = 204), (status = "4XX", body = Problem)))]
async fn put(
    person: Person,
    State(live): State<Live>,
    Json(browser): Json<NewBrowser>,
) -> Result<StatusCode, Problem> {
    add(&live, &person.id, &browser).await?;
    Ok(StatusCode::NO_CONTENT)
}

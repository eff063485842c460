//! `GET /photos/{id}/{width}.jpg`: never changes, so everybody between us and the reader may keep it.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use web::{Path, Problem};

use super::{PhotoId, read};
use crate::Shop;

/// The route, mounted outside the page layers: no session, no compression.
pub(crate) fn routes(shop: Shop) -> Router {
    Router::new().route("/photos/{photo}/{file}", get(serve)).with_state(shop)
}

async fn serve(
    State(shop): State<Shop>,
    Path((photo, file)): Path<(PhotoId, String)>,
) -> Result<Response, Problem> {
    let width =
        file.strip_suffix(".jpg").and_then(|width| width.parse().ok()).ok_or_else(Problem::not_found)?;
    let jpeg = read(&shop, &photo, width).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, jpeg).into_response())
}

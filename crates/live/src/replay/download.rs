//! The recording as one file, for its seller to keep.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::clock;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use utoipa_axum::router::OpenApiRouter;
use web::Problem;

use crate::host::Own;
use crate::limit::{self, Action};
use crate::{Error, Live};

pub(super) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().route("/sell/{store}/live/{broadcast}/recording.mp4", get(download))
}

/// `GET /sell/{store}/live/{broadcast}/recording.mp4`
async fn download(Own(broadcast): Own, State(live): State<Live>) -> Result<Response, Problem> {
    broadcast.replay().ok_or_else(Problem::not_found)?;
    // Each reads the whole recording twice.
    limit::take(&live.lately, broadcast.store.as_str(), Action::Download, live.base.clock.now_ms())?;
    let film = media::download(&live.store, broadcast.id.as_str(), None).await.map_err(Error::from)?;
    let day = clock::at(film.starts_ms).to_zoned(clock::seoul()).date();
    let title = utf8_percent_encode(&broadcast.title, NON_ALPHANUMERIC);
    let name = format!("attachment; filename=\"{day}.mp4\"; filename*=UTF-8''{day}%20{title}.mp4");
    let said = [
        (header::CONTENT_TYPE, "video/mp4".to_owned()),
        (header::CONTENT_LENGTH, film.length.to_string()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((said, Body::from_stream(film.bytes())).into_response())
}

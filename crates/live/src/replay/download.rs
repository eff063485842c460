//! The recording as one file, for its seller to keep.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::clock;
use people::Seller;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use utoipa_axum::router::OpenApiRouter;
use web::{Path, Problem};

use crate::broadcast::{self, BroadcastId};
use crate::limit::{self, Action};
use crate::{Error, Live};

pub(super) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new().route("/sell/{store}/live/{broadcast}/recording.mp4", get(download))
}

/// `GET /sell/{store}/live/{broadcast}/recording.mp4`
async fn download(
    seller: Seller,
    State(live): State<Live>,
    Path((_, id)): Path<(String, BroadcastId)>,
) -> Result<Response, Problem> {
    let broadcast = broadcast::find(&live.base.db, &id).await?;
    let is_there = broadcast.store == seller.store && broadcast.replay().is_some();
    if !is_there {
        return Err(Problem::not_found());
    }
    // Each reads the whole recording twice.
    limit::take(&live.lately, seller.store.as_str(), Action::Download, live.base.clock.now_ms())?;
    let film = media::download(&live.store, id.as_str(), None).await.map_err(Error::from)?;
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

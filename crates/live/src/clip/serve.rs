//! The films of clips, as players ask for them: whole, or a range.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectStoreExt};

use crate::stream::routes::{Wanted, within};
use crate::{Error, Live};

/// Where a film lies in the blobs.
pub(crate) fn key(file: &str) -> String {
    format!("clips/{file}")
}

/// `GET /media/clips/{file}`. Names are not guessed, and a name's film never changes.
pub(crate) async fn film(
    State(live): State<Live>,
    Path(file): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !file.bytes().all(is_name) || !file.ends_with(".mp4") {
        return StatusCode::NOT_FOUND.into_response();
    }
    match read(&live, &file, headers.get(header::RANGE).filter(|_| method == Method::GET)).await {
        Ok(response) => response,
        Err(Error::Media(media::Error::Store(object_store::Error::NotFound { .. }))) => {
            StatusCode::NOT_FOUND.into_response()
        }
        Err(error) => {
            tracing::error!(%error, "A clip could not be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn read(live: &Live, file: &str, range: Option<&HeaderValue>) -> Result<Response, Error> {
    let (store, key) = (live.base.blobs.store(), Key::from(key(file)));
    let total = store.head(&key).await.map_err(media::Error::from)?.size;
    let (from, to) = match range.map(|range| within(range, total as usize)) {
        None | Some(Wanted::All) => (0, total),
        Some(Wanted::Part(from, to)) => (from as u64, to as u64),
        Some(Wanted::Nothing) => {
            let said = [(header::CONTENT_RANGE, format!("bytes */{total}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, said).into_response());
        }
    };
    let is_part = from > 0 || to < total;
    let wanted =
        GetOptions { range: is_part.then_some(GetRange::Bounded(from..to)), ..GetOptions::default() };
    let found =
        object_store::ObjectStore::get_opts(&*store, &key, wanted).await.map_err(media::Error::from)?;
    let said = [
        (header::CONTENT_TYPE, "video/mp4".to_owned()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_LENGTH, (to - from).to_string()),
    ];
    let mut response = (said, Body::from_stream(found.into_stream())).into_response();
    if is_part {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        if let Ok(said) = HeaderValue::try_from(format!("bytes {from}-{}/{total}", to - 1)) {
            response.headers_mut().insert(header::CONTENT_RANGE, said);
        }
    }
    Ok(response)
}

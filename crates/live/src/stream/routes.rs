//! The video's front door. These answers go out by the ten thousand a second, so nothing here looks
//! up a session, packs a body, or builds a header that could have been built before.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use bytes::Bytes;
use futures::StreamExt;
use media::{Cache, Kind, Reload, Served, Stream};
use serde_json::json;
use web::{Lang, Problem};

use crate::broadcast::BroadcastId;
use crate::stream::Place;
use crate::{Error, Live, Result, clip, room, stream};

/// The largest SDP; a phone's has about 5 KB.
const SDP: usize = 64 * 1024;
/// What the uplink test sends.
const UPLINK: usize = 512 * 1024;

const X_INIT: HeaderName = HeaderName::from_static("x-init");
const ANYBODY: HeaderValue = HeaderValue::from_static("*");
const X_NOW: HeaderName = HeaderName::from_static("x-now");
const EXPOSED: HeaderValue = HeaderValue::from_static("x-init, x-now, location");
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const SHORT: HeaderValue = HeaderValue::from_static("public, max-age=6");
const SECOND: HeaderValue = HeaderValue::from_static("public, max-age=0, s-maxage=1");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const MP4: HeaderValue = HeaderValue::from_static("video/mp4");
const PLAYLIST: HeaderValue = HeaderValue::from_static("application/vnd.apple.mpegurl");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const BYTES: HeaderValue = HeaderValue::from_static("bytes");

/// The routes of the video and of the rooms' sockets, to be mounted outside the page layers.
pub fn routes(live: Live) -> Router {
    Router::new()
        .route("/media/{broadcast}/whip", post(publish).fallback(other))
        .route("/media/{broadcast}/whip/{session}", delete(goodbye).patch(trickle).fallback(other))
        .route("/media/{broadcast}/whep", post(show).fallback(other))
        .route("/media/{broadcast}/whep/{session}", delete(leave).patch(trickle).fallback(other))
        .route("/media/{broadcast}/uplink", post(uplink).fallback(other))
        .route("/media/clips/{file}", get(clip::serve::film))
        .route("/media/{broadcast}/{file}", get(file).fallback(other))
        .route("/live/{broadcast}/socket", get(room::listen))
        .with_state(live)
}

/// What nearly every request of a busy evening is: a part of a show that is on air here. It is asked
/// before the router, whose way costs more than the part. `None`: anything else, for the router.
#[derive(Clone)]
pub struct PartDoor(Arc<Live>);

impl PartDoor {
    pub(crate) fn new(live: Live) -> PartDoor {
        PartDoor(Arc::new(live))
    }

    /// The stream and the number, of a plain GET.
    pub fn asked<B>(&self, request: &axum::http::Request<B>) -> Option<(Arc<Stream>, u64)> {
        let (broadcast, file) = request.uri().path().strip_prefix("/media/")?.split_once('/')?;
        let digits = file.strip_prefix('n')?.strip_suffix(".m4s")?;
        let plain = request.method() == Method::GET
            && request.uri().query().is_none()
            && !request.headers().contains_key(header::RANGE)
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| plain)?;
        Some((self.0.origin_of(broadcast).stream(broadcast)?, number))
    }
}

/// A part that [`PartDoor::asked`] has found, held until it exists.
pub async fn part(stream: Arc<Stream>, number: u64, uri: &Uri, headers: &HeaderMap) -> Response {
    match stream.part(number).await {
        Ok(served) => whole(served),
        Err(error) => refuse(Error::from(error).into(), headers, uri.path()),
    }
}

/// A part, an init, a segment or a playlist.
async fn file(
    State(live): State<Live>,
    Path((broadcast, file)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let reload = uri.query().map_or_else(Reload::default, reload);
    if let Err(error) = must_be_shown(&live, &broadcast).await {
        return refuse(error.into(), &headers, uri.path());
    }
    match live.origin_of(&broadcast).serve(&broadcast, &file, reload).await {
        Ok(served) => match headers.get(header::RANGE) {
            Some(range) if served.kind == Kind::Mp4 && method == Method::GET => part_of(served, range),
            _ => whole(served),
        },
        Err(media::Error::NoStream { .. }) => match absent(&live, &broadcast, &file).await {
            Ok(response) => response,
            Err(error) => refuse(error.into(), &headers, uri.path()),
        },
        Err(error) => refuse(Error::from(error).into(), &headers, uri.path()),
    }
}

/// A recording is for nobody once it is withdrawn, be it still in memory.
async fn must_be_shown(live: &Live, broadcast: &str) -> Result<()> {
    let Ok(id) = broadcast.parse::<BroadcastId>() else { return Ok(()) };
    match live.rooms.known(live, &id).await {
        Ok(known) if known.withdrawn_at_ms.is_some() => Err(Error::Withdrawn),
        Ok(_) | Err(Error::NoBroadcast) => Ok(()),
        // A database that does not answer takes no picture away from those who watch a show that is on.
        Err(_) if live.origin_of(broadcast).stream(broadcast).is_some() => Ok(()),
        Err(error) => Err(error),
    }
}

/// What every part says; only the init's number differs.
static PART: LazyLock<HeaderMap> = LazyLock::new(|| {
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, MP4),
        (header::CACHE_CONTROL, IMMUTABLE),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
        (X_INIT, HeaderValue::from_static("0")),
    ])
});

fn whole(served: Served) -> Response {
    let empty = served.body.is_empty();
    let mut response = Response::new(Body::from(served.body));
    let headers = response.headers_mut();
    if let Served { kind: Kind::Mp4, cache: Cache::Immutable, init: Some(init), .. } = served {
        PART.clone_into(headers);
        headers.insert(X_INIT, HeaderValue::from(init));
        return response;
    }
    headers.insert(header::CONTENT_TYPE, kind(served.kind));
    headers.insert(header::CACHE_CONTROL, cache(served.cache));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY);
    if served.kind == Kind::Mp4 {
        headers.insert(header::ACCEPT_RANGES, BYTES);
    }
    if empty {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}

/// One range of a body; anything more inventive gets the whole.
fn part_of(mut served: Served, range: &HeaderValue) -> Response {
    let total = served.body.len();
    match within(range, total) {
        Wanted::All => whole(served),
        Wanted::Nothing => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            if let Ok(said) = HeaderValue::try_from(format!("bytes */{total}")) {
                response.headers_mut().insert(header::CONTENT_RANGE, said);
            }
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY);
            response
        }
        Wanted::Part(from, to) => {
            served.body = served.body.slice(from..to);
            let mut response = whole(served);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            if let Ok(said) = HeaderValue::try_from(format!("bytes {from}-{}/{total}", to - 1)) {
                response.headers_mut().insert(header::CONTENT_RANGE, said);
            }
            response
        }
    }
}

/// What a range asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Wanted {
    All,
    Nothing,
    /// From, and one past the last.
    Part(usize, usize),
}

/// Reads `bytes=0-99`, `bytes=100-` and `bytes=-100`.
pub(crate) fn within(range: &HeaderValue, total: usize) -> Wanted {
    let range = range.to_str().ok().and_then(|range| range.strip_prefix("bytes="));
    let Some((from, to)) = range.and_then(|range| range.trim().split_once('-')) else { return Wanted::All };
    match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) if from <= to && from < total => {
            Wanted::Part(from, to.saturating_add(1).min(total))
        }
        (Ok(from), Err(_)) if to.is_empty() && from < total => Wanted::Part(from, total),
        (Err(_), Ok(last)) if from.is_empty() && last > 0 && total > 0 => {
            Wanted::Part(total.saturating_sub(last), total)
        }
        (Ok(from), _) if from >= total => Wanted::Nothing,
        _ => Wanted::All,
    }
}

/// `_HLS_msn` and `_HLS_part`; other words, and numbers that are none, do not count.
fn reload(query: &str) -> Reload {
    let number = |name: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    };
    Reload { msn: number("_HLS_msn"), part: number("_HLS_part") }
}

/// A stream that is not open here: before the first picture, after the end, or unknown.
async fn absent(live: &Live, broadcast: &str, file: &str) -> Result<Response> {
    let id: BroadcastId = broadcast.parse().map_err(|_| Error::NoBroadcast)?;
    let stage = live.rooms.stage(live, &id).await?;
    if file != "join" {
        let id = broadcast.to_owned();
        return Err(Error::Media(match stage {
            "ended" => media::Error::Ended { id },
            _ => media::Error::NotYet { name: file.to_owned() },
        }));
    }
    let state = if stage == "ended" { "ended" } else { "waiting" };
    let (part_ms, segment_ms) = (live.config.part.as_millis() as u64, live.config.segment.as_millis() as u64);
    let body = json!({ "state": state, "part_ms": part_ms, "segment_ms": segment_ms }).to_string();
    Ok(whole(Served { body: body.into(), kind: Kind::Json, cache: Cache::Second, init: None }))
}

/// `POST /media/{broadcast}/whip`; with `?take`, the place of the camera that is on air.
async fn publish(State(live): State<Live>, Path(broadcast): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let taken = async {
        let id: BroadcastId = broadcast.parse().map_err(|_| Error::NoBroadcast)?;
        let offer = read(body).await?;
        // Who may not publish learns nothing about the offer.
        stream::admitted(&live, &id, bearer(&parts.headers)).await?;
        let place = if parts.uri.query() == Some("take") { Place::Taken } else { Place::Free };
        Ok::<_, Problem>(stream::publish(&live, &id, bearer(&parts.headers), sdp(&offer)?, place).await?)
    };
    match taken.await {
        Ok(answer) => created(path, answer),
        Err(problem) => refuse(problem, &parts.headers, path),
    }
}

/// `POST /media/{broadcast}/whep`: a viewer wants the picture by WebRTC. As with the parts, anybody may; who is
/// refused plays the parts.
async fn show(State(live): State<Live>, Path(broadcast): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let shown = async {
        let stream = live.origin_of(&broadcast).stream(&broadcast);
        let stream = stream.ok_or(Error::Media(media::Error::NoStream { id: broadcast.clone() }))?;
        let offer = read(body).await?;
        let answer = stream.view(sdp(&offer)?).await.map_err(Error::Media)?;
        Ok::<_, Problem>((answer, stream.now_ms()))
    };
    match shown.await {
        Ok((answer, now_ms)) => {
            let mut response = created(path, answer);
            // WebRTC tells a player no time of day: it counts on from here.
            response.headers_mut().insert(X_NOW, HeaderValue::from(now_ms));
            response
        }
        Err(problem) => refuse(problem, &parts.headers, path),
    }
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    to_bytes(body, SDP).await.map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "sdp-large"))
}

fn sdp(offer: &[u8]) -> Result<&str> {
    let broken = |_| media::Error::BrokenOffer { reason: "not UTF-8".into() };
    std::str::from_utf8(offer).map_err(broken).map_err(Error::Media)
}

fn created(path: &str, answer: media::Answer) -> Response {
    let location = format!("{}/{}", path.trim_end_matches('/'), answer.session);
    let mut response = (StatusCode::CREATED, answer.sdp).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/sdp"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// `DELETE /media/{broadcast}/whip/{session}`: the publisher says goodbye; the session is unguessable.
async fn goodbye(
    State(live): State<Live>,
    Path((broadcast, session)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let left = live.origin_of(&broadcast).stream(&broadcast).map(|stream| stream.unpublish(&session));
    gone(left, &uri, &headers)
}

/// `DELETE /media/{broadcast}/whep/{session}`: a viewer says goodbye.
async fn leave(
    State(live): State<Live>,
    Path((broadcast, session)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let left = live.origin_of(&broadcast).stream(&broadcast).map(|stream| stream.unview(&session));
    gone(left, &uri, &headers)
}

fn gone(left: Option<Result<(), media::Error>>, uri: &Uri, headers: &HeaderMap) -> Response {
    match left {
        // A session that is gone already is what was asked for: the ending of a show closes it first.
        None | Some(Ok(()) | Err(media::Error::NoSession)) => cors(StatusCode::OK.into_response()),
        Some(Err(error)) => refuse(Error::from(error).into(), headers, uri.path()),
    }
}

/// `PATCH`: candidates that trickle in. We are ice-lite and learn them from the first packet.
async fn trickle() -> Response {
    cors(StatusCode::NO_CONTENT.into_response())
}

/// `POST /media/{broadcast}/uplink`: reads, counts and forgets, so that a studio can time its line.
async fn uplink(State(live): State<Live>, Path(broadcast): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let counted = async {
        let id: BroadcastId = broadcast.parse().map_err(|_| Error::NoBroadcast)?;
        stream::admitted(&live, &id, bearer(&parts.headers)).await?;
        let mut chunks = body.into_data_stream();
        let mut count = 0;
        while let Some(chunk) = chunks.next().await {
            count += chunk.map_err(|_| Problem::bad_request("unreadable"))?.len();
            if count > UPLINK {
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "uplink-large"));
            }
        }
        Ok(count)
    };
    match counted.await {
        Ok(count) => {
            let body = Bytes::from(json!({ "bytes": count }).to_string());
            let mut response = cors(Response::new(Body::from(body)));
            response.headers_mut().insert(header::CONTENT_TYPE, JSON);
            response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
            response
        }
        Err(problem) => refuse(problem, &parts.headers, parts.uri.path()),
    }
}

/// Preflights, and methods that nothing here knows.
async fn other(request: Request) -> Response {
    if request.method() != Method::OPTIONS {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "not-found");
        return refuse(problem, request.headers(), request.uri().path());
    }
    let mut response = cors(StatusCode::NO_CONTENT.into_response());
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, POST, PATCH, DELETE"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type, range"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

fn cors(mut response: Response) -> Response {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY);
    response
}

/// The token of `Authorization: Bearer …`, or nothing, which opens nothing.
fn bearer(headers: &HeaderMap) -> &str {
    let said = headers.get(header::AUTHORIZATION).and_then(|said| said.to_str().ok()).unwrap_or_default();
    match said.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => "",
    }
}

/// A problem as a program reads it; the page layers that would dress it are not here.
pub(crate) fn refuse(problem: Problem, asked: &HeaderMap, path: &str) -> Response {
    let accepts = asked.get(header::ACCEPT_LANGUAGE).and_then(|said| said.to_str().ok()).unwrap_or_default();
    let lang = accepts.split(',').find_map(Lang::of_tag).unwrap_or_default();
    let body = json!({
        "type": format!("/problems/{}", problem.slug()), "title": problem.title(lang),
        "status": problem.status().as_u16(), "detail": problem.next(lang), "instance": path,
    });
    let mut response = cors(Response::new(Body::from(body.to_string())));
    *response.status_mut() = problem.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, PROBLEM);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    match problem.status() {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    response
}

fn kind(kind: Kind) -> HeaderValue {
    match kind {
        Kind::Mp4 => MP4,
        Kind::Playlist => PLAYLIST,
        Kind::Json => JSON,
    }
}

fn cache(cache: Cache) -> HeaderValue {
    match cache {
        Cache::Immutable => IMMUTABLE,
        Cache::Short => SHORT,
        Cache::Second => SECOND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_players_write_them() {
        for (said, wanted) in [
            ("bytes=0-99", Wanted::Part(0, 100)),
            ("bytes=900-", Wanted::Part(900, 1000)),
            ("bytes=-100", Wanted::Part(900, 1000)),
            ("bytes=0-5000", Wanted::Part(0, 1000)),
            ("bytes=1000-", Wanted::Nothing),
            ("bytes=9-1", Wanted::All),
            ("bytes=0-1,5-6", Wanted::All),
            ("lines=0-1", Wanted::All),
        ] {
            assert_eq!(within(&HeaderValue::from_static(said), 1000), wanted, "{said}");
        }
    }

    #[test]
    fn a_reload_reads_its_two_numbers() {
        assert_eq!(reload("_HLS_msn=12&_HLS_part=3"), Reload { msn: Some(12), part: Some(3) });
        assert_eq!(reload("x=1&_HLS_msn=-1"), Reload::default());
    }
}

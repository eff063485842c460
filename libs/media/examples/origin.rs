//! The media path alone: WHIP in, playlists, parts and WHEP out, a folder of pages beside it.
//!
//! `cargo run --release -p media --example origin -- [folder of pages] [folder of recordings] [clip.mp4]`
//! serves on port 8088; a clip is looped as the stream `clip`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use media::{Answer, Clip, Config, Error, Origin, Reload};
use object_store::local::LocalFileSystem;
use serde::Deserialize;
use tower_http::cors::CorsLayer;
use tower_http::services::ServeDir;

#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "_HLS_msn")]
    msn: Option<u64>,
    #[serde(rename = "_HLS_part")]
    part: Option<u64>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let pages = words.next().unwrap_or_else(|| ".".into());
    let recordings = words.next().unwrap_or_else(|| std::env::temp_dir().to_string_lossy().into_owned());
    let store = Arc::new(LocalFileSystem::new_with_prefix(recordings)?);
    let config = Config { udp: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    let origin = Origin::new(config, store).await?;
    if let Some(path) = words.next() {
        let clip = Arc::new(Clip::read(std::fs::read(path)?.into())?);
        origin.open("clip").await?.play(clip)?;
    }
    let router = Router::new()
        .route("/media/{id}/whip", post(publish))
        .route("/media/{id}/whip/{session}", axum::routing::delete(unpublish))
        .route("/media/{id}/whep", post(view))
        .route("/media/{id}/whep/{session}", axum::routing::delete(unview))
        .route("/media/{id}/state", get(state))
        .route("/media/{id}/end", post(end))
        .route("/media/{id}/mark", post(mark))
        .route("/media/{id}/{file}", get(file))
        .fallback_service(ServeDir::new(pages))
        .layer(CorsLayer::very_permissive())
        .with_state(origin);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 8088)).await?;
    // A part is a small answer that somebody waits for: never hold it back for a fuller packet.
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    axum::serve(listener, router).await?;
    Ok(())
}

async fn publish(State(origin): State<Origin>, Path(id): Path<String>, offer: String) -> Response {
    let answer = async { origin.open(&id).await?.publish(&offer).await };
    created(&format!("/media/{id}/whip"), answer.await)
}

async fn view(State(origin): State<Origin>, Path(id): Path<String>, offer: String) -> Response {
    let answer = async { origin.open(&id).await?.view(&offer).await };
    created(&format!("/media/{id}/whep"), answer.await)
}

fn created(place: &str, answer: Result<Answer, Error>) -> Response {
    match answer {
        Ok(answer) => {
            let place = format!("{place}/{}", answer.session);
            let head = [(header::CONTENT_TYPE, "application/sdp".to_owned()), (header::LOCATION, place)];
            (StatusCode::CREATED, head, answer.sdp).into_response()
        }
        Err(error) => refuse(&error),
    }
}

async fn unpublish(State(origin): State<Origin>, Path((id, session)): Path<(String, String)>) -> Response {
    gone(origin.stream(&id).ok_or(Error::NoSession).and_then(|stream| stream.unpublish(&session)))
}

async fn unview(State(origin): State<Origin>, Path((id, session)): Path<(String, String)>) -> Response {
    gone(origin.stream(&id).ok_or(Error::NoSession).and_then(|stream| stream.unview(&session)))
}

fn gone(left: Result<(), Error>) -> Response {
    match left {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => refuse(&error),
    }
}

async fn file(
    State(origin): State<Origin>,
    Path((id, file)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    match origin.serve(&id, &file, Reload { msn: asked.msn, part: asked.part }).await {
        Ok(served) => {
            let head = [
                (header::CONTENT_TYPE, served.content_type()),
                (header::CACHE_CONTROL, served.cache_control()),
            ];
            let init = served.init.map(|init| [(HeaderName::from_static("x-init"), init.to_string())]);
            match init {
                Some(init) => (head, init, served.body).into_response(),
                None => (head, served.body).into_response(),
            }
        }
        Err(error) => refuse(&error),
    }
}

async fn state(State(origin): State<Origin>, Path(id): Path<String>) -> Response {
    match origin.stream(&id) {
        Some(stream) => axum::Json((stream.state(), stream.stats(), stream.now_ms())).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn mark(State(origin): State<Origin>, Path(id): Path<String>, json: String) -> Response {
    let Some(stream) = origin.stream(&id) else { return StatusCode::NOT_FOUND.into_response() };
    let at_ms = stream.now_ms();
    match stream.mark(&format!("mark-{at_ms}"), at_ms, &json) {
        Ok(()) => StatusCode::CREATED.into_response(),
        Err(error) => refuse(&error),
    }
}

async fn end(State(origin): State<Origin>, Path(id): Path<String>) -> Response {
    let Some(stream) = origin.stream(&id) else { return StatusCode::NOT_FOUND.into_response() };
    match stream.end().await {
        Ok(recording) => axum::Json(recording).into_response(),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CACHE_CONTROL, "no-store")], error.to_string()).into_response()
}

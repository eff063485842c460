//! The built scripts and styles, embedded in the program, hashed by name and kept for ever by browsers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, OnceLock};

use axum::extract::Path;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rust_embed::RustEmbed;
use serde::Deserialize;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../ui/dist"]
struct Dist;

/// Brotli's effort: these files are compressed once in the life of the process.
const QUALITY: u32 = 9;

#[derive(Deserialize)]
struct Built {
    file: String,
    #[serde(default)]
    css: Vec<String>,
    #[serde(default)]
    imports: Vec<String>,
}

/// What Vite's manifest says: source name → built name, and → the built names of what it imports at once.
#[derive(Default)]
struct Manifest {
    names: HashMap<String, String>,
    imports: HashMap<String, Vec<String>>,
}

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let mut manifest = Manifest::default();
    let Some(file) = Dist::get(".vite/manifest.json") else { return manifest };
    let all: HashMap<String, Built> = serde_json::from_slice(&file.data).unwrap_or_default();
    for (source, built) in &all {
        let short = short(source);
        for css in &built.css {
            manifest.names.entry(short.replace(".ts", ".css")).or_insert_with(|| css.clone());
        }
        manifest.names.insert(short.to_owned(), built.file.clone());
        let imports = built.imports.iter().filter_map(|import| Some(all.get(import)?.file.clone()));
        manifest.imports.insert(short.to_owned(), imports.collect());
    }
    manifest
});

fn short(source: &str) -> &str {
    source.rsplit('/').next().unwrap_or(source)
}

/// The address of `name` (`main.css`, `icons.svg`), hashed when Vite hashed it.
pub fn address(name: &str) -> String {
    served(MANIFEST.names.get(name).map_or(name, String::as_str))
}

/// The addresses of the scripts that the script `name` imports at once, to be fetched beside it.
pub fn imports(name: &str) -> Vec<String> {
    MANIFEST.imports.get(name).into_iter().flatten().map(|file| served(file)).collect()
}

fn served(file: &str) -> String {
    format!("/assets/{}", file.trim_start_matches("assets/"))
}

/// The bytes of a built file that no page asks for: the letters that are printed with.
pub fn bytes(name: &str) -> Option<Bytes> {
    let file = MANIFEST.names.get(name)?;
    ready(file.trim_start_matches("assets/")).map(|ready| ready.plain.clone())
}

/// The bytes of a file that keeps its name (`till-worker.js`), for a route that serves it from another place.
pub fn public(name: &str) -> Option<Bytes> {
    ready(name).map(|ready| ready.plain.clone())
}

struct Ready {
    plain: Bytes,
    packed: OnceLock<Bytes>,
    kind: &'static str,
    forever: bool,
}

static READY: LazyLock<Mutex<HashMap<String, &'static Ready>>> = LazyLock::new(Mutex::default);

/// `GET /assets/{*path}`.
pub async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(ready) = ready(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    let text = !matches!(ready.kind, "image/png" | "image/jpeg" | "video/mp4" | "font/woff2" | "font/ttf");
    let cache = if ready.forever { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    let mut response = if text && accepts.contains("br") {
        let packed = match ready.packed.get() {
            Some(packed) => packed.clone(),
            None => tokio::task::spawn_blocking(|| ready.packed.get_or_init(|| pack(&ready.plain)).clone())
                .await
                .unwrap_or_default(),
        };
        ([(header::CONTENT_ENCODING, "br")], packed).into_response()
    } else {
        ready.plain.clone().into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(ready.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Finds a file once; the embedded set is small and lives as long as the process.
fn ready(path: &str) -> Option<&'static Ready> {
    let mut all = READY.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(ready) = all.get(path) {
        return Some(ready);
    }
    let (file, forever) = match Dist::get(&format!("assets/{path}")) {
        Some(file) => (file, true),
        None => (Dist::get(path).filter(|_| !path.starts_with('.'))?, false),
    };
    let plain = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let ready: &'static Ready =
        Box::leak(Box::new(Ready { plain, packed: OnceLock::new(), kind: kind(path), forever }));
    all.insert(path.to_owned(), ready);
    Some(ready)
}

fn pack(plain: &[u8]) -> Bytes {
    let mut packed = Vec::with_capacity(plain.len() / 3);
    let params = brotli::enc::BrotliEncoderParams { quality: QUALITY as i32, ..Default::default() };
    match brotli::BrotliCompress(&mut &plain[..], &mut packed, &params) {
        Ok(_) => packed.into(),
        Err(_) => Bytes::copy_from_slice(plain),
    }
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webmanifest" => "application/manifest+json",
        "json" | "map" => "application/json",
        "mp4" => "video/mp4",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

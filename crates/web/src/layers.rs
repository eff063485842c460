//! The layers every page and API request passes. Video parts and sockets do not: they come in
//! thousands a second and carry no cookie.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::csrf::CsrfLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::{Span, info_span};

use crate::problem::dress as problem_dress;
pub use crate::ui::Setting;
use crate::{Problem, metrics};

/// The largest body unless a route says otherwise.
const BODY: usize = 1024 * 1024;
/// The longest a request may take, uploads included.
const TIMEOUT: Duration = Duration::from_secs(60);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// No inline code, no other origin; media through `blob:` because that is how MSE plays.
const CSP: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: data:; \
    worker-src 'self' blob:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; \
    form-action 'self'; object-src 'none'";

/// Wraps the pages and the API.
pub fn dress(router: Router, setting: Setting) -> Router {
    let worth_packing = SizeAbove::new(512)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::new("video/"))
        .and(NotForContentType::SSE);
    router
        .layer(DefaultBodyLimit::max(BODY))
        .layer(CsrfLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(problem_dress))
        .layer(from_fn(move |mut request: Request, next: Next| {
            request.extensions_mut().insert(setting.clone());
            next.run(request)
        }))
        .layer(CompressionLayer::new().compress_when(worth_packing))
        .layer(from_fn(headers))
        .layer(from_fn(metrics::count))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
}

fn span<B>(request: &axum::http::Request<B>) -> Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    info_span!("request", method = %request.method(), path = request.uri().path(), id)
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words");
    tracing::error!(message, "A request panicked: {message}");
    Problem::broken().into_response()
}

async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(self), geolocation=()"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // A page is somebody's: it is not kept by anything between us and them, unless it says so itself.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    response
}

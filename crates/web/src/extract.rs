//! Extractors that fail as [`Problem`]s, and the pieces of a request that several features read.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Problem;

/// The longest `Idempotency-Key`.
const MAX_KEY: usize = 200;

/// A JSON body.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Json<T>, Problem> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Json(value)),
            Err(refused) => Err(unreadable(refused.status())),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A form body.
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Form<T>, Problem> {
        match axum::Form::from_request(request, state).await {
            Ok(axum::Form(value)) => Ok(Form(value)),
            Err(refused) => Err(unreadable(refused.status())),
        }
    }
}

/// The variables of the path; one that does not read is a 404, for nothing can be there.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}

/// The query of the address.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, Problem> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Query(value)),
            Err(_) => Err(Problem::bad_request("unreadable")),
        }
    }
}

fn unreadable(status: StatusCode) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(status, "too-large"),
        _ => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable"),
    }
}

/// The key by which a creating request is recognised when it comes twice: the `Idempotency-Key`
/// header, required of programs.
pub struct IdempotencyKey(pub String);

impl IdempotencyKey {
    /// A key from a form's hidden field, or anywhere else.
    pub fn of(text: &str) -> Result<IdempotencyKey, Problem> {
        let fits =
            !text.is_empty() && text.len() <= MAX_KEY && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(IdempotencyKey(text.to_owned())) } else { Err(Problem::bad_request("idempotency-key")) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<IdempotencyKey, Problem> {
        let header = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok());
        IdempotencyKey::of(header.unwrap_or_default())
    }
}

/// Whether the client is a program (or a script on the page) rather than a browser's navigation.
pub struct WantsJson(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for WantsJson {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<WantsJson, Self::Rejection> {
        Ok(WantsJson(wants_json(&parts.headers)))
    }
}

pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    !accept.contains("text/html") && (accept.contains("json") || accept.is_empty() || accept == "*/*")
}

/// What a form post answers: a redirect for a browser, the thing itself for a script.
pub struct Answer;

impl Answer {
    /// 303 to `to`, or `value` as JSON with 200.
    pub fn to<T: Serialize>(WantsJson(json): WantsJson, to: &str, value: T) -> Response {
        if json { axum::Json(value).into_response() } else { Redirect::to(to).into_response() }
    }
}

/// A cookie of the request.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .find_map(|line| line.split(';').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=')))
}

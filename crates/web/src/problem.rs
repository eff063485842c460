//! Problems: every refusal, for a browser and for a program, in one shape (RFC 9457).
//!
//! A problem's slug is its `type` (`/problems/sold-out`) and the key of its words: `problem-sold-out`
//! says what happened, `problem-sold-out-next` what to do now. Handlers return it; the
//! [`layer`](dress) dresses it as a page or as `application/problem+json`, in the reader's language.

use askama::Template;
use axum::extract::Request;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use tracing::error;

use crate::extract::wants_json;
use crate::{Arg, Lang, Ui, words};

/// A refusal: what happened, to be said in the reader's words.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    slug: &'static str,
    args: Vec<(&'static str, String)>,
    fields: Vec<(String, &'static str)>,
    retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem of any status.
    pub fn new(status: StatusCode, slug: &'static str) -> Problem {
        Problem { status, slug, args: Vec::new(), fields: Vec::new(), retry_after_s: None }
    }

    /// 400: the request itself cannot be read.
    pub fn bad_request(slug: &'static str) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, slug)
    }

    /// 401: somebody has to sign in first. Browsers are led to the sign-in page.
    pub fn sign_in() -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "sign-in")
    }

    /// 403: signed in, and not allowed.
    pub fn forbidden() -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "forbidden")
    }

    /// 404: no such thing, or somebody else's.
    pub fn not_found() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found")
    }

    /// 409: the world has moved on.
    pub fn conflict(slug: &'static str) -> Problem {
        Problem::new(StatusCode::CONFLICT, slug)
    }

    /// 422: readable, but wrong. Add the fields with [`Problem::field`].
    pub fn invalid(slug: &'static str) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, slug)
    }

    /// 429: too many in too short a time.
    pub fn too_many(retry_after_s: u32) -> Problem {
        Problem {
            retry_after_s: Some(retry_after_s),
            ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many")
        }
    }

    /// 503: full for a moment.
    pub fn busy() -> Problem {
        Problem { retry_after_s: Some(1), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy") }
    }

    /// 500 without a cause to log.
    pub fn broken() -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    }

    /// The ground's failure: logged here once, told to the reader without its insides.
    pub fn internal(failure: base::Error) -> Problem {
        match failure {
            base::Error::Busy => Problem::busy(),
            failure if failure.is_away() => {
                error!(error = %failure, "The database is away: {failure}");
                Problem::busy()
            }
            failure => {
                error!(error = %failure, "A request failed inside: {failure}");
                Problem::broken()
            }
        }
    }

    /// Puts a value into the sentence.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Problem {
        self.args.push((name, value.to_string()));
        self
    }

    /// Names a field that is wrong; `slug` is the key of its words, `field-<slug>`.
    pub fn field(mut self, field: impl Into<String>, slug: &'static str) -> Problem {
        self.fields.push((field.into(), slug));
        self
    }

    /// The slug, for a page that shows the problem beside its form.
    pub fn slug(&self) -> &'static str {
        self.slug
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What happened, in words.
    pub fn title(&self, lang: Lang) -> String {
        words::say(lang, &format!("problem-{}", self.slug), self.values())
    }

    /// What to do now, in words.
    pub fn next(&self, lang: Lang) -> String {
        words::say(lang, &format!("problem-{}-next", self.slug), self.values())
    }

    /// The words beside `field`, or nothing.
    pub fn field_words(&self, lang: Lang, field: &str) -> Option<String> {
        let (_, slug) = self.fields.iter().find(|(name, _)| name == field)?;
        Some(words::say(lang, &format!("field-{slug}"), self.values()))
    }

    fn values(&self) -> Vec<(&str, Arg<'_>)> {
        self.args.iter().map(|(name, value)| (*name, Arg::from(value))).collect()
    }

    fn body(&self, lang: Lang, instance: &str) -> Body {
        Body {
            r#type: format!("/problems/{}", self.slug),
            title: self.title(lang),
            status: self.status.as_u16(),
            detail: self.next(lang),
            instance: instance.to_owned(),
            fields: self
                .fields
                .iter()
                .map(|(field, slug)| Field {
                    field: field.clone(),
                    detail: words::say(lang, &format!("field-{slug}"), self.values()),
                })
                .collect(),
        }
    }
}

/// A problem as a program reads it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body {
    /// `/problems/<slug>`: the same problem always has the same type.
    r#type: String,
    /// What happened.
    title: String,
    status: u16,
    /// What to do now.
    detail: String,
    /// The path that was asked for.
    instance: String,
    /// The fields that are wrong, if any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Field {
    field: String,
    detail: String,
}

impl utoipa::PartialSchema for Problem {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <Body as utoipa::PartialSchema>::schema()
    }
}

impl utoipa::ToSchema for Problem {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        <Body as utoipa::ToSchema>::schemas(schemas);
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "error/problem.html")]
struct ProblemPage {
    ui: Ui,
    title: String,
    next: String,
    status: u16,
}

/// Dresses every refusal on its way out: ours, and those of extractors and layers below us.
pub(crate) async fn dress(ui: Ui, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let path = request.uri().path().to_owned();
    let return_to = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let is_read = request.method().is_safe();
    let mut response = next.run(request).await;
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None => match foreign(&response) {
            Some(problem) => problem,
            None => return response,
        },
    };
    let mut dressed = if json(&headers, &path) {
        let body = serde_json::to_vec(&problem.body(ui.language(), &path)).unwrap_or_default();
        ([(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    } else if problem.status == StatusCode::UNAUTHORIZED {
        // A form that was sent comes back to the page that held it.
        let back = if is_read { return_to } else { referer(&headers).unwrap_or_else(|| "/".to_owned()) };
        let to = percent_encoding::utf8_percent_encode(&back, percent_encoding::NON_ALPHANUMERIC);
        return axum::response::Redirect::to(&format!("/sign-in?to={to}")).into_response();
    } else {
        let lang = ui.language();
        let (title, next) = (problem.title(lang), problem.next(lang));
        ProblemPage { ui, title, next, status: problem.status.as_u16() }
            .render()
            .map_or_else(|_| problem.status.into_response(), |html| Html(html).into_response())
    };
    *dressed.status_mut() = problem.status;
    if let Some(seconds) = problem.retry_after_s {
        dressed.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    for name in [header::SET_COOKIE, header::ALLOW] {
        for value in response.headers().get_all(&name) {
            dressed.headers_mut().append(&name, value.clone());
        }
    }
    dressed.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    dressed
}

/// Refusals that are not ours (axum's own, the body limit, CSRF) get words of ours.
fn foreign(response: &Response) -> Option<Problem> {
    if response.headers().contains_key(header::CONTENT_TYPE)
        && !matches!(
            response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()),
            Some(kind) if kind.starts_with("text/plain")
        )
    {
        return None;
    }
    let slug = match response.status() {
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::METHOD_NOT_ALLOWED => "not-found",
        StatusCode::FORBIDDEN => "cross-site",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => "too-slow",
        StatusCode::INTERNAL_SERVER_ERROR => "internal",
        status if status.is_client_error() => "unreadable",
        _ => return None,
    };
    Some(Problem::new(response.status(), slug))
}

fn json(headers: &HeaderMap, path: &str) -> bool {
    path.starts_with("/api/") || wants_json(headers)
}

/// The path part of the page a form was sent from; another site's is not followed.
fn referer(headers: &HeaderMap) -> Option<String> {
    let url = headers.get(header::REFERER)?.to_str().ok()?;
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    rest.strip_prefix(host).filter(|path| path.starts_with('/')).map(str::to_owned)
}

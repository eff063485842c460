//! Sessions for programs: open one with a code, list them, end them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use base::Secret;
use serde::{Deserialize, Serialize};
use web::cursor::{Listed, Paging};
use web::{Json, Path, Problem, Query};

use super::{CurrentSession, LASTS_MS, SessionId};
use crate::asker::{self, Asker};
use crate::code::{self, Entered};
use crate::{Error, People, Person, cookies, session};

/// A code, to be turned into a session.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct NewSession {
    /// The `id` that `POST /api/v1/sign-in/codes` gave.
    id: String,
    /// The six digits.
    code: String,
}

/// A session that was opened.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Opened {
    /// Shown this once: send it as `Authorization: Bearer`.
    token: String,
    /// Good until then, and longer by being used.
    #[schema(format = DateTime)]
    expires_at: String,
    person: Person,
}

pub(crate) fn opened(people: &People, token: Secret, person: Person) -> Opened {
    let expires_at = base::clock::at(people.base.clock.now_ms() + LASTS_MS).to_string();
    Opened { token: token.reveal().to_owned(), expires_at, person }
}

/// A device that is signed in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Session {
    #[schema(value_type = String)]
    id: SessionId,
    /// The device in words.
    device: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Within ten minutes.
    #[schema(format = DateTime)]
    seen_at: String,
    /// Whether this request came with it.
    current: bool,
}

/// A page of devices.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Sessions {
    items: Vec<Session>,
    next_cursor: Option<String>,
}

/// Sign in with a code. An address without an account answers 409 `join-first`: then
/// `POST /api/v1/persons` with the same `id`.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "people", request_body = NewSession,
    responses((status = 201, body = Opened), (status = "4XX", body = Problem)))]
pub(crate) async fn create(
    State(people): State<People>,
    asker: Asker,
    Json(wanted): Json<NewSession>,
) -> Result<(StatusCode, Json<Opened>), Problem> {
    let browser = asker::token(&wanted.id).ok_or(Error::CodeOver)?;
    match code::enter(&people, &browser, &wanted.code, &asker.device).await? {
        Entered::Known(token, person) => Ok((StatusCode::CREATED, Json(opened(&people, token, person)))),
        Entered::New => Err(Error::JoinFirst.into()),
    }
}

/// The devices of the signed-in person, the last seen first.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "people", params(Paging),
    responses((status = 200, body = Sessions), (status = "4XX", body = Problem)))]
pub(crate) async fn list(
    current: CurrentSession,
    State(people): State<People>,
    Query(paging): Query<Paging>,
) -> Result<Json<Sessions>, Problem> {
    let (after, limit) = (paging.after()?, paging.limit());
    let rows =
        session::list(&people, &current.person.id, after, limit + 1).await.map_err(Problem::internal)?;
    let page = Listed::of(rows, limit, |row| (row.seen_at_ms, row.id.to_string()));
    let items = page.items.into_iter().map(|row| Session {
        current: row.id == current.id,
        id: row.id,
        device: row.device,
        created_at: base::clock::at(row.created_at_ms).to_string(),
        seen_at: base::clock::at(row.seen_at_ms).to_string(),
    });
    Ok(Json(Sessions { items: items.collect(), next_cursor: page.next_cursor }))
}

/// Sign one device out.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{id}", tag = "people",
    params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(crate) async fn delete(
    current: CurrentSession,
    State(people): State<People>,
    asker: Asker,
    Path(id): Path<SessionId>,
) -> Result<Response, Problem> {
    if !session::end(&people, &current.person.id, &id).await.map_err(Problem::internal)? {
        return Err(Problem::not_found());
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if id == current.id {
        response.headers_mut().append(SET_COOKIE, cookies::clear(&asker.headers, cookies::SESSION));
    }
    Ok(response)
}

/// Sign every other device out.
#[utoipa::path(delete, path = "/api/v1/me/sessions", tag = "people",
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(crate) async fn delete_others(
    current: CurrentSession,
    State(people): State<People>,
) -> Result<StatusCode, Problem> {
    session::end_others(&people, &current.person.id, &current.id).await.map_err(Problem::internal)?;
    Ok(StatusCode::NO_CONTENT)
}

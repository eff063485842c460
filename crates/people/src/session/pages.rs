//! Signing out: here, on one device, or everywhere else.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use web::{Path, Problem};

use super::{CurrentSession, SessionId};
use crate::asker::Asker;
use crate::{People, cookies, session};

/// `POST /sign-out`.
pub(crate) async fn sign_out(
    current: CurrentSession,
    State(people): State<People>,
    asker: Asker,
) -> Result<Response, Problem> {
    session::end(&people, &current.person.id, &current.id).await.map_err(Problem::internal)?;
    Ok(left(&asker, "/"))
}

/// `POST /me/devices/{id}/sign-out`. Somebody else's device is not there.
pub(crate) async fn end(
    current: CurrentSession,
    State(people): State<People>,
    asker: Asker,
    Path(id): Path<SessionId>,
) -> Result<Response, Problem> {
    if !session::end(&people, &current.person.id, &id).await.map_err(Problem::internal)? {
        return Err(Problem::not_found());
    }
    Ok(if id == current.id { left(&asker, "/") } else { Redirect::to("/me#devices").into_response() })
}

/// `POST /me/devices/sign-out`: everywhere but here.
pub(crate) async fn end_others(
    current: CurrentSession,
    State(people): State<People>,
) -> Result<Redirect, Problem> {
    session::end_others(&people, &current.person.id, &current.id).await.map_err(Problem::internal)?;
    Ok(Redirect::to("/me#devices"))
}

fn left(asker: &Asker, to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    response.headers_mut().append(SET_COOKIE, cookies::clear(&asker.headers, cookies::SESSION));
    response
}

//! `/me/leaving`: what goes, what stays, and one button, as one form was enough to join.

use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use web::{Problem, Ui};

use crate::asker::Asker;
use crate::{People, Person, cookies, leaving};

#[derive(Template)]
#[template(path = "people/leaving.html")]
struct LeavingPage {
    ui: Ui,
}

#[derive(Template)]
#[template(path = "people/left.html")]
struct LeftPage {
    ui: Ui,
}

/// `GET /me/leaving`.
pub(crate) async fn page(_: Person, ui: Ui) -> Result<Response, Problem> {
    Ok(web::page(&LeavingPage { ui })?.into_response())
}

/// `POST /me/leaving`.
pub(crate) async fn leave(
    person: Person,
    State(people): State<People>,
    asker: Asker,
) -> Result<Response, Problem> {
    leaving::leave(&people, &person).await?;
    let mut response = Redirect::to("/left").into_response();
    response.headers_mut().append(SET_COOKIE, cookies::clear(&asker.headers, cookies::SESSION));
    Ok(response)
}

/// `GET /left`: goodbye, for somebody who is nobody here any more.
pub(crate) async fn left(ui: Ui) -> Result<Response, Problem> {
    Ok(web::page(&LeftPage { ui })?.into_response())
}

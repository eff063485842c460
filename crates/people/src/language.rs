//! `/language`: the language of the pages, kept in a cookie and, for whoever is signed in, as theirs.

use askama::Template;
use axum::extract::State;
use axum::http::header::{self, HeaderValue};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use web::{Form, Lang, Problem, Query, Ui};

use crate::code::pages::Way;
use crate::{MaybePerson, People, person, safe_path};

/// The cookie, kept for a year. It holds no secret, and works over plain HTTP too.
const ATTRIBUTES: &str = "; Path=/; Max-Age=31536000; SameSite=Lax";

#[derive(Template)]
#[template(path = "people/language.html")]
struct LanguagePage {
    ui: Ui,
    back: String,
}

/// `GET /language`.
pub(crate) async fn page(ui: Ui, Query(way): Query<Way>) -> Result<Html<String>, Problem> {
    let back = safe_path::safe(&way.to).to_owned();
    web::page(&LanguagePage { ui, back })
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    lang: String,
    #[serde(default)]
    back: String,
}

/// `POST /language`.
pub(crate) async fn choose(
    MaybePerson(person): MaybePerson,
    State(people): State<People>,
    Form(choice): Form<Choice>,
) -> Result<Response, Problem> {
    let lang = Lang::of_tag(&choice.lang).ok_or_else(|| Problem::invalid("language"))?;
    if let Some(person) = person {
        person::speak(&people.base.db, &person.id, lang).await.map_err(Problem::internal)?;
    }
    // The door itself is a fine place to come back to; it is only no place to go on to.
    let back = match choice.back.as_str() {
        door @ ("/sign-in" | "/sign-in/code" | "/join") => door,
        path => safe_path::safe(path),
    };
    let cookie = HeaderValue::from_str(&format!("lang={}{ATTRIBUTES}", lang.tag()))
        .expect("a language's tag is plain ASCII");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response())
}

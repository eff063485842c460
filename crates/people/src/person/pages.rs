//! `/me`: who I am here, what I agreed to, and where I am signed in.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use web::{Form, Problem, Ui};

use crate::consent::{self, Consent, Wishes};
use crate::session::{self, CurrentSession, Session, SessionId};
use crate::{Address, Error, People, person};

/// Devices on the page: as many as a person can have.
const DEVICES: i64 = 50;

#[derive(Template)]
#[template(path = "people/me.html")]
struct MePage {
    ui: Ui,
    typed_name: String,
    wrong_name: String,
    addresses: Vec<String>,
    sells: bool,
    agreed: Vec<Agreed>,
    wishes: Wishes,
    devices: Vec<Device>,
}

/// A consent without which there is no account.
struct Agreed {
    label: String,
    version: String,
    at_ms: i64,
}

struct Device {
    id: SessionId,
    words: String,
    seen_at_ms: i64,
    here: bool,
}

#[derive(Deserialize)]
pub(crate) struct NameForm {
    #[serde(default)]
    name: String,
}

/// `GET /me`.
pub(crate) async fn page(
    current: CurrentSession,
    State(people): State<People>,
    ui: Ui,
) -> Result<Response, Problem> {
    let name = current.person.name.clone();
    Ok(web::page(&gather(&people, current, ui, name, String::new()).await?)?.into_response())
}

/// `POST /me`: another name.
pub(crate) async fn rename(
    current: CurrentSession,
    State(people): State<People>,
    ui: Ui,
    Form(form): Form<NameForm>,
) -> Result<Response, Problem> {
    match person::rename(&people.base.db, &current.person.id, &form.name).await {
        Ok(()) => Ok(Redirect::to("/me").into_response()),
        Err(Error::Name) => {
            let wrong = Problem::from(Error::Name).field_words(ui.language(), "name").unwrap_or_default();
            let page = gather(&people, current, ui, form.name, wrong).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, web::page(&page)?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn gather(
    people: &People,
    current: CurrentSession,
    ui: Ui,
    typed_name: String,
    wrong_name: String,
) -> Result<MePage, Problem> {
    let person = &current.person;
    let consents = consent::current(&people.base.db, &person.id).await.map_err(Problem::internal)?;
    let sessions = session::list(people, &person.id, None, DEVICES).await.map_err(Problem::internal)?;
    let addresses = [&person.phone, &person.email];
    Ok(MePage {
        addresses: addresses
            .into_iter()
            .flatten()
            .map(|text| Address::read(text).map_or_else(|| text.clone(), |address| address.written()))
            .collect(),
        sells: current.sells,
        agreed: consents.iter().filter_map(|consent| agreed(&ui, consent)).collect(),
        wishes: Wishes::of(&consents),
        devices: sessions.into_iter().map(|session| device(&ui, session, &current.id)).collect(),
        typed_name,
        wrong_name,
        ui,
    })
}

fn agreed(ui: &Ui, consent: &Consent) -> Option<Agreed> {
    let label = match consent.kind.as_str() {
        "age" => ui.t("people-age"),
        "terms" => ui.t("people-terms"),
        "privacy" => ui.t("people-privacy"),
        _ => return None,
    };
    Some(Agreed { label, version: consent.text_version.clone(), at_ms: consent.at_ms })
}

fn device(ui: &Ui, session: Session, here: &SessionId) -> Device {
    let words = if session.device.is_empty() { ui.t("people-device-unknown") } else { session.device };
    Device { here: session.id == *here, id: session.id, words, seen_at_ms: session.seen_at_ms }
}

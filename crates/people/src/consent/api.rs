//! Consents for programs.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use web::{Json, Problem};

use super::{Channel, Wishes};
use crate::{People, Person, consent};

/// What holds for one kind of consent.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Consent {
    /// `age`, `terms`, `privacy`, `marketing` or `night-marketing`.
    kind: String,
    given: bool,
    /// The version of the text that was agreed to.
    text_version: String,
    /// When it was given or withdrawn.
    #[schema(format = DateTime)]
    at: String,
}

/// All that a person agreed to.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Consents {
    items: Vec<Consent>,
}

/// What a person wants to be sent.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct NewWishes {
    /// Advertisements from stores the person follows.
    marketing: bool,
    /// Those also between 21:00 and 08:00; needs `marketing`.
    night_marketing: bool,
}

/// What the signed-in person agreed to.
#[utoipa::path(get, path = "/api/v1/me/consents", tag = "people",
    responses((status = 200, body = Consents), (status = "4XX", body = Problem)))]
pub(crate) async fn list(person: Person, State(people): State<People>) -> Result<Json<Consents>, Problem> {
    let held = consent::current(&people.base.db, &person.id).await.map_err(Problem::internal)?;
    let items = held
        .into_iter()
        .map(|held| Consent {
            kind: held.kind,
            given: held.given,
            text_version: held.text_version,
            at: base::clock::at(held.at_ms).to_string(),
        })
        .collect();
    Ok(Json(Consents { items }))
}

/// Give or withdraw the consents that are free to choose.
#[utoipa::path(put, path = "/api/v1/me/consents", tag = "people", request_body = NewWishes,
    responses((status = 200, body = Consents), (status = "4XX", body = Problem)))]
pub(crate) async fn put(
    person: Person,
    State(people): State<People>,
    Json(wanted): Json<NewWishes>,
) -> Result<Json<Consents>, Problem> {
    let wishes = Wishes { marketing: wanted.marketing, night_marketing: wanted.night_marketing };
    consent::wish(&people, &person.id, wishes, Channel::Api).await?;
    list(person, State(people)).await
}

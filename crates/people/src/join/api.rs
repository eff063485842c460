//! Joining for programs, after a code was proved with `POST /api/v1/sessions`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use web::{Json, Problem};

use super::Application;
use crate::asker::{self, Asker};
use crate::consent::Channel;
use crate::session::api::{Opened, opened};
use crate::{Error, People};

/// An application to join.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct NewPerson {
    /// The `id` whose code was proved.
    id: String,
    name: String,
    /// Looked at to check the age of fourteen, and not kept.
    #[schema(format = Date)]
    birth_date: String,
    /// Needed.
    terms: bool,
    /// Needed.
    privacy: bool,
    #[serde(default)]
    marketing: bool,
    #[serde(default)]
    night_marketing: bool,
}

/// Join with a proved address. The account and its first session are made together.
#[utoipa::path(post, path = "/api/v1/persons", tag = "people", request_body = NewPerson,
    responses((status = 201, body = Opened), (status = "4XX", body = Problem)))]
pub(crate) async fn create(
    State(people): State<People>,
    asker: Asker,
    Json(wanted): Json<NewPerson>,
) -> Result<(StatusCode, Json<Opened>), Problem> {
    let browser = asker::token(&wanted.id).ok_or(Error::JoinOver)?;
    let application = Application {
        name: wanted.name,
        birth: wanted.birth_date,
        terms: wanted.terms,
        privacy: wanted.privacy,
        marketing: wanted.marketing,
        night_marketing: wanted.night_marketing,
    };
    let (token, person) = super::join(&people, &browser, &application, Channel::Api, &asker.device).await?;
    Ok((StatusCode::CREATED, Json(opened(&people, token, person))))
}

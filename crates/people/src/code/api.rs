//! Codes for programs.

use axum::extract::State;
use axum::http::StatusCode;
use base::Secret;
use serde::{Deserialize, Serialize};
use web::{Json, Problem, Ui};

use super::Ask;
use crate::asker::Asker;
use crate::{Address, Error, People};

/// Where to send a code.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct NewCode {
    /// A Korean mobile number (`010-1234-5678`) or an e-mail address.
    address: String,
}

/// A code on its way.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Code {
    /// Belongs to whoever asked: keep it, and send it with the code.
    id: String,
    /// The code is good until then.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Ask for a sign-in code. The answer is the same whether or not the address has an account; asking
/// again replaces the code, so no `Idempotency-Key` is needed.
#[utoipa::path(post, path = "/api/v1/sign-in/codes", tag = "people", request_body = NewCode,
    responses((status = 201, body = Code), (status = "4XX", body = Problem)))]
pub(crate) async fn create(
    State(people): State<People>,
    asker: Asker,
    ui: Ui,
    Json(wanted): Json<NewCode>,
) -> Result<(StatusCode, Json<Code>), Problem> {
    let address = Address::read(&wanted.address).ok_or(Error::Address)?;
    let browser = Secret::new(people.base.random.token::<32>());
    let ask = Ask {
        browser: &browser,
        client: asker.client.as_deref(),
        lang: ui.language(),
        market: ui.market_name(),
    };
    let expires_at_ms = super::ask(&people, &address, ask).await?;
    let expires_at = base::clock::at(expires_at_ms).to_string();
    Ok((StatusCode::CREATED, Json(Code { id: browser.reveal().to_owned(), expires_at })))
}

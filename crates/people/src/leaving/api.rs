//! Leaving for programs.

use axum::extract::State;
use axum::http::StatusCode;
use web::Problem;

use crate::{People, Person, leaving};

/// Close the account of whoever is signed in.
///
/// Name, addresses, sessions and consents are gone at once. Orders are kept for as long as the law says.
#[utoipa::path(delete, path = "/api/v1/me", tag = "people",
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(crate) async fn delete(person: Person, State(people): State<People>) -> Result<StatusCode, Problem> {
    leaving::leave(&people, &person).await?;
    Ok(StatusCode::NO_CONTENT)
}

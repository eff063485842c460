//! Operators: the market's association, municipality or platform, who look after everybody's stores.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base::{Result, Tx, sql};
use web::Problem;

use crate::{Person, PersonId, session};

/// An operator of the market, or a refusal.
#[derive(Clone, Debug)]
pub struct Operator {
    pub person: Person,
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Operator, Problem> {
        let current = session::current(parts).await?.ok_or_else(Problem::sign_in)?;
        if current.operates { Ok(Operator { person: current.person }) } else { Err(Problem::forbidden()) }
    }
}

/// Makes somebody an operator.
pub async fn appoint(tx: &mut Tx, person: &PersonId, now_ms: i64) -> Result<()> {
    sql!(run tx,
        "insert into operators (person_id, since_ms) values ($1, $2) on conflict (person_id) do nothing",
        person, now_ms)?;
    Ok(())
}

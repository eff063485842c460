//! Persons: everybody who has joined, whatever they do here.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base::{Db, Id, Result, Tx, sql};
use serde::Serialize;
use sqlx::FromRow;
use web::Problem;

use crate::{Address, session};

pub enum PersonMark {}
/// The id of a person.
pub type PersonId = Id<PersonMark>;

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow, utoipa::ToSchema)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    /// E.164.
    pub phone: Option<String>,
    pub email: Option<String>,
}

/// As an extractor: whoever is signed in, or a 401.
impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Person, Problem> {
        Ok(session::current(parts).await?.ok_or_else(Problem::sign_in)?.person)
    }
}

/// As an extractor: whoever is signed in, or nobody.
pub struct MaybePerson(pub Option<Person>);

impl<S: Send + Sync> FromRequestParts<S> for MaybePerson {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<MaybePerson, Problem> {
        Ok(MaybePerson(session::current(parts).await?.map(|session| session.person)))
    }
}

/// Adds a person under an address; `None` when the address has one already.
pub(crate) async fn create(
    tx: &mut Tx,
    id: &PersonId,
    name: &str,
    address: &Address,
    now_ms: i64,
) -> Result<Option<Person>> {
    sql!(opt tx,
        "insert into persons (id, name, phone, email, created_at_ms) values ($1, $2, $3, $4, $5)
         on conflict do nothing returning id, name, phone, email",
        id, name, address.phone(), address.email(), now_ms)
}

/// Who is reached at an address.
pub(crate) async fn at(tx: &mut Tx, address: &Address) -> Result<Option<Person>> {
    sql!(opt tx,
        "select id, name, phone, email from persons where phone = $1 or email = $2",
        address.phone(), address.email())
}

/// The person with this id: for a name beside something they did.
pub async fn find(db: &Db, id: &PersonId) -> Result<Option<Person>> {
    sql!(opt db, "select id, name, phone, email from persons where id = $1", id)
}

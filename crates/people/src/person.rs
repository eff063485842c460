//! Persons: everybody who has joined, whatever they do here.

pub(crate) mod api;
pub(crate) mod pages;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base::{Db, Id, Result, Tx, sql};
use serde::Serialize;
use sqlx::FromRow;
use web::{Lang, Problem};

use crate::{Address, session};

/// The longest name.
const MAX_NAME: usize = 40;

pub enum PersonMark {}
/// The id of a person.
pub type PersonId = Id<PersonMark>;

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow, utoipa::ToSchema)]
pub struct Person {
    #[schema(value_type = String)]
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

/// As an extractor: whoever is signed in, and whether they work in any store at all, or a 401. Who works
/// in none need not be asked about one.
pub struct SignedIn {
    pub person: Person,
    pub sells: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<SignedIn, Problem> {
        let current = session::current(parts).await?.ok_or_else(Problem::sign_in)?;
        Ok(SignedIn { person: current.person, sells: current.sells })
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
pub async fn at(tx: &mut Tx, address: &Address) -> Result<Option<Person>> {
    sql!(opt tx,
        "select id, name, phone, email from persons where phone = $1 or email = $2",
        address.phone(), address.email())
}

/// The person with this id: for a name beside something they did.
pub async fn find(db: &Db, id: &PersonId) -> Result<Option<Person>> {
    sql!(opt db, "select id, name, phone, email from persons where id = $1", id)
}

/// A name as it is kept: without space around it, 1 to 40 letters, nothing that does not print.
pub(crate) fn read_name(typed: &str) -> Option<String> {
    let name = typed.trim();
    let fits = !name.is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control);
    fits.then(|| name.to_owned())
}

/// Changes what somebody is called.
pub(crate) async fn rename(db: &Db, person: &PersonId, typed: &str) -> crate::Result<()> {
    let name = read_name(typed).ok_or(crate::Error::Name)?;
    let mut tx = db.begin().await?;
    sql!(run &mut tx, "update persons set name = $2 where id = $1", person, name)?;
    Ok(tx.commit().await?)
}

/// Remembers the language somebody reads, for their other devices and for messages to them.
pub(crate) async fn speak(db: &Db, person: &PersonId, lang: Lang) -> Result<()> {
    let mut tx = db.begin().await?;
    sql!(run &mut tx, "update persons set lang = $2 where id = $1", person, lang.tag())?;
    tx.commit().await
}

//! Members: who works in which store. [`Seller`] is the proof; nothing of a store is reached without it.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use base::{Db, Id, Result, Tx, sql};
use web::Problem;

use crate::{People, Person, PersonId};

pub enum StoreMark {}
/// The id of a store. Stores belong to `shop`; the right to one is decided here.
pub type StoreId = Id<StoreMark>;

/// What somebody is in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Whose store it is.
    Owner,
    /// Family, or a tutor, who lends a hand.
    Helper,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Helper => "helper",
        }
    }
}

/// A member of the store in the path, `{store}`. Strangers learn nothing: for them it is not there.
#[derive(Clone, Debug)]
pub struct Seller {
    pub person: Person,
    pub store: StoreId,
}

impl<S: Send + Sync> FromRequestParts<S> for Seller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Seller, Problem> {
        let person = Person::from_request_parts(parts, state).await?;
        let params =
            RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        let store = params.iter().find(|(name, _)| *name == "store").and_then(|(_, id)| id.parse().ok());
        let store: StoreId = store.ok_or_else(Problem::not_found)?;
        let Some(people) = parts.extensions.get::<People>() else { return Err(Problem::broken()) };
        if is_member(&people.base.db, &person.id, &store).await.map_err(Problem::internal)? {
            Ok(Seller { person, store })
        } else {
            Err(Problem::not_found())
        }
    }
}

/// The owner of the store in the path. Helpers are told that it is not for them; for strangers it is not there.
#[derive(Clone, Debug)]
pub struct Owner {
    pub person: Person,
    pub store: StoreId,
}

impl<S: Send + Sync> FromRequestParts<S> for Owner {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Owner, Problem> {
        let Seller { person, store } = Seller::from_request_parts(parts, state).await?;
        let Some(people) = parts.extensions.get::<People>() else { return Err(Problem::broken()) };
        let owns = sql!(
            value & people.base.db,
            "select exists (select 1 from members where store_id = $1 and person_id = $2 and role = 'owner')",
            &store,
            &person.id
        )
        .map_err(Problem::internal)?;
        if owns { Ok(Owner { person, store }) } else { Err(Problem::forbidden()) }
    }
}

/// Makes somebody a member of a store, or changes what they are there.
pub async fn grant(tx: &mut Tx, person: &PersonId, store: &StoreId, role: Role, now_ms: i64) -> Result<()> {
    sql!(run tx,
        "insert into members (store_id, person_id, role, since_ms) values ($1, $2, $3, $4)
         on conflict (store_id, person_id) do update set role = excluded.role",
        store, person, role.as_str(), now_ms)?;
    Ok(())
}

/// The stores somebody works in, the oldest first.
pub async fn stores_of(db: &Db, person: &PersonId) -> Result<Vec<StoreId>> {
    sql!(values db, "select store_id from members where person_id = $1 order by store_id", person)
}

/// Whether somebody works in a store.
pub async fn is_member(db: &Db, person: &PersonId, store: &StoreId) -> Result<bool> {
    sql!(value db, "select exists (select 1 from members where store_id = $1 and person_id = $2)", store, person)
}

//! Who you are and may be: sign-in by code, sessions, consents, and the types that prove a right.
//!
//! The server puts one [`People`] into every request's extensions; [`Person`], [`MaybePerson`],
//! [`Seller`] and [`Operator`] are extractors that need nothing else. A handler that forgets to ask
//! who is there has no `Person` to hand on, and does not compile.

mod address;
mod cookies;
mod error;
pub mod member;
pub mod operator;
pub mod person;
mod sender;
pub mod session;

use axum::http::request::Parts;
use base::{Base, Tx};
use futures::future::BoxFuture;
use sha2::{Digest, Sha256};
use web::{Greet, Visitor};

pub use address::Address;
pub use error::{Error, Result};
pub use member::{Seller, StoreId};
pub use operator::Operator;
pub use person::{MaybePerson, Person, PersonId};
pub use sender::Sender;

/// The state of this feature. Cheap to clone.
#[derive(Clone)]
pub struct People {
    base: Base,
    sender: Sender,
}

impl People {
    pub fn new(base: Base, sender: Sender) -> People {
        People { base, sender }
    }

    /// Adds a person without a code: for the demo's people and for tests. An address that is taken
    /// gives the person who has it.
    pub async fn create(tx: &mut Tx, name: &str, address: &Address, now_ms: i64) -> base::Result<Person> {
        let id = PersonId::new(now_ms);
        match person::create(tx, &id, name, address, now_ms).await? {
            Some(person) => Ok(person),
            None => person::at(tx, address).await?.ok_or(base::Error::Db(sqlx::Error::RowNotFound)),
        }
    }
}

impl Greet for People {
    fn greet<'a>(&'a self, parts: &'a mut Parts) -> BoxFuture<'a, Visitor> {
        Box::pin(async move {
            // A database that fails here is told by the page's own reads; the shell greets nobody.
            let Ok(Some(current)) = session::find(self, parts).await else { return Visitor::default() };
            Visitor {
                name: Some(current.person.name),
                sells: current.sells,
                operates: current.operates,
                lang: current.lang,
            }
        })
    }
}

/// What the tables keep of a secret.
fn digest(secret: &str) -> String {
    Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect()
}

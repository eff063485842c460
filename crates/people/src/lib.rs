//! Who you are and may be: sign-in by code, sessions, consents, and the types that prove a right.
//!
//! The server puts one [`People`] into every request's extensions; [`Person`], [`MaybePerson`],
//! [`Seller`] and [`Operator`] are extractors that need nothing else. A handler that forgets to ask
//! who is there has no `Person` to hand on, and does not compile.

mod address;
mod asker;
mod code;
pub mod consent;
pub mod cookies;
mod device;
mod error;
mod join;
mod language;
pub mod leaving;
pub mod letter;
pub mod member;
pub mod operator;
mod outbox;
pub mod person;
mod safe_path;
pub mod sender;
pub mod session;

use axum::http::request::Parts;
use axum::routing::{get, post};
use base::jobs::Workers;
use base::{Base, Gathered, Tx};
use futures::future::BoxFuture;
use sha2::{Digest, Sha256};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{Greet, Visitor};

pub use address::Address;
pub use asker::client;
pub use error::{Error, Result};
pub use member::{Owner, Seller, StoreId};
pub use operator::Operator;
pub use person::{MaybePerson, Person, PersonId, SignedIn};
pub use sender::Sender;

/// The words of this crate.
pub const WORDS: web::words::Source =
    web::words::Source { ko: include_str!("../i18n/ko.ftl"), en: include_str!("../i18n/en.ftl") };

/// The state of this feature. Cheap to clone.
#[derive(Clone)]
pub struct People {
    base: Base,
    sender: Sender,
    sessions: Gathered<session::ByToken>,
}

impl People {
    pub fn new(base: Base, sender: Sender) -> People {
        let sessions = Gathered::start(base.db.clone(), session::ByToken { clock: base.clock.clone() });
        People { base, sender, sessions }
    }

    /// Takes on the jobs of this feature.
    pub fn jobs(&self, workers: &mut Workers) {
        code::jobs::register(self, workers);
        letter::register(self, workers);
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

/// The pages and the API of this feature.
pub fn routes(people: People) -> OpenApiRouter {
    OpenApiRouter::new()
        .route("/sign-in", get(code::pages::page).post(code::pages::send))
        .route("/sign-in/code", get(code::pages::code_page).post(code::pages::try_code))
        .route("/sign-out", post(session::pages::sign_out))
        .route("/join", get(join::pages::page).post(join::pages::join))
        .route("/me", get(person::pages::page).post(person::pages::rename))
        .route("/me/leaving", get(leaving::pages::page).post(leaving::pages::leave))
        .route("/left", get(leaving::pages::left))
        .route("/me/consents", post(consent::pages::press))
        .route("/me/devices/sign-out", post(session::pages::end_others))
        .route("/me/devices/{id}/sign-out", post(session::pages::end))
        .route("/language", get(language::page).post(language::choose))
        .routes(routes!(code::api::create))
        .routes(routes!(session::api::create))
        .routes(routes!(join::api::create))
        .routes(routes!(person::api::me, leaving::api::delete))
        .routes(routes!(session::api::list, session::api::delete_others))
        .routes(routes!(session::api::delete))
        .routes(routes!(consent::api::list, consent::api::put))
        .with_state(people)
}

/// Pages that only the demo has.
pub fn demo_routes(people: People) -> OpenApiRouter {
    OpenApiRouter::new().route("/dev/outbox", get(outbox::page)).with_state(people)
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

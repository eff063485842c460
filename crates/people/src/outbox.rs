//! The outbox: what the sandbox "sent", kept so that a person trying the demo can read their code.
//! Its page is mounted by [`crate::demo_routes`] alone, which a real market never calls.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use base::{Db, Result, Secret, Tx, sql};
use sqlx::FromRow;
use web::{Problem, Ui};

use crate::sender::Message;
use crate::{Address, People};

/// Messages on the page.
const SHOWN: i64 = 20;
/// How long a message is kept.
const KEPT_MS: i64 = 24 * 3_600_000;
/// The page asks again so often, without a script. Seconds.
const REFRESH: &str = "5";

/// A message as the page shows it.
#[derive(FromRow)]
struct Letter {
    address: String,
    code: Option<String>,
    message: String,
    at_ms: i64,
}

impl Letter {
    fn to(&self) -> String {
        Address::read(&self.address).map_or_else(|| self.address.clone(), |address| address.written())
    }
}

/// Keeps a message instead of sending it; a second time changes nothing.
pub(crate) async fn put(
    tx: &mut Tx,
    id: &str,
    address: &Address,
    message: &Message,
    now_ms: i64,
) -> Result<()> {
    sql!(run tx,
        "insert into outbox (id, address, code, message, at_ms) values ($1, $2, $3, $4, $5)
         on conflict (id) do nothing",
        id, address.as_str(), message.code.as_ref().map(Secret::reveal), &message.text, now_ms)?;
    Ok(())
}

async fn newest(db: &Db) -> Result<Vec<Letter>> {
    sql!(all db, "select address, code, message, at_ms from outbox order by at_ms desc, id desc limit $1", SHOWN)
}

pub(crate) async fn sweep(tx: &mut Tx, now_ms: i64) -> Result<()> {
    sql!(run tx, "delete from outbox where at_ms < $1", now_ms - KEPT_MS)?;
    Ok(())
}

#[derive(Template)]
#[template(path = "people/outbox.html")]
struct OutboxPage {
    ui: Ui,
    letters: Vec<Letter>,
}

/// `GET /dev/outbox`.
pub(crate) async fn page(State(people): State<People>, ui: Ui) -> Result<Response, Problem> {
    let letters = newest(&people.base.db).await.map_err(Problem::internal)?;
    let page = web::page(&OutboxPage { ui, letters })?;
    Ok(([(HeaderName::from_static("refresh"), REFRESH), (header::CACHE_CONTROL, "no-store")], page)
        .into_response())
}

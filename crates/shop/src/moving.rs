//! Moving: a whole store goes into one file that its owner takes along, and comes out of it into a new one, here or at
//! another market. The format is ours and documented (`docs/moving.md`); nobody has to ask us to leave.

mod arrive;
mod look;
mod make;
mod out;
mod pack;
mod read;
mod read_orders;
mod unpack;

pub mod format;
pub(crate) mod history;
pub(crate) mod pages;

use base::{Db, Id, Tx, jobs, sql};
use people::{PersonId, StoreId};
use sqlx::FromRow;
use utoipa_axum::router::OpenApiRouter;

use crate::{Result, Shop};

pub use arrive::{Arrival, ArrivalId};
pub use out::{Export, ExportId};

/// Steps of the log that are shown.
const SHOWN: i64 = 30;

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Logged {
    Asked,
    Fetched,
    Erased,
    Arrived,
    Begun,
    Opened,
    Undone,
}

impl Logged {
    /// The key of its words.
    pub fn words(self) -> &'static str {
        match self {
            Logged::Asked => "moving-log-asked",
            Logged::Fetched => "moving-log-fetched",
            Logged::Erased => "moving-log-erased",
            Logged::Arrived => "moving-log-arrived",
            Logged::Begun => "moving-log-begun",
            Logged::Opened => "moving-log-opened",
            Logged::Undone => "moving-log-undone",
        }
    }
}

/// A step of the log.
#[derive(Clone, Debug, FromRow)]
pub struct Step {
    pub what: Logged,
    pub at_ms: i64,
}

/// Writes down who did what; only added to.
async fn log(
    tx: &mut Tx,
    store: Option<&StoreId>,
    person: &PersonId,
    subject: &str,
    what: Logged,
    now_ms: i64,
) -> Result<()> {
    sql!(run tx,
        "insert into moving_log (id, store_id, person_id, subject, what, at_ms) values ($1, $2, $3, $4, $5, $6)",
        Id::<()>::new(now_ms).as_str(), store, person, subject, what, now_ms)?;
    Ok(())
}

/// What was done with a store's files, the latest first.
pub async fn steps(db: &Db, store: &StoreId) -> Result<Vec<Step>> {
    Ok(sql!(all db,
        "select what, at_ms from moving_log where store_id = $1 order by at_ms desc, id desc limit $2", store, SHOWN)?)
}

pub(crate) fn jobs(shop: &Shop, workers: &mut jobs::Workers) {
    out::jobs(shop, workers);
    arrive::jobs(shop, workers);
}

pub(crate) fn routes() -> OpenApiRouter<Shop> {
    pages::routes().merge(history::routes())
}

//! The sandbox: a payment company that moves no money and always does what its cards say.
//!
//! It keeps its own books, as a real one keeps them far away, and knows every charge by its key.

use base::{Clock, Db, Won, sql};
use sqlx::FromRow;

use super::gateway::{Observed, Seen};
use crate::{Error, Result};

/// The card that pays.
pub const APPROVE: &str = "sandbox-approve";
/// The card that is refused.
pub const DECLINE: &str = "sandbox-decline";
/// The card that pays while the answer is lost on the way.
pub const SILENT: &str = "sandbox-silent";

/// The sandbox's door.
#[derive(Clone)]
pub struct Sandbox {
    db: Db,
    clock: Clock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
enum State {
    Charged,
    Declined,
    Refunded,
}

#[derive(FromRow)]
struct Charge {
    amount_won: Won,
    state: State,
}

impl Charge {
    fn observed(&self) -> Observed {
        let seen = match self.state {
            State::Charged => Seen::Charged,
            State::Declined => Seen::Declined,
            State::Refunded => Seen::Refunded,
        };
        Observed { seen, amount_won: self.amount_won }
    }
}

impl Sandbox {
    /// A sandbox with its books in `db`.
    pub fn new(db: Db, clock: Clock) -> Sandbox {
        Sandbox { db, clock }
    }

    /// Charges once a key, whatever the card of a second call.
    pub async fn charge(&self, key: &str, amount: Won, token: &str) -> Result<Observed> {
        let state = match token {
            APPROVE | SILENT => State::Charged,
            _ => State::Declined,
        };
        let mut tx = self.db.begin().await?;
        sql!(run &mut tx,
            "insert into sandbox_charges (key, amount_won, state, at_ms) values ($1, $2, $3, $4)
             on conflict (key) do nothing", key, amount, state, self.clock.now_ms())?;
        tx.commit().await?;
        if token == SILENT {
            return Ok(Observed { seen: Seen::Silent, amount_won: Won::ZERO });
        }
        self.get(key).await?.ok_or(Error::NotFound)
    }

    /// What its books say of a key.
    pub async fn get(&self, key: &str) -> Result<Option<Observed>> {
        let charge: Option<Charge> =
            sql!(opt & self.db, "select amount_won, state from sandbox_charges where key = $1", key)?;
        Ok(charge.map(|charge| charge.observed()))
    }

    /// Gives a charge back once.
    pub async fn refund(&self, key: &str) -> Result<Observed> {
        let mut tx = self.db.begin().await?;
        sql!(run &mut tx,
            "update sandbox_charges set state = 'refunded' where key = $1 and state = 'charged'", key)?;
        tx.commit().await?;
        self.get(key).await?.ok_or(Error::NotFound)
    }
}

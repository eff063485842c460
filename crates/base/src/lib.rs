//! What every feature stands on: the database, the bus, the blobs, the clock, money, ids, and the
//! two verbs for afterwards, `events::put` (tell the screens) and `jobs::put` (do the work).
//!
//! Three choices are made once, by URL, when the program starts, and no feature ever asks which
//! one runs: [`Db`] (SQLite or PostgreSQL), [`Bus`] (in process or NATS), [`Blobs`] (a folder or S3).
//! This crate knows no HTTP and no feature.

pub mod blobs;
pub mod bus;
pub mod clock;
pub mod crash;
pub mod db;
mod error;
pub mod events;
pub mod gather;
pub mod group;
pub mod id;
pub mod jobs;
pub mod money;
pub mod random;
pub mod readers;
mod secret;
pub mod settings;
pub mod sql;

pub use blobs::Blobs;
pub use bus::Bus;
pub use clock::Clock;
pub use db::{Db, Tx};
pub use error::{Error, Result};
pub use gather::Gathered;
pub use group::Group;
pub use id::Id;
pub use money::Won;
pub use random::Random;
pub use secret::Secret;
pub use sqlx;

/// The shared ground a feature's state is built from. Cheap to clone.
#[derive(Clone)]
pub struct Base {
    pub db: Db,
    pub bus: Bus,
    pub blobs: Blobs,
    pub clock: Clock,
    pub random: Random,
}

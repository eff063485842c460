//! Crash points: names for the places at which a process may be cut off, with work half done.
//!
//! A feature says `db.reach("pay-begun").await` between two of its steps, outside any transaction (the
//! group's writer does inside its own). A test that watches a database may hold whoever comes there, let them
//! go on, or drop them for good; a process started with `DANGOL_CRASH=pay-begun` (or `pay-begun:3`, at the third
//! coming) dies there at once, with nothing flushed or said. In builds without debug assertions, which is
//! what `./run release` ships, a point is nothing.
//!
//! The `fail` crate knows such points too, but its actions block the thread or panic, neither of which is
//! a crash to a task, and its register is one for the whole process, where our tests run side by side.

use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Db;

/// Names the point at which this process dies.
const VARIABLE: &str = "DANGOL_CRASH";

/// What a watcher does with whoever comes to a point.
pub type Held = Pin<Box<dyn Future<Output = ()> + Send>>;
type Watcher = Box<dyn Fn(&'static str) -> Held + Send + Sync>;

/// Who watches the points of one database.
#[derive(Default)]
pub(crate) struct Points(OnceLock<Watcher>);

impl Db {
    /// Somebody comes to the point `place`.
    pub async fn reach(&self, place: &'static str) {
        if cfg!(debug_assertions) {
            die_at(place);
            if let Some(watcher) = self.wake.points.0.get() {
                watcher(place).await;
            }
        }
    }

    /// Watches the points of this database from now on; a second watcher is not heard.
    pub fn watch_points(&self, watcher: impl Fn(&'static str) -> Held + Send + Sync + 'static) {
        let _ = self.wake.points.0.set(Box::new(watcher));
    }
}

/// Ends the process without a word, if this is where it was told to.
fn die_at(place: &str) {
    static TOLD: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static COMINGS: AtomicU64 = AtomicU64::new(0);
    let told = TOLD.get_or_init(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let (name, coming) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), coming.parse().unwrap_or(1)))
    });
    if let Some((name, coming)) = told
        && name == place
        && COMINGS.fetch_add(1, Ordering::SeqCst) + 1 == *coming
    {
        std::process::abort();
    }
}

//! What can go wrong below every feature. Features wrap it as their `Internal` variant.

/// A failure of the ground a feature stands on; never the customer's fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("database: {0}")]
    Db(#[from] sqlx::Error),
    #[error("migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("blobs: {0}")]
    Blobs(#[from] object_store::Error),
    #[error("bus: {0}")]
    Bus(String),
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Address(String),
    /// The writer's queue is full: the caller should answer 503 and ask for a retry.
    #[error("the writer is full")]
    Busy,
    /// The database could not be reached. Whether a write stands is not known; its key finds out.
    #[error("the database is away")]
    Away,
    /// The writer stopped while a request waited; it was not acknowledged.
    #[error("the writer has stopped")]
    Stopped,
}

/// A result whose failure is the ground's.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether two transactions waited for each other and this one was given up; it may simply be done again.
    pub fn is_crossed(&self) -> bool {
        let Error::Db(sqlx::Error::Database(error)) = self else { return false };
        matches!(error.code().as_deref(), Some("40P01" | "40001"))
    }

    /// Whether the database could not be reached, or went away in between.
    pub fn is_away(&self) -> bool {
        use sqlx::Error as E;
        matches!(
            self,
            Error::Away
                | Error::Db(E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed)
        )
    }

    /// Whether a statement broke a unique index, which callers turn into "already there".
    pub fn is_unique(&self) -> bool {
        matches!(self, Error::Db(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Whether a statement broke a `check` constraint: the last net under a rule.
    pub fn is_check(&self) -> bool {
        matches!(self, Error::Db(sqlx::Error::Database(error)) if error.is_check_violation())
    }

    /// Whether a statement pointed at a row that does not exist.
    pub fn is_foreign_key(&self) -> bool {
        matches!(self, Error::Db(sqlx::Error::Database(error)) if error.is_foreign_key_violation())
    }
}

//! The database: SQLite in one file, or PostgreSQL by URL.
//!
//! Reads go through [`Db`], writes only through a [`Tx`] from [`Db::begin`]. SQLite has one writer:
//! its write pool holds one connection, so contention queues here, in order, and never surfaces as
//! "database is locked"; its readers are read-only, so a write outside a transaction fails at once.

use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Postgres, Sqlite, Transaction};
use tokio::sync::Notify;

use crate::crash::Points;
use crate::events::Fresh;
use crate::readers::Readers;
use crate::sql::{Handle, OnPostgres, OnSqlite};
use crate::{Error, Result, sql};

/// Readers beside SQLite's one writer.
const SQLITE_READERS: usize = 4;
/// Connections to PostgreSQL from one process.
const POSTGRES_CONNECTIONS: u32 = 20;
/// How long a request waits for a connection before it is told to come back.
const ACQUIRE: Duration = Duration::from_secs(10);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Gives PostgreSQL the set-reading function that SQLite has, so that one text serves both.
const POSTGRES_PRELUDE: &str = "
create or replace function json_each(list text) returns table(key bigint, value jsonb)
language sql immutable as $$
  select item.place - 1, item.value from jsonb_array_elements(list::jsonb) with ordinality as item(value, place)
$$";

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    pub(crate) wake: Arc<Wake>,
}

#[derive(Clone)]
enum Engine {
    Sqlite { read: Arc<Readers>, write: SqlitePool },
    Postgres(PgPool),
}

/// Rung after a commit that left events or jobs behind, so that nobody polls to find them.
#[derive(Default)]
pub(crate) struct Wake {
    pub(crate) events: Notify,
    pub(crate) jobs: Notify,
    /// What was committed and not told yet.
    pub(crate) fresh: Mutex<Vec<Fresh>>,
    /// Where a test may cut the work off.
    pub(crate) points: Points,
}

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…`, and brings the schema up to date.
    pub async fn open(url: &str) -> Result<Db> {
        let db = Db::connect(url).await?;
        db.migrate().await?;
        Ok(db)
    }

    /// Opens without touching the schema.
    pub async fn connect(url: &str) -> Result<Db> {
        let engine = if url.starts_with("postgres") {
            Engine::Postgres(
                PgPoolOptions::new()
                    .max_connections(POSTGRES_CONNECTIONS)
                    .acquire_timeout(ACQUIRE)
                    .connect(url)
                    .await?,
            )
        } else if url.starts_with("sqlite:") {
            open_sqlite(url).await?
        } else {
            return Err(Error::Address("a database address begins with sqlite: or postgres://".into()));
        };
        Ok(Db { engine, wake: Arc::default() })
    }

    async fn migrate(&self) -> Result<()> {
        match &self.engine {
            Engine::Sqlite { write, .. } => MIGRATIONS.run(write).await?,
            Engine::Postgres(pool) => {
                // Two processes may start at once; the lock lets one of them define the function.
                let mut tx = pool.begin().await?;
                sqlx::query("select pg_advisory_xact_lock(4600)").execute(&mut *tx).await?;
                sqlx::query(POSTGRES_PRELUDE).execute(&mut *tx).await?;
                tx.commit().await?;
                MIGRATIONS.run(pool).await?;
            }
        }
        Ok(())
    }

    /// Begins a transaction that will write.
    pub async fn begin(&self) -> Result<Tx> {
        let open = match &self.engine {
            Engine::Sqlite { write, .. } => Open::Sqlite(write.begin_with("begin immediate").await?),
            Engine::Postgres(pool) => Open::Postgres(pool.begin().await?),
        };
        Ok(Tx { open, wake: self.wake.clone(), events: Vec::new(), left_jobs: false })
    }

    /// Whether the database answers: what `/health/ready` asks.
    pub async fn ready(&self) -> Result<()> {
        let _: i64 = sql!(value self, "select cast(1 as bigint)")?;
        Ok(())
    }

    /// Closes every connection, after which SQLite's file is whole by itself.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }

    /// For the few statements in which the engines truly differ (full-text search).
    pub fn is_postgres(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }
}

async fn open_sqlite(url: &str) -> Result<Engine> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(ACQUIRE)
        .pragma("temp_store", "memory")
        .pragma("cache_size", "-65536")
        .statement_cache_capacity(500);
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE)
        // A file does not hang up.
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await?;
    let options = options.create_if_missing(false).pragma("query_only", "on");
    let read = Arc::new(Readers::open(&options, SQLITE_READERS, ACQUIRE).await?);
    Ok(Engine::Sqlite { read, write })
}

/// A writing transaction. Dropped without [`Tx::commit`], nothing of it happened.
pub struct Tx {
    open: Open,
    wake: Arc<Wake>,
    pub(crate) events: Vec<Fresh>,
    pub(crate) left_jobs: bool,
}

enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Makes it durable, and then wakes whoever tells the screens and does the work.
    pub async fn commit(self) -> Result<()> {
        match self.open {
            Open::Sqlite(tx) => tx.commit().await?,
            Open::Postgres(tx) => tx.commit().await?,
        }
        self.wake.tell(self.events);
        if self.left_jobs {
            self.wake.jobs.notify_one();
        }
        Ok(())
    }

    /// Undoes it now rather than when it is dropped.
    pub async fn rollback(self) -> Result<()> {
        match self.open {
            Open::Sqlite(tx) => tx.rollback().await?,
            Open::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

/// What `sql!` accepts: `&Db` to read, `&mut Tx` to write.
pub trait Run<'a> {
    fn handle(self) -> Handle<'a>;
}

impl<'a> Run<'a> for &'a Db {
    fn handle(self) -> Handle<'a> {
        match &self.engine {
            Engine::Sqlite { read, .. } => Handle::Sqlite(OnSqlite::Readers(read)),
            Engine::Postgres(pool) => Handle::Postgres(OnPostgres::Pool(pool)),
        }
    }
}

impl<'a> Run<'a> for &'a mut Tx {
    fn handle(self) -> Handle<'a> {
        match &mut self.open {
            Open::Sqlite(tx) => Handle::Sqlite(OnSqlite::Tx(tx)),
            Open::Postgres(tx) => Handle::Postgres(OnPostgres::Tx(tx)),
        }
    }
}

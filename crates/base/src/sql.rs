//! `sql!`: one SQL text, run on whichever engine is open.
//!
//! At its call the macro only encodes the values. Sending the statement and waiting for its rows is done by functions
//! that are compiled once, here: three hundred statements, each with its own wait for each engine, took the compiler
//! half an hour.

use futures::future::BoxFuture;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, Encode, FromRow, Postgres, Sqlite, Type};

use crate::readers::Readers;

/// Runs one statement. The first word says what comes back:
/// `run` rows touched · `one` a row · `opt` a row or none · `all` rows · `value` one column of one row
/// · `maybe` that or none · `values` one column of every row.
///
/// On `&mut Tx` it is part of the transaction; on `&Db` it only reads.
///
/// Both engines read the same text: `$1` placeholders, `json_each($1) as j` for sets (with
/// `cast(j.value ->> 'field' as bigint)`), `cast(sum(x) as bigint)` because PostgreSQL widens sums,
/// and `where true` between `insert … select` and `on conflict`, which SQLite needs.
#[macro_export]
macro_rules! sql {
    ($what:ident $on:expr, $text:expr $(, $value:expr)* $(,)?) => {
        match $crate::db::Run::handle($on) {
            $crate::sql::Handle::Sqlite(on) => {
                $crate::sql::Statement::Sqlite(on, $crate::sql::Given::default()$(.with($value))*)
            }
            $crate::sql::Handle::Postgres(on) => {
                $crate::sql::Statement::Postgres(on, $crate::sql::Given::default()$(.with($value))*)
            }
        }
        .$what($text)
        .await
        .map_err($crate::Error::from)
    };
}

/// Where a statement goes. Only `sql!` looks at it.
pub enum Handle<'a> {
    Sqlite(OnSqlite<'a>),
    Postgres(OnPostgres<'a>),
}

/// SQLite: a reader on loan, or the writing transaction.
pub enum OnSqlite<'a> {
    Readers(&'a Readers),
    Tx(&'a mut SqliteConnection),
}

/// PostgreSQL: any connection of the pool, or the one of a transaction.
pub enum OnPostgres<'a> {
    Pool(&'a PgPool),
    Tx(&'a mut PgConnection),
}

/// The values given to a statement, or what was wrong with one of them.
pub struct Given<A>(Result<A, BoxDynError>);

impl<A: Default> Default for Given<A> {
    fn default() -> Given<A> {
        Given(Ok(A::default()))
    }
}

impl<A: Arguments> Given<A> {
    /// Adds the next value.
    pub fn with<'t, T: Encode<'t, A::Database> + Type<A::Database>>(self, value: T) -> Given<A> {
        Given(self.0.and_then(|mut values| values.add(value).map(|()| values)))
    }

    fn all(self) -> sqlx::Result<A> {
        self.0.map_err(sqlx::Error::Encode)
    }
}

/// A statement with its values, for the engine that is open.
pub enum Statement<'a> {
    Sqlite(OnSqlite<'a>, Given<SqliteArguments>),
    Postgres(OnPostgres<'a>, Given<PgArguments>),
}

/// A row of either engine.
enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// Rows of either engine.
enum Rows {
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

/// What can be read out of a row of either engine.
pub trait Read: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>> Read for T {}

impl Row {
    fn read<T: Read>(self) -> sqlx::Result<T> {
        match self {
            Row::Sqlite(row) => T::from_row(&row),
            Row::Postgres(row) => T::from_row(&row),
        }
    }
}

impl Rows {
    fn read<T: Read>(self) -> sqlx::Result<Vec<T>> {
        match self {
            Rows::Sqlite(rows) => rows.iter().map(T::from_row).collect(),
            Rows::Postgres(rows) => rows.iter().map(T::from_row).collect(),
        }
    }
}

impl<'a> Statement<'a> {
    /// Rows touched.
    pub fn run(self, text: &'static str) -> BoxFuture<'a, sqlx::Result<u64>> {
        Box::pin(async move {
            match self {
                Statement::Sqlite(on, values) => {
                    let query = sqlx::query_with::<Sqlite, _>(text, values.all()?);
                    let done = match on {
                        OnSqlite::Readers(readers) => query.execute(&mut *readers.take().await?).await?,
                        OnSqlite::Tx(tx) => query.execute(tx).await?,
                    };
                    Ok(done.rows_affected())
                }
                Statement::Postgres(on, values) => {
                    let query = sqlx::query_with::<Postgres, _>(text, values.all()?);
                    let done = match on {
                        OnPostgres::Pool(pool) => query.execute(pool).await?,
                        OnPostgres::Tx(tx) => query.execute(tx).await?,
                    };
                    Ok(done.rows_affected())
                }
            }
        })
    }

    /// One row; none is an error.
    pub async fn one<T: Read>(self, text: &'static str) -> sqlx::Result<T> {
        self.row(text).await?.ok_or(sqlx::Error::RowNotFound)?.read()
    }

    /// A row, or none.
    pub async fn opt<T: Read>(self, text: &'static str) -> sqlx::Result<Option<T>> {
        self.row(text).await?.map(Row::read).transpose()
    }

    /// All rows.
    pub async fn all<T: Read>(self, text: &'static str) -> sqlx::Result<Vec<T>> {
        self.rows(text).await?.read()
    }

    /// One column of one row.
    pub async fn value<T>(self, text: &'static str) -> sqlx::Result<T>
    where
        (T,): Read,
    {
        self.one::<(T,)>(text).await.map(|(value,)| value)
    }

    /// One column of a row, or none.
    pub async fn maybe<T>(self, text: &'static str) -> sqlx::Result<Option<T>>
    where
        (T,): Read,
    {
        Ok(self.opt::<(T,)>(text).await?.map(|(value,)| value))
    }

    /// One column of every row.
    pub async fn values<T>(self, text: &'static str) -> sqlx::Result<Vec<T>>
    where
        (T,): Read,
    {
        Ok(self.all::<(T,)>(text).await?.into_iter().map(|(value,)| value).collect())
    }

    fn row(self, text: &'static str) -> BoxFuture<'a, sqlx::Result<Option<Row>>> {
        Box::pin(async move {
            match self {
                Statement::Sqlite(on, values) => {
                    let query = sqlx::query_with::<Sqlite, _>(text, values.all()?);
                    let row = match on {
                        OnSqlite::Readers(readers) => {
                            query.fetch_optional(&mut *readers.take().await?).await?
                        }
                        OnSqlite::Tx(tx) => query.fetch_optional(tx).await?,
                    };
                    Ok(row.map(Row::Sqlite))
                }
                Statement::Postgres(on, values) => {
                    let query = sqlx::query_with::<Postgres, _>(text, values.all()?);
                    let row = match on {
                        OnPostgres::Pool(pool) => query.fetch_optional(pool).await?,
                        OnPostgres::Tx(tx) => query.fetch_optional(tx).await?,
                    };
                    Ok(row.map(Row::Postgres))
                }
            }
        })
    }

    fn rows(self, text: &'static str) -> BoxFuture<'a, sqlx::Result<Rows>> {
        Box::pin(async move {
            match self {
                Statement::Sqlite(on, values) => {
                    let query = sqlx::query_with::<Sqlite, _>(text, values.all()?);
                    let rows = match on {
                        OnSqlite::Readers(readers) => query.fetch_all(&mut *readers.take().await?).await?,
                        OnSqlite::Tx(tx) => query.fetch_all(tx).await?,
                    };
                    Ok(Rows::Sqlite(rows))
                }
                Statement::Postgres(on, values) => {
                    let query = sqlx::query_with::<Postgres, _>(text, values.all()?);
                    let rows = match on {
                        OnPostgres::Pool(pool) => query.fetch_all(pool).await?,
                        OnPostgres::Tx(tx) => query.fetch_all(tx).await?,
                    };
                    Ok(Rows::Postgres(rows))
                }
            }
        })
    }
}

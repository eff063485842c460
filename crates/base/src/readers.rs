//! SQLite's readers: a few connections that are lent out, one statement each.
//!
//! sqlx's own pool asks a connection whether it still lives before and after each loan. Over a
//! network that is prudent; for a file it is two more trips to another thread for each statement,
//! more than the statement itself costs.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// Open connections that only read.
pub struct Readers {
    places: Semaphore,
    free: Mutex<Vec<SqliteConnection>>,
    patience: Duration,
}

impl Readers {
    /// Opens `count` connections. Who waits longer than `patience` for one is told to come back.
    pub(crate) async fn open(
        options: &SqliteConnectOptions,
        count: usize,
        patience: Duration,
    ) -> sqlx::Result<Readers> {
        let mut free = Vec::with_capacity(count);
        for _ in 0..count {
            free.push(SqliteConnection::connect_with(options).await?);
        }
        Ok(Readers { places: Semaphore::new(count), free: Mutex::new(free), patience })
    }

    /// Lends a connection until the loan is dropped. Only `sql!` asks.
    pub async fn take(&self) -> sqlx::Result<Loan<'_>> {
        // The timer is made only by those who have to wait.
        let place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(_) => timeout(self.patience, self.places.acquire())
                .await
                .map_err(|_| sqlx::Error::PoolTimedOut)?
                .map_err(|_| sqlx::Error::PoolClosed)?,
        };
        let connection = self.free().pop();
        Ok(Loan {
            readers: self,
            connection: connection.ok_or(sqlx::Error::PoolClosed)?.into(),
            _place: place,
        })
    }

    /// Closes every connection, those on loan when they come back.
    pub(crate) async fn close(&self) {
        self.places.close();
        let free = std::mem::take(&mut *self.free());
        for connection in free {
            // A file that was only read loses nothing by a close that fails.
            let _ = connection.close().await;
        }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan.
pub struct Loan<'r> {
    readers: &'r Readers,
    /// Empty only while it is dropped.
    connection: Option<SqliteConnection>,
    /// Given back after the connection, so that whoever gets the place finds one.
    _place: SemaphorePermit<'r>,
}

impl Deref for Loan<'_> {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect("a loan holds its connection until it is dropped")
    }
}

impl DerefMut for Loan<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("a loan holds its connection until it is dropped")
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !self.readers.places.is_closed()
        {
            self.readers.free().push(connection);
        }
    }
}

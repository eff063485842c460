//! Gathered reads: one small read that every request makes (whose session is this?) is made for all requests of the
//! moment at once. While one statement runs, the keys of those who come gather behind it; whoever comes alone is read
//! alone and waits for nobody. What is read is as fresh as a read of one's own.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::{Db, Result};

/// Reads that may wait; past it callers read by themselves.
const QUEUE: usize = 4_096;
/// Keys in one statement.
const TOGETHER: usize = 256;

/// A row that is looked up by a key.
pub trait Lookup: Send + Sync + 'static {
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    type Row: Clone + Send + 'static;

    /// The rows of these keys; a key without one is left out.
    fn look_up(
        &self,
        db: &Db,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Row>>> + Send;
}

/// A reader that gathers. Cheap to clone; it stops when the last clone is dropped.
pub struct Gathered<L: Lookup> {
    db: Db,
    lookup: Arc<L>,
    queue: mpsc::Sender<Waiting<L>>,
}

struct Waiting<L: Lookup> {
    key: L::Key,
    /// Nothing is sent when the gathered read failed: whoever waits then reads alone, and hears the reason.
    tell: oneshot::Sender<Option<L::Row>>,
}

impl<L: Lookup> Clone for Gathered<L> {
    fn clone(&self) -> Gathered<L> {
        Gathered { db: self.db.clone(), lookup: self.lookup.clone(), queue: self.queue.clone() }
    }
}

impl<L: Lookup> Gathered<L> {
    /// Starts the reader.
    pub fn start(db: Db, lookup: L) -> Gathered<L> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let lookup = Arc::new(lookup);
        tokio::spawn(read(db.clone(), lookup.clone(), waiting));
        Gathered { db, lookup, queue }
    }

    /// The row of `key`, if there is one.
    pub async fn get(&self, key: L::Key) -> Result<Option<L::Row>> {
        let (tell, told) = oneshot::channel();
        if self.queue.try_send(Waiting { key: key.clone(), tell }).is_ok()
            && let Ok(row) = told.await
        {
            return Ok(row);
        }
        Ok(self.lookup.look_up(&self.db, std::slice::from_ref(&key)).await?.remove(&key))
    }
}

async fn read<L: Lookup>(db: Db, lookup: Arc<L>, mut waiting: mpsc::Receiver<Waiting<L>>) {
    let mut gathered = Vec::with_capacity(TOGETHER);
    while waiting.recv_many(&mut gathered, TOGETHER).await > 0 {
        let keys: Vec<L::Key> = gathered.iter().map(|one: &Waiting<L>| one.key.clone()).collect();
        let Ok(rows) = lookup.look_up(&db, &keys).await else {
            gathered.clear();
            continue;
        };
        for Waiting { key, tell } in gathered.drain(..) {
            // Whoever has gone away does not hear.
            let _ = tell.send(rows.get(&key).cloned());
        }
    }
}

//! Publish keys: what a studio holds to send video into its broadcast. Only their hashes are kept.
//!
//! Each studio page gets a key of its own, because a hash cannot be shown again; the newest few are
//! good, so that a phone whose line broke may come back after the laptop's page was opened.

use base::{Db, Random, Secret, Tx, sql};
use sha2::{Digest, Sha256};

use crate::broadcast::BroadcastId;
use crate::{Live, Result};

/// Keys of one broadcast that are good at the same time.
const MAX_KEYS: i64 = 8;

/// Makes a key, and forgets the oldest past the limit.
pub(crate) async fn issue(
    tx: &mut Tx,
    random: &Random,
    broadcast: &BroadcastId,
    now_ms: i64,
) -> Result<Secret> {
    let key = random.token::<32>();
    sql!(run &mut *tx, "insert into publish_keys (hash, broadcast_id, made_at_ms) values ($1, $2, $3)",
        fingerprint(key.as_bytes()), broadcast, now_ms)?;
    sql!(run &mut *tx,
        "delete from publish_keys where broadcast_id = $1 and hash not in
           (select hash from publish_keys where broadcast_id = $1 order by made_at_ms desc, hash limit $2)",
        broadcast, MAX_KEYS)?;
    Ok(Secret::new(key))
}

/// A key for somebody who may publish.
pub(crate) async fn fresh(live: &Live, broadcast: &BroadcastId) -> Result<Secret> {
    let mut tx = live.base.db.begin().await?;
    let key = issue(&mut tx, &live.base.random, broadcast, live.base.clock.now_ms()).await?;
    tx.commit().await?;
    Ok(key)
}

/// Whether the key opens the broadcast.
pub(crate) async fn opens(db: &Db, key: &str, broadcast: &BroadcastId) -> Result<bool> {
    let found: i64 = sql!(value db,
        "select count(*) from publish_keys where hash = $1 and broadcast_id = $2",
        fingerprint(key.as_bytes()), broadcast)?;
    Ok(found == 1)
}

/// SHA-256 in hexadecimal.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

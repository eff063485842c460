//! Publish keys: what a studio, an encoder or a helper's camera holds to send video into a broadcast. Only their
//! hashes are kept.
//!
//! Each studio page gets a key of its own, because a hash cannot be shown again; the newest few are
//! good, so that a phone whose line broke may come back after the laptop's page was opened. An encoder's key is
//! typed into a program and must outlive those: there is one a broadcast, until another is made.

use base::{Db, Random, Secret, Tx, sql};
use sha2::{Digest, Sha256};

use crate::broadcast::BroadcastId;
use crate::helper::HelperId;
use crate::{Live, Result};

/// Studio keys of one broadcast that are good at the same time.
const MAX_KEYS: i64 = 8;

/// Makes a studio's key, and forgets the oldest past the limit.
pub(crate) async fn issue(
    tx: &mut Tx,
    random: &Random,
    broadcast: &BroadcastId,
    helper: Option<&HelperId>,
    now_ms: i64,
) -> Result<Secret> {
    let key = random.token::<32>();
    sql!(run &mut *tx,
        "insert into publish_keys (hash, broadcast_id, made_at_ms, helper_id) values ($1, $2, $3, $4)",
        fingerprint(key.as_bytes()), broadcast, now_ms, helper)?;
    sql!(run &mut *tx,
        "delete from publish_keys where broadcast_id = $1 and not is_encoder and hash not in
           (select hash from publish_keys where broadcast_id = $1 and not is_encoder
            order by made_at_ms desc, hash limit $2)",
        broadcast, MAX_KEYS)?;
    Ok(Secret::new(key))
}

/// A key for somebody who may publish.
pub(crate) async fn fresh(live: &Live, broadcast: &BroadcastId, helper: Option<&HelperId>) -> Result<Secret> {
    let mut tx = live.base.db.begin().await?;
    let key = issue(&mut tx, &live.base.random, broadcast, helper, live.base.clock.now_ms()).await?;
    tx.commit().await?;
    Ok(key)
}

/// A stream key for an encoder; the one before opens nothing any more.
pub(crate) async fn for_encoder(live: &Live, broadcast: &BroadcastId) -> Result<Secret> {
    let key = live.base.random.token::<16>();
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "delete from publish_keys where broadcast_id = $1 and is_encoder", broadcast)?;
    sql!(run &mut tx,
        "insert into publish_keys (hash, broadcast_id, made_at_ms, is_encoder) values ($1, $2, $3, true)",
        fingerprint(key.as_bytes()), broadcast, live.base.clock.now_ms())?;
    tx.commit().await?;
    Ok(Secret::new(key))
}

/// When a broadcast's stream key was made, if it has one.
pub(crate) async fn encoder_since_ms(db: &Db, broadcast: &BroadcastId) -> Result<Option<i64>> {
    Ok(sql!(maybe db,
        "select made_at_ms from publish_keys where broadcast_id = $1 and is_encoder", broadcast)?)
}

/// The broadcast that an encoder's key opens.
pub(crate) async fn opened_by(db: &Db, key: &str) -> Result<Option<BroadcastId>> {
    Ok(sql!(maybe db,
        "select broadcast_id from publish_keys where hash = $1 and is_encoder", fingerprint(key.as_bytes()))?)
}

/// Whether the key opens the broadcast.
pub(crate) async fn opens(db: &Db, key: &str, broadcast: &BroadcastId) -> Result<bool> {
    let found: i64 = sql!(value db,
        "select count(*) from publish_keys where hash = $1 and broadcast_id = $2",
        fingerprint(key.as_bytes()), broadcast)?;
    Ok(found == 1)
}

/// Takes back what a helper was given.
pub(crate) async fn take_back(tx: &mut Tx, helper: &HelperId) -> Result<()> {
    sql!(run tx, "delete from publish_keys where helper_id = $1", helper)?;
    Ok(())
}

/// SHA-256 in hexadecimal.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

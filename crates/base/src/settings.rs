//! Settings: what an operator edits, kept as rows. Only what is needed before the database opens is
//! a flag.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Db, Result, Tx, sql};

/// The setting `name`, or `None` while nobody has set it.
pub async fn get<T: DeserializeOwned>(db: &Db, name: &str) -> Result<Option<T>> {
    let value: Option<String> = sql!(maybe db, "select value from settings where name = $1", name)?;
    value.map(|value| serde_json::from_str(&value)).transpose().map_err(Into::into)
}

/// Sets `name` unless it is set: of two who make it at once, one is first.
pub async fn put_once(tx: &mut Tx, name: &str, value: &impl Serialize) -> Result<()> {
    sql!(run tx,
        "insert into settings (name, value) values ($1, $2) on conflict (name) do nothing",
        name, serde_json::to_string(value)?)?;
    Ok(())
}

/// Sets `name`, replacing what was there.
pub async fn put(tx: &mut Tx, name: &str, value: &impl Serialize) -> Result<()> {
    sql!(run tx,
        "insert into settings (name, value) values ($1, $2)
         on conflict (name) do update set value = excluded.value", name, serde_json::to_string(value)?)?;
    Ok(())
}

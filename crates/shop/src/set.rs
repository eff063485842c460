//! Sets for set-based statements: `json_each($1) as j` reads the same objects on both engines.

use std::fmt::Display;

use serde::Serialize;
use serde_json::json;

use crate::Result;

/// Ids as `[{"id": …}]`.
pub(crate) fn ids<T: Display>(ids: impl IntoIterator<Item = T>) -> Result<String> {
    let rows: Vec<_> = ids.into_iter().map(|id| json!({ "id": id.to_string() })).collect();
    of(&rows)
}

/// Any rows as JSON.
pub(crate) fn of(rows: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(rows).map_err(base::Error::from)?)
}

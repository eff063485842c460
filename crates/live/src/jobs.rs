//! Later work: closing recordings and interactions, their loudness, clips, telling who asked to be told, and erasing what is old.

use base::jobs::{self, Job, Workers};
use serde::{Deserialize, Serialize};

use crate::broadcast::BroadcastId;
use crate::clip::{self, film};
use crate::interaction::{self, InteractionId};
use crate::notice::{self, Spread, Tell};
use crate::retention::{self, Erase};
use crate::{Live, Result, broadcast, push, replay, stream};

/// Closes an ended broadcast's recording.
pub(crate) const CLOSE: &str = "live-close";

/// Which one.
#[derive(Deserialize, Serialize)]
pub(crate) struct Close {
    pub broadcast: BroadcastId,
}

/// Brings a recording to its loudness.
pub(crate) const LEVEL: &str = "live-level";

/// Closes an interaction whose time is over.
pub(crate) const CLOSE_INTERACTION: &str = "live-close-interaction";

/// Which one.
#[derive(Deserialize, Serialize)]
pub(crate) struct CloseInteraction {
    pub interaction: InteractionId,
}

pub(crate) fn register(live: &Live, workers: &mut Workers) {
    let closing = live.clone();
    workers.on(CLOSE_INTERACTION, move |job: Job| {
        let live = closing.clone();
        async move {
            let CloseInteraction { interaction } = job.payload()?;
            interaction::close_late(&live, &interaction).await
        }
    });
    let (spreads, tells, live) = (live.clone(), live.clone(), live.clone());
    workers.on(notice::SPREAD, move |job: Job| {
        let live = spreads.clone();
        async move {
            let Spread { broadcast } = job.payload()?;
            notice::spread(&live.base.db, &broadcast).await
        }
    });
    workers.on(notice::TELL, move |job: Job| {
        let live = tells.clone();
        async move {
            let Tell { broadcast, person } = job.payload()?;
            notice::tell(&live, &broadcast, &person).await
        }
    });
    let levels = live.clone();
    workers.on(LEVEL, move |job: Job| {
        let live = levels.clone();
        async move {
            let Close { broadcast } = job.payload()?;
            replay::level(&live, &broadcast).await
        }
    });
    let films = live.clone();
    workers.on(clip::MAKE, move |job: Job| {
        let live = films.clone();
        async move {
            let clip::Make { clip } = job.payload()?;
            film::carry(&live, &clip).await
        }
    });
    let rounds = live.clone();
    workers.on(retention::KEEP, move |_| {
        let live = rounds.clone();
        async move { retention::round(&live).await }
    });
    let erases = live.clone();
    workers.on(retention::ERASE, move |job: Job| {
        let live = erases.clone();
        async move {
            let Erase { broadcast } = job.payload()?;
            retention::erase(&live, &broadcast).await
        }
    });
    let pushes = live.clone();
    workers.on(push::PUSH, move |job: Job| {
        let live = pushes.clone();
        async move { push::carry(&live, &job.payload()?).await }
    });
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
    stream::close(live, broadcast).await?;
    let show = broadcast::find(&live.base.db, broadcast).await?;
    clip::propose(live, &show).await?;
    if show.replay().is_none() || show.rehearses.is_some() {
        return Ok(());
    }
    let mut tx = live.base.db.begin().await?;
    jobs::put(&mut tx, LEVEL, &Close { broadcast: broadcast.clone() }).await?;
    Ok(tx.commit().await?)
}

//! Streams: where a broadcast meets its video. The media library knows no broadcasts; this file
//! follows a stream's state and moves the broadcast along with it.
//!
//! One task follows each stream that is open in this process. If the process dies, nobody says that
//! the broadcast is still carried, and after the grace [`sweep`] closes it, here or elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use media::{Clip, Origin, State, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::broadcast::{self, Broadcast, BroadcastId, Replay, Stage};
use crate::{Error, Live, Result, key, rehearsal};

pub mod routes;

pub use media::TCP_FIRST_BYTE;

/// How often a carried broadcast is said to be carried.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a broadcast may be carried by nobody before it is closed: the publisher's grace.
pub(crate) const GRACE_MS: i64 = 30_000;
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How long a publisher may take from its answer to its first picture.
const FIRST_PICTURE: Duration = Duration::from_secs(60);

/// Whose place a publisher takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nobody's: whoever is on air keeps it.
    Free,
    /// That of the camera on air, which is told to stop.
    Taken,
}

/// Where phones come in by TCP whose network blocks UDP. What opens it is a check that names a session of ours.
#[derive(Clone)]
pub struct WebRtcDoor(Origin);

impl WebRtcDoor {
    pub(crate) fn new(origin: Origin) -> WebRtcDoor {
        WebRtcDoor(origin)
    }

    /// Carries one connection until it ends.
    pub async fn take<I: AsyncRead + AsyncWrite>(&self, io: I, from: SocketAddr) {
        self.0.take_tcp(io, from).await;
    }
}

/// Takes a publisher who shows the key. The stream is followed from now on.
pub async fn publish(
    live: &Live,
    id: &BroadcastId,
    publish_key: &str,
    offer: &str,
    place: Place,
) -> Result<media::Answer> {
    let broadcast = admitted(live, id, publish_key).await?;
    let stream = open(live, &broadcast).await?;
    Ok(match place {
        Place::Free => stream.publish(offer).await?,
        Place::Taken => stream.take_over(offer).await?,
    })
}

/// The stream of a broadcast that may begin or go on, followed from now on.
pub(crate) async fn open(live: &Live, broadcast: &Broadcast) -> Result<Arc<Stream>> {
    if matches!(broadcast.stage, Stage::Ended { .. }) {
        return Err(Error::Over);
    }
    if broadcast::elsewhere(&live.base.db, broadcast).await? {
        return Err(Error::OnAirElsewhere);
    }
    let stream = live.origin.open(broadcast.id.as_str()).await?;
    follow(live, &broadcast.id, &stream);
    Ok(stream)
}

/// Sends a film as if a publisher did: a show that was made beforehand.
pub async fn publish_film(live: &Live, id: &BroadcastId, film: Arc<Clip>) -> Result<()> {
    let broadcast = broadcast::find(&live.base.db, id).await?;
    if broadcast::elsewhere(&live.base.db, &broadcast).await? {
        return Err(Error::OnAirElsewhere);
    }
    let stream = live.origin.open(id.as_str()).await?;
    stream.play(film)?;
    follow(live, id, &stream);
    Ok(())
}

/// The broadcast, if the key opens it.
pub async fn admitted(live: &Live, id: &BroadcastId, publish_key: &str) -> Result<Broadcast> {
    let broadcast = broadcast::find(&live.base.db, id).await?;
    if key::opens(&live.base.db, publish_key, id).await? { Ok(broadcast) } else { Err(Error::WrongKey) }
}

/// Follows a stream in a task of its own, once.
pub(crate) fn follow(live: &Live, id: &BroadcastId, stream: &Arc<Stream>) {
    if live.followed().insert(id.clone()) {
        let (live, id, stream) = (live.clone(), id.clone(), stream.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = walk(&live, &id, &stream) => {}
                () = rehearsal::crowd(&live, &id) => {}
            }
            live.followed().remove(&id);
        });
    }
}

/// From the first picture to the end. What fails is tried again with the next heartbeat.
async fn walk(live: &Live, id: &BroadcastId, stream: &Stream) {
    let mut states = stream.watch();
    let mut beat = tokio::time::interval(HEARTBEAT);
    let born = tokio::time::Instant::now();
    loop {
        let state = *states.borrow_and_update();
        match step(live, id, stream, state).await {
            Ok(Going::On) => {}
            Ok(Going::Over) => return,
            Err(error) => {
                warn!(%error, broadcast.id = %id, "Broadcast {id} could not follow its stream; trying again")
            }
        }
        if state == State::Waiting && born.elapsed() > FIRST_PICTURE {
            info!(broadcast.id = %id, "The publisher of {id} never sent a picture");
            let _ = stream.end().await;
            live.origin.forget(id.as_str());
            return;
        }
        tokio::select! {
            changed = states.changed() => if changed.is_err() { return },
            _ = beat.tick() => {}
        }
    }
}

enum Going {
    On,
    Over,
}

async fn step(live: &Live, id: &BroadcastId, stream: &Stream, state: State) -> Result<Going> {
    let (db, now_ms) = (&live.base.db, live.base.clock.now_ms());
    match state {
        State::Waiting => {}
        State::Live | State::Paused => match broadcast::begin(db, id, now_ms).await {
            Err(Error::OnAirElsewhere) => {
                warn!(broadcast.id = %id, "The store of {id} is on air elsewhere; the publisher is let go");
                stream.end().await?;
                return Ok(Going::Over);
            }
            begun => {
                begun?;
            }
        },
        State::Gone { .. } => {
            broadcast::wait(db, id, now_ms).await?;
        }
        State::Ended => {
            finish(live, id).await?;
            return Ok(Going::Over);
        }
    }
    // Ended by a button on another machine, or by a job.
    if matches!(broadcast::find(db, id).await?.stage, Stage::Ended { .. }) {
        finish(live, id).await?;
        return Ok(Going::Over);
    }
    broadcast::heard(db, id, now_ms).await?;
    Ok(Going::On)
}

/// Ends a broadcast for good, from wherever: the button, the publisher's absence, the shutdown.
/// Everybody may do it again.
pub async fn finish(live: &Live, id: &BroadcastId) -> Result<()> {
    broadcast::end(&live.base.db, id, live.base.clock.now_ms()).await?;
    close(live, id).await
}

/// Closes the recording of an ended broadcast, and writes down where the replay lies. Idempotent.
pub(crate) async fn close(live: &Live, id: &BroadcastId) -> Result<()> {
    let recording = match live.origin.stream(id.as_str()) {
        Some(stream) => stream.end().await?,
        None => media::recover(&live.store, id.as_str()).await?,
    };
    let replay = recording.map(|recording| Replay {
        epoch_ms: recording.epoch_ms,
        from_ms: recording.starts_ms,
        duration_ms: recording.duration_ms,
    });
    broadcast::close(&live.base.db, id, replay).await?;
    info!(broadcast.id = %id, ?replay, "Broadcast {id} is closed");
    Ok(())
}

/// Whether a broadcast is carried: here, or by a process that said so lately.
pub(crate) async fn is_carried(live: &Live, id: &BroadcastId) -> Result<bool> {
    if live.followed().contains(id) {
        return Ok(true);
    }
    let before_ms = live.base.clock.now_ms() - GRACE_MS;
    broadcast::is_heard(&live.base.db, id, before_ms).await
}

/// Ends broadcasts whose process died and whose publisher did not come back, until `stop`.
pub(crate) async fn sweep(live: Live, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = sweep_once(&live).await {
            error!(%error, "Lost broadcasts could not be looked for; trying again");
        }
    }
}

/// One look: how many were ended.
pub async fn sweep_once(live: &Live) -> Result<usize> {
    let before_ms = live.base.clock.now_ms() - GRACE_MS;
    let mut ended = 0;
    for id in broadcast::unheard(&live.base.db, before_ms).await? {
        if live.followed().contains(&id) || live.is_demo(&id) {
            continue;
        }
        info!(broadcast.id = %id, "Nobody carries {id} any more: it ends");
        // The job that ending leaves behind closes the recording.
        ended += usize::from(broadcast::end(&live.base.db, &id, live.base.clock.now_ms()).await?);
    }
    Ok(ended)
}

/// Ends everything that is on air here, politely, before the process stops.
pub(crate) async fn shutdown(live: &Live) {
    let ids: Vec<BroadcastId> = live.followed().iter().cloned().collect();
    let endings = ids.iter().filter(|id| !live.is_demo(id)).map(async |id| {
        if let Err(error) = finish(live, id).await {
            error!(%error, broadcast.id = %id, "Broadcast {id} could not be ended; its job closes it after the start");
        }
    });
    futures::future::join_all(endings).await;
    live.origin.shutdown().await;
}

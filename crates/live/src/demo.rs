//! The demo's show that is always on air: a clip looped through the real packager, and a chat script.
//!
//! It runs on an origin of its own that records nothing, so that a market left running for a month
//! fills neither disk nor memory: what viewers see is the window in memory, and there is no replay.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base::{Db, sql};
use bytes::Bytes;
use media::{Clip, Origin, Record, State, Stream};
use object_store::memory::InMemory;
use shop::product::ProductId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::broadcast::{self, BroadcastId};
use crate::chat::{From, Saying};
use crate::stream::HEARTBEAT;
use crate::{Error, Live, Result, audience, pin};

/// How often the show is looked after.
const LOOK: Duration = Duration::from_secs(1);
/// How long a film may take to its first picture.
const BEGINS: Duration = Duration::from_secs(10);

/// What the demo runs on.
pub(crate) struct Demo {
    pub broadcast: BroadcastId,
    pub origin: Origin,
}

/// Something that happens at a second of the show, again with each turn of the script.
#[derive(Clone, Debug)]
pub struct Cue {
    pub at_s: i64,
    pub act: Act,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Act {
    /// Somebody says something.
    Say { name: String, text: String, from: From },
    /// A product is shown.
    Pin { product: ProductId },
}

impl Live {
    /// Keeps `broadcast` on air with `clip`, for as long as the process runs. One show per process; a
    /// second call changes nothing.
    pub async fn demo(&self, broadcast: BroadcastId, clip: Bytes) -> Result<()> {
        let clip = Arc::new(Clip::read(clip)?);
        // Nobody publishes to it over the network: any free port will do.
        let udp = SocketAddr::new(self.config.udp.ip(), 0);
        let config = media::Config { udp, tcp_port: None, record: Record::Nothing, ..self.config.clone() };
        let origin = Origin::new(config, Arc::new(InMemory::new())).await?;
        reopen(&self.base.db, &broadcast).await?;
        if self.demo.set(Demo { broadcast: broadcast.clone(), origin: origin.clone() }).is_err() {
            return Ok(());
        }
        let stream = origin.open(broadcast.as_str()).await?;
        stream.play(clip.clone())?;
        info!(broadcast.id = %broadcast, "The demo is on air");
        tokio::spawn(keep(self.clone(), broadcast, stream, clip));
        Ok(())
    }

    /// Plays a script of `length_s` seconds into the demo's room, over and over, until `stop`. Lines go
    /// through the same writer as everybody's.
    pub async fn demo_script(&self, mut cues: Vec<Cue>, length_s: i64, stop: CancellationToken) {
        let Some(demo) = self.demo.get() else { return };
        cues.sort_by_key(|cue| cue.at_s);
        let length_s = length_s.max(cues.last().map_or(0, |cue| cue.at_s) + 1);
        loop {
            let turn = tokio::time::Instant::now();
            if let Err(error) = trim(self, &demo.broadcast).await {
                warn!(%error, "The demo's old lines could not be forgotten");
            }
            for cue in &cues {
                let at = turn + Duration::from_secs(cue.at_s.max(0) as u64);
                tokio::select! {
                    () = tokio::time::sleep_until(at) => {}
                    () = stop.cancelled() => return,
                }
                if let Err(error) = perform(self, &demo.broadcast, &cue.act).await {
                    warn!(%error, "A cue of the demo was missed");
                }
            }
            tokio::select! {
                () = tokio::time::sleep_until(turn + Duration::from_secs(length_s as u64)) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

/// How much of the script stays in the database: enough for whoever comes now, bounded for ever.
const KEEP_MS: i64 = 3_600_000;

/// Forgets what the script said and showed a while ago. What people said stays.
async fn trim(live: &Live, broadcast: &BroadcastId) -> Result<()> {
    let before_ms = live.base.clock.now_ms() - KEEP_MS;
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx,
        "delete from chat_lines where broadcast_id = $1 and person_id is null and at_ms < $2",
        broadcast, before_ms)?;
    sql!(run &mut tx, "delete from pins where broadcast_id = $1 and at_ms < $2", broadcast, before_ms)?;
    sql!(run &mut tx, "delete from reactions where broadcast_id = $1 and at_s < $2",
        broadcast, before_ms / 1000)?;
    audience::forget(&mut tx, broadcast, before_ms).await?;
    Ok(tx.commit().await?)
}

/// One cue of the script.
pub async fn perform(live: &Live, broadcast: &BroadcastId, act: &Act) -> Result<()> {
    match act {
        Act::Say { name, text, from } => {
            let (name, text, from) = (name.clone(), text.clone(), *from);
            let at_ms = live.media_now_ms(broadcast);
            let broadcast = broadcast.clone();
            live.chat.ask(Saying { broadcast, person: None, name, text, from, at_ms, key: None }).await??;
        }
        Act::Pin { product } => {
            let broadcast = broadcast::find(&live.base.db, broadcast).await?;
            pin::pin_by_script(live, &broadcast, product).await?;
        }
    }
    Ok(())
}

impl Live {
    /// Records `clip` once as the replay of a show that is over, with its cues at their seconds. It takes
    /// as long as the clip; a show that has its replay is left alone.
    pub async fn demo_past(&self, broadcast: BroadcastId, clip: &'static [u8], cues: &[Cue]) -> Result<()> {
        if broadcast::is_closed(&self.base.db, &broadcast).await? {
            return Ok(());
        }
        let clip = Arc::new(Clip::read(Bytes::from_static(clip))?);
        let stream = self.origin.open(broadcast.as_str()).await?;
        let mut state = stream.watch();
        stream.play(clip.clone())?;
        // A stream that never begins would hold the seeding for ever.
        let began = tokio::time::timeout(BEGINS, state.wait_for(|state| *state == State::Live)).await;
        if began.is_ok() {
            tokio::time::sleep(clip.duration()).await;
        }
        let epoch_ms = stream.now_ms() - clip.duration().as_millis() as i64;
        for cue in cues {
            remember(self, &broadcast, cue, epoch_ms + cue.at_s * 1000).await?;
        }
        crate::stream::finish(self, &broadcast).await
    }
}

/// Writes a cue of a past show at its moment.
async fn remember(live: &Live, broadcast: &BroadcastId, cue: &Cue, at_ms: i64) -> Result<()> {
    match &cue.act {
        Act::Say { name, text, from } => {
            let (name, text, from, broadcast) = (name.clone(), text.clone(), *from, broadcast.clone());
            live.chat.ask(Saying { broadcast, person: None, name, text, from, at_ms, key: None }).await??;
        }
        Act::Pin { product } => pin::remember(live, broadcast, product, at_ms).await?,
    }
    Ok(())
}

/// Sees to it that the clip plays and that the calendar says so.
async fn keep(live: Live, id: BroadcastId, stream: Arc<Stream>, clip: Arc<Clip>) {
    let mut tick = tokio::time::interval(LOOK);
    let mut heard: Option<Instant> = None;
    loop {
        tick.tick().await;
        match stream.state() {
            State::Live | State::Paused => {
                let now_ms = live.base.clock.now_ms();
                let kept = async {
                    let reopened = reopen(&live.base.db, &id).await?;
                    if reopened || heard.is_none_or(|heard| heard.elapsed() >= HEARTBEAT) {
                        broadcast::begin(&live.base.db, &id, now_ms).await?;
                        broadcast::heard(&live.base.db, &id, now_ms).await?;
                        heard = Some(Instant::now());
                    }
                    Ok::<_, Error>(())
                };
                if let Err(error) = kept.await {
                    warn!(%error, "The demo's broadcast could not be kept on air; trying again");
                }
            }
            State::Waiting => {}
            State::Gone { .. } => {
                if let Err(error) = stream.play(clip.clone()) {
                    warn!(%error, "The demo's clip does not play; trying again");
                }
            }
            State::Ended => return,
        }
    }
}

/// Somebody who pressed "end" on the demo ended it for themselves: it is scheduled again. Tells whether
/// it had to be.
async fn reopen(db: &Db, id: &BroadcastId) -> Result<bool> {
    let ended: i64 = sql!(value db, "select count(*) from broadcasts where id = $1 and stage = 'ended'", id)?;
    if ended == 0 {
        return Ok(false);
    }
    let mut tx = db.begin().await?;
    sql!(run &mut tx,
        "update broadcasts set stage = 'scheduled', ended_at_ms = null, closed = false
         where id = $1 and stage = 'ended'", id)?;
    tx.commit().await?;
    Ok(true)
}

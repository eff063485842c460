//! Live: a store's broadcasts from the notice on the calendar to the replay, the room around the
//! picture (chat, reactions, pins), the seller's studio, and the front door of the video.
//!
//! The picture itself is `media`'s, which knows no broadcasts; goods and stores are `shop`'s, who
//! may do what is `people`'s. A broadcast ties the three together and owns the room.

mod desk;
#[cfg(fuzzing)]
pub mod doors;
mod error;
mod host;
mod jobs;
mod key;
mod limit;
mod showing;
mod text;

pub mod audience;
pub mod broadcast;
pub mod calendar;
pub mod chat;
pub mod clip;
pub mod crowd;
pub mod cue;
pub mod demo;
pub mod diagnosis;
pub mod encoder;
pub mod helper;
pub mod interaction;
pub mod moderation;
pub mod notice;
pub mod pin;
mod poster;
pub mod push;
pub mod question;
pub mod reaction;
pub mod rehearsal;
pub mod replay;
pub mod retention;
pub mod room;
pub mod stream;
mod structured;
pub mod studio;
pub mod watch;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base::Base;
use base::jobs::Workers;
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;
use people::PersonId;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use web::Hub;

pub use broadcast::{Broadcast, BroadcastId, Stage};
pub use error::{Error, Result};
pub use host::Host;

use crate::demo::Demo;

/// The words of this crate, for `web::words::install`.
pub const WORDS: web::words::Source =
    web::words::Source { ko: include_str!("../i18n/ko.ftl"), en: include_str!("../i18n/en.ftl") };

/// Where recordings lie in the blobs.
const RECORDINGS: &str = "recordings";

/// The state of this feature. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    pub base: Base,
    pub(crate) config: media::Config,
    pub(crate) origin: media::Origin,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) rooms: room::Rooms,
    pub(crate) chat: chat::Writer,
    pub(crate) answers: interaction::answer::Writer,
    pub(crate) reactions: reaction::Tally,
    pub(crate) audience: audience::Tally,
    pub(crate) lately: limit::Lately,
    pub(crate) moderation: moderation::Known,
    pub(crate) push: push::Pusher,
    pub(crate) door: crowd::Door,
    /// One film is made at a time.
    pub(crate) filming: Arc<Semaphore>,
    followed: Arc<Mutex<HashSet<BroadcastId>>>,
    demo: Arc<OnceLock<Demo>>,
}

impl Live {
    /// Opens the video's UDP port and starts the chat's writer. `hub` is the process's one.
    pub async fn new(base: Base, hub: Hub, config: media::Config) -> Result<Live> {
        let store: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(base.blobs.store(), RECORDINGS));
        let origin = media::Origin::new(config.clone(), store.clone()).await?;
        let node = base.random.token::<8>();
        Ok(Live {
            rooms: room::Rooms::new(hub, node),
            chat: chat::writer(base.db.clone(), base.clock.clone()),
            answers: interaction::answer::writer(base.db.clone(), base.clock.clone()),
            reactions: reaction::Tally::default(),
            audience: audience::Tally::default(),
            lately: limit::Lately::default(),
            moderation: moderation::Known::default(),
            push: push::Pusher::new(push::Reach::Public)?,
            door: crowd::Door::default(),
            filming: Arc::new(Semaphore::new(1)),
            followed: Arc::default(),
            demo: Arc::default(),
            base,
            config,
            origin,
            store,
        })
    }

    /// The same, with another reach of its pushes.
    pub fn reaching(mut self, reach: push::Reach) -> Result<Live> {
        self.push = push::Pusher::new(reach)?;
        Ok(self)
    }

    /// Pages, forms and the API; they pass the page layers.
    pub fn routes(&self) -> OpenApiRouter {
        OpenApiRouter::new()
            .merge(broadcast::pages::routes())
            .merge(broadcast::api::routes())
            .merge(studio::routes())
            .merge(cue::pages::routes())
            .merge(desk::routes())
            .merge(encoder::routes())
            .merge(helper::pages::routes())
            .merge(calendar::routes())
            .merge(poster::routes())
            .merge(notice::pages::routes())
            .merge(notice::api::routes())
            .merge(push::api::routes())
            .merge(watch::routes())
            .merge(chat::pages::routes())
            .merge(chat::api::routes())
            .merge(interaction::pages::routes())
            .merge(interaction::api::routes())
            .merge(moderation::pages::routes())
            .merge(moderation::api::routes())
            .merge(question::pages::routes())
            .merge(question::api::routes())
            .merge(pin::pages::routes())
            .merge(pin::api::routes())
            .merge(reaction::pages::routes())
            .merge(rehearsal::pages::routes())
            .merge(clip::pages::routes())
            .merge(replay::routes())
            .merge(retention::pages::routes())
            .merge(retention::api::routes())
            .merge(diagnosis::pages::routes())
            .with_state(self.clone())
    }

    /// Video and sockets, to be mounted outside the page layers: no sessions, no compression.
    pub fn media_routes(&self) -> axum::Router {
        stream::routes::routes(self.clone())
    }

    /// The door of a crowd that is too large for this process.
    pub fn door(&self) -> &crowd::Door {
        &self.door
    }

    /// The parts of what is on air, to be asked before any router.
    pub fn part_door(&self) -> stream::routes::PartDoor {
        stream::routes::PartDoor::new(self.clone())
    }

    /// Where encoders are taken, to be asked at the socket.
    pub fn encoder_door(&self) -> encoder::EncoderDoor {
        encoder::EncoderDoor::new(self.clone())
    }

    /// Where WebRTC over TCP is taken, to be asked at the socket.
    pub fn webrtc_door(&self) -> stream::WebRtcDoor {
        stream::WebRtcDoor::new(self.origin.clone())
    }

    /// Who does this feature's jobs.
    pub fn jobs(&self, workers: &mut Workers) {
        jobs::register(self, workers);
    }

    /// Puts the rounds into the queue: shows that are withdrawn and erased.
    pub async fn begin_rounds(&self) -> Result<()> {
        retention::begin_rounds(&self.base).await
    }

    /// Counts and writes viewers, tells reactions and ends lost broadcasts, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(
            room::work(self.clone(), stop.clone()),
            crowd::work(self.clone(), stop.clone()),
            reaction::work(self.clone(), stop.clone()),
            audience::work(self.clone(), stop.clone()),
            stream::sweep(self, stop),
        );
    }

    /// Ends what is on air here, politely; called once, before the listeners close.
    pub async fn shutdown(&self) {
        stream::shutdown(self).await;
    }

    /// Leaves what somebody who left has said and chosen, and forgets that it was they.
    pub async fn forget(&self, person: &PersonId) -> Result<()> {
        chat::forget(self, person).await?;
        notice::forget(self, person).await?;
        interaction::answer::forget(self, person).await?;
        moderation::forget(self, person).await
    }

    /// How many watch a broadcast, at all processes.
    pub fn viewers(&self, broadcast: &BroadcastId) -> usize {
        self.rooms.viewers(broadcast)
    }

    /// The stream of a broadcast, if it is open in this process.
    pub(crate) fn stream(&self, broadcast: &BroadcastId) -> Option<Arc<media::Stream>> {
        self.origin_of(broadcast.as_str()).stream(broadcast.as_str())
    }

    /// The media clock of a broadcast: the newest frame's, or the wall's when there is none.
    pub(crate) fn media_now_ms(&self, broadcast: &BroadcastId) -> i64 {
        self.stream(broadcast).map_or_else(|| self.base.clock.now_ms(), |stream| stream.now_ms())
    }

    /// The origin that carries a broadcast: the demo has one that records nothing.
    pub(crate) fn origin_of(&self, broadcast: &str) -> &media::Origin {
        match self.demo.get() {
            Some(demo) if demo.broadcast.as_str() == broadcast => &demo.origin,
            _ => &self.origin,
        }
    }

    pub(crate) fn is_demo(&self, broadcast: &BroadcastId) -> bool {
        self.demo.get().is_some_and(|demo| demo.broadcast == *broadcast)
    }

    pub(crate) fn followed(&self) -> MutexGuard<'_, HashSet<BroadcastId>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

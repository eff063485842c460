//! What a browser sends, handed on to its WebRTC viewers: cut into packets once, encrypted for each.
//!
//! Viewers only come while a browser publishes, and go with it. What they ask of it (key pictures) is one
//! question, however many they are.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{broadcast, oneshot};

use crate::h264::Picture;
use crate::{Error, payloads};

/// Bundles that may wait for a viewer, more than a second's; one that is further behind goes on at the next
/// key picture.
const MAX_WAITING: usize = 64;

/// Frames that every viewer is sent at once. A packet of sound waits for the next picture or packet: waking each
/// viewer for it alone cost more than encrypting it.
pub(crate) type Bundle = Arc<[Frame]>;

/// One thing to send, shared by all viewers.
pub(crate) enum Frame {
    Picture { stamp: Stamp, key: bool, payloads: Vec<Arc<[u8]>> },
    Sound { stamp: Stamp, payload: Arc<[u8]> },
}

/// When a frame was made: by the publisher's count, and by our clock, on which picture and sound agree.
#[derive(Clone, Copy)]
pub(crate) struct Stamp {
    pub rtp: u32,
    pub at: Instant,
}

/// The viewers of one stream.
pub(crate) struct Fan {
    frames: broadcast::Sender<Bundle>,
    waiting: Mutex<Option<Frame>>,
    /// Dropping a sender tells its viewer to go.
    viewers: Mutex<HashMap<String, oneshot::Sender<()>>>,
    wants_key: AtomicBool,
    max: usize,
}

/// A viewer's place; dropped, it is free.
pub(crate) struct Seat {
    pub session: String,
    pub frames: broadcast::Receiver<Bundle>,
    pub dismissed: oneshot::Receiver<()>,
    pub fan: Arc<Fan>,
}

impl Fan {
    pub(crate) fn new(max: usize) -> Fan {
        let (frames, _) = broadcast::channel(MAX_WAITING);
        let (waiting, viewers) = (Mutex::default(), Mutex::default());
        Fan { frames, waiting, viewers, wants_key: AtomicBool::new(false), max }
    }

    /// Take a seat, if one is free.
    pub(crate) fn admit(self: &Arc<Fan>) -> Result<Seat, Error> {
        let mut viewers = self.viewers();
        if viewers.len() >= self.max {
            return Err(Error::TooManyViewers { max: self.max });
        }
        let session = uuid::Uuid::new_v4().simple().to_string();
        let (dismiss, dismissed) = oneshot::channel();
        viewers.insert(session.clone(), dismiss);
        Ok(Seat { session, frames: self.frames.subscribe(), dismissed, fan: self.clone() })
    }

    /// Let one viewer go.
    pub(crate) fn dismiss(&self, session: &str) -> Result<(), Error> {
        self.viewers().remove(session).map(drop).ok_or(Error::NoSession)
    }

    /// Let all viewers go: there is nothing to send any more.
    pub(crate) fn dismiss_all(&self) {
        self.viewers().clear();
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn count(&self) -> usize {
        self.viewers().len()
    }

    /// A viewer can show nothing before a key picture.
    pub(crate) fn want_key(&self) {
        self.wants_key.store(true, Ordering::Relaxed);
    }

    pub(crate) fn wants_key(&self) -> bool {
        self.wants_key.load(Ordering::Relaxed)
    }

    pub(crate) fn picture(&self, stamp: Stamp, picture: &Picture) {
        if picture.key {
            self.wants_key.store(false, Ordering::Relaxed);
        }
        if self.frames.receiver_count() > 0 {
            let payloads = payloads::cut(&picture.data);
            self.send(Frame::Picture { stamp, key: picture.key, payloads });
        }
    }

    /// An Opus packet.
    pub(crate) fn sound(&self, stamp: Stamp, packet: &[u8]) {
        if self.frames.receiver_count() > 0 && packet.len() <= payloads::MAX_PAYLOAD {
            let sound = Frame::Sound { stamp, payload: packet.into() };
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.is_none() {
                *waiting = Some(sound);
                return;
            }
            drop(waiting);
            self.send(sound);
        }
    }

    fn send(&self, frame: Frame) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.frames.send(waiting.into_iter().chain([frame]).collect());
    }

    fn viewers(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<()>>> {
        self.viewers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.fan.viewers().remove(&self.session);
    }
}

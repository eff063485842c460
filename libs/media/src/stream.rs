//! One broadcast: who sends it, what viewers get, what is recorded.

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::watch;

use crate::{Error, Recording, Reload, Served};

/// What a WHIP client gets back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Body of the 201, `application/sdp`.
    pub sdp: String,
    /// Last part of the `Location`; unguessable.
    pub session: String,
}

/// Where a stream stands. Follow it by [`Stream::watch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// Nobody has sent a picture yet.
    Waiting,
    /// Picture and sound come in.
    Live,
    /// Only sound comes in (a phone call has the camera): viewers see the last key picture.
    Paused,
    /// The publisher vanished.
    Gone {
        /// When, in Unix milliseconds.
        since_ms: i64,
    },
    /// Over. The recording is final.
    Ended,
}

/// How the publisher's uplink does, over the last second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Stats {
    /// Kilobits a second coming in, picture and sound.
    pub kbps: u32,
    /// Pictures a second.
    pub fps: u32,
    /// Width of the picture.
    pub width: u32,
    /// Height of the picture.
    pub height: u32,
    /// Share of packets lost on the way, in percent.
    pub lost_percent: f32,
    /// Pictures broken by loss since the publisher came.
    pub broken: u64,
    /// Round trip to the publisher.
    pub rtt_ms: Option<u32>,
    /// Loudness of the last second, 0 (silence) to 100.
    pub sound: u8,
    /// Since when this publisher sends, in Unix milliseconds; 0 without one.
    pub since_ms: i64,
    /// How long the publisher has been sending nothing.
    pub silent_ms: i64,
}

/// One broadcast, open in this process.
pub struct Stream {
    id: String,
}

impl Stream {
    /// Name of the stream.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Take a publisher's offer. [`Error::AlreadyPublishing`] while another one is connected and sends;
    /// one that has been silent for two seconds, or never connected, is replaced.
    pub async fn publish(&self, offer: &str) -> Result<Answer, Error> {
        Err(Error::BrokenOffer { reason: offer.into() })
    }

    /// Loop a clip into the stream in real time, as if a publisher sent it. Returns the session.
    pub fn play(&self, clip: std::sync::Arc<crate::Clip>) -> Result<String, Error> {
        let _ = clip;
        Err(Error::NoSession)
    }

    /// The publisher says goodbye. The stream goes on waiting for [`Config::reconnect_grace`](crate::Config).
    pub fn unpublish(&self, session: &str) -> Result<(), Error> {
        let _ = session;
        Err(Error::NoSession)
    }

    /// Part `n`, held until it exists.
    pub async fn part(&self, n: u64) -> Result<Served, Error> {
        Err(Error::NotYet { name: format!("n{n}.m4s") })
    }

    /// Init segment `k`.
    pub fn init(&self, k: u32) -> Option<Bytes> {
        let _ = k;
        None
    }

    /// A closed segment that is still in memory.
    pub fn segment(&self, msn: u64) -> Option<Bytes> {
        let _ = msn;
        None
    }

    /// The live playlist; with a `reload`, held until that segment or part exists.
    pub async fn playlist(&self, reload: Reload) -> Result<Served, Error> {
        let _ = reload;
        Err(Error::NotYet { name: "live.m3u8".into() })
    }

    /// The multivariant playlist, `None` before the first picture.
    pub fn multivariant(&self) -> Option<Served> {
        None
    }

    /// What a chain player needs to start, as JSON (see CONTRACT: codecs, init, first, next, …, state).
    pub fn join(&self) -> Served {
        Served { body: Bytes::new(), kind: crate::Kind::Json, cache: crate::Cache::Second, init: None }
    }

    /// The media clock at the live edge in Unix milliseconds; the wall clock before the first picture.
    pub fn now_ms(&self) -> i64 {
        0
    }

    /// Unix time of media time zero; fixed from the first picture on, for the whole life of the stream.
    pub fn epoch_ms(&self) -> Option<i64> {
        None
    }

    /// Write a timed mark (a pin, a poll) into the playlists as a DATERANGE. `id` is 1–64 letters, digits,
    /// `-` and `_`; `json` at most 4 KiB, found percent-decoded in `X-DATA`.
    pub fn mark(&self, id: &str, at_ms: i64, json: &str) -> Result<(), Error> {
        let _ = (id, at_ms, json);
        Ok(())
    }

    /// The uplink, now.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// Where the stream stands, now.
    pub fn state(&self) -> State {
        State::Waiting
    }

    /// Follow the state; the last value is always there, changes in between may be skipped.
    pub fn watch(&self) -> watch::Receiver<State> {
        watch::channel(State::Waiting).1
    }

    /// End the broadcast: the publisher is let go, playlists get their end, the recording is finalised.
    /// `None` when nothing was ever recorded. Calling it again answers the same.
    pub async fn end(&self) -> Result<Option<Recording>, Error> {
        Ok(None)
    }
}

//! Everything that can go wrong, as a publisher, a viewer or an operator would tell it.

/// Why a call did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not an SDP offer, or one that no media can come from.
    #[error("the offer cannot be read as SDP: {reason}")]
    BrokenOffer {
        /// What the parser stumbled over.
        reason: String,
    },
    /// The offer has no H.264 video with packetization mode 1.
    #[error("the offer has no H.264 video")]
    NoVideo,
    /// Somebody is on air in this stream, and alive.
    #[error("stream {id} already has a publisher")]
    AlreadyPublishing {
        /// The stream.
        id: String,
    },
    /// No browser publishes now: what an encoder or a clip sends, WebRTC cannot carry. Play the parts.
    #[error("stream {id} is not sent by WebRTC now")]
    NotByWebRtc {
        /// The stream.
        id: String,
    },
    /// As many viewers as may get the stream by WebRTC. Play the parts.
    #[error("{max} viewers already get this stream by WebRTC")]
    TooManyViewers {
        /// The limit of the configuration.
        max: usize,
    },
    /// No publisher or viewer of that name is connected.
    #[error("no such session")]
    NoSession,
    /// No stream of that name is open or recorded.
    #[error("stream {id} is not open here")]
    NoStream {
        /// The stream.
        id: String,
    },
    /// The file was never made, or has left the window.
    #[error("{name} is not here")]
    NoFile {
        /// Last part of the URL.
        name: String,
    },
    /// The part or playlist lies too far ahead to wait for.
    #[error("{name} is too far ahead of the live edge")]
    TooFar {
        /// Last part of the URL.
        name: String,
    },
    /// It was waited for and did not come: the publisher is silent. Ask again.
    #[error("{name} does not exist yet")]
    NotYet {
        /// Last part of the URL.
        name: String,
    },
    /// The stream has ended; the recording is at `vod.m3u8`.
    #[error("stream {id} has ended")]
    Ended {
        /// The stream.
        id: String,
    },
    /// The process carries as many streams as it may.
    #[error("this process already carries {max} streams")]
    TooManyStreams {
        /// The limit of the configuration.
        max: usize,
    },
    /// A stream name, a mark or a clip breaks a rule of this library.
    #[error("{what}: {reason}")]
    Refused {
        /// What was refused.
        what: &'static str,
        /// Which rule it broke.
        reason: String,
    },
    /// The store of recordings failed.
    #[error("the store failed: {0}")]
    Store(#[from] object_store::Error),
    /// The network or an encoder could not be set up.
    #[error("cannot set up {what}: {reason}")]
    Setup {
        /// Which part.
        what: &'static str,
        /// What it said.
        reason: String,
    },
}

impl Error {
    /// The HTTP status that says the same. A part that is hinted is never a 404, which caches would keep.
    pub fn status(&self) -> u16 {
        match self {
            Error::BrokenOffer { .. } | Error::NoVideo | Error::TooFar { .. } | Error::Refused { .. } => 400,
            Error::NoSession | Error::NoStream { .. } | Error::NoFile { .. } => 404,
            Error::AlreadyPublishing { .. } | Error::NotByWebRtc { .. } => 409,
            Error::Ended { .. } => 410,
            Error::NotYet { .. } | Error::TooManyStreams { .. } | Error::TooManyViewers { .. } => 503,
            Error::Store(_) | Error::Setup { .. } => 500,
        }
    }
}

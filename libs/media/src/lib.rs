//! Live media for shops: a phone's WebRTC comes in by WHIP, cacheable CMAF parts go out, and WebRTC by WHEP to
//! the first few viewers.
//!
//! The library knows streams, never users, SQL or HTTP routes. One [`Origin`] per process holds the live
//! [`Stream`]s, shares one UDP port and one DTLS certificate among their publishers
//! and WebRTC viewers, and records into any
//! `object_store` while on air.
//!
//! ```no_run
//! # async fn example(offer: &str) -> Result<(), media::Error> {
//! use std::sync::Arc;
//! let store: Arc<dyn object_store::ObjectStore> = Arc::new(object_store::memory::InMemory::new());
//! let origin = media::Origin::new(media::Config::default(), store).await?;
//! let stream = origin.open("b1").await?;           // new, or resumed from what the store holds
//! let answer = stream.publish(offer).await?;       // WHIP: 201, answer.sdp, Location …/whip/{answer.session}
//! let served = origin.serve("b1", "n0.m4s", media::Reload::default()).await?; // held until it exists
//! # let _ = (answer, served); Ok(()) }
//! ```
//!
//! # What an HTTP front does with it
//!
//! | Request | Call |
//! |---|---|
//! | `POST /media/{b}/whip` | [`Origin::open`], then [`Stream::publish`] → 201, body [`Answer::sdp`] |
//! | `DELETE /media/{b}/whip/{session}` | [`Stream::unpublish`] |
//! | `POST /media/{b}/whep` | [`Stream::view`] → 201, body [`Answer::sdp`]; any error: play the parts |
//! | `DELETE /media/{b}/whep/{session}` | [`Stream::unview`] |
//! | a TCP connection to [`Config::tcp_port`] that begins with [`TCP_FIRST_BYTE`] | [`Origin::take_tcp`] |
//! | `GET /media/{b}/{file}` for every other file, `join` included | [`Origin::serve`] |
//! | a recording as one MP4, or a cut of it | [`download`], then [`Download::bytes`] |
//!
//! [`Origin::serve`] answers a [`Served`] whose `body` is shared (a clone of `Bytes`, rendered once for all
//! viewers) with [`Served::content_type`], [`Served::cache_control`] and, for parts, [`Served::init`] to be
//! sent as `x-init`. Errors carry their meaning, and [`Error::status`] proposes an HTTP status for each.
//!
//! # Time
//!
//! A stream has one epoch for its whole life. `baseMediaDecodeTime / timescale + epoch` is the wall clock of
//! the frame, on *this* machine's clock (a phone's own clock may be wrong by minutes). [`Stream::now_ms`] is
//! that clock at the live edge: stamp pins with it, and hold them in the player until its picture gets there.
//! When a publisher vanishes and comes back the same epoch goes on: the gap is a hole in the timeline, a new
//! init segment and a DISCONTINUITY.
//!
//! # Life of a stream
//!
//! [`State::Waiting`] → [`State::Live`] ⇄ [`State::Paused`] (sound only) → [`State::Gone`] (the publisher
//! vanished; it may come back within [`Config::reconnect_grace`]) → [`State::Ended`]. A stream whose
//! publisher does not come back in time ends itself, exactly as by [`Stream::end`]. After a `kill -9`,
//! [`recover`] closes what was recorded, or [`Origin::open`] goes on with it.

mod aac;
mod clip;
mod clock;
mod config;
#[cfg(fuzzing)]
pub mod doors;
mod download;
mod error;
mod fan;
mod fmp4;
mod h264;
mod ingest;
mod layer;
mod level;
mod net;
mod offer;
mod origin;
mod packager;
mod payloads;
mod playlist;
mod recording;
mod rendition;
pub mod rtmp;
mod served;
mod session;
mod stream;
mod viewer;

pub use clip::Clip;
pub use config::{Config, Record, Wall};
pub use download::{Download, download};
pub use error::Error;
pub use level::{Level, level};
pub use origin::Origin;
pub use recording::{Recording, erase, recover};
pub use served::{Cache, Kind, Reload, Served};
pub use stream::{Answer, State, Stats, Stream};

/// The first byte of WebRTC over TCP: the high one of its first packet's length, which is a small check.
pub const TCP_FIRST_BYTE: u8 = 0;

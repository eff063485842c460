//! Encoders: OBS, Prism, ffmpeg and cameras send by RTMP what a phone sends by WebRTC.
//!
//! An encoder shows a stream key before it may send anything, and whoever owns the keys says which stream it
//! opens. Everything is read by hand and within limits (`chunk`, `amf`, `flv`): the door stands open to the
//! world. What comes in is H.264 (B-frames too) and AAC-LC; both are packed as they are. RTMP has no way to
//! ask for a key picture: an encoder should send one at least every two seconds.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::Stream;

mod amf;
mod chunk;
mod encoder;
mod flv;
mod session;

use session::Line;

/// The first byte of an RTMP connection: its version.
pub const FIRST_BYTE: u8 = 3;

/// What an encoder says of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Hello {
    /// The path of its server's address.
    pub app: String,
    /// Its stream key. It opens a show: not to be logged.
    pub key: String,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It broke a rule of RTMP, or a limit of ours.
    #[error("it sent {0}")]
    Protocol(&'static str),
    /// Picture or sound of a kind that not every phone plays.
    #[error("{0}")]
    Codec(&'static str),
    /// Nothing came for too long, or nothing was read.
    #[error("it fell silent")]
    Silent,
    /// It closed the connection.
    #[error("it left")]
    Left,
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Everything that is read of an encoder, for fuzzing.
#[cfg(fuzzing)]
pub(crate) fn read_all(bytes: &[u8], cut: usize) {
    let mut reader = chunk::Reader::new();
    for part in bytes.chunks(cut) {
        reader.push(part);
        while let Ok(Some(message)) = reader.next() {
            match message.kind {
                1 => {
                    let size = message.body.first_chunk().map(|size| u32::from_be_bytes(*size));
                    if reader.set_chunk(size.unwrap_or_default()).is_err() {
                        return;
                    }
                }
                8 => drop(flv::audio(message.body)),
                9 => drop(flv::video(message.body)),
                _ => drop(amf::read(&message.body)),
            }
        }
    }
}

/// Take one encoder, from its first byte until it leaves. `door` says which stream its key opens, or why none:
/// an encoder shows that text to whoever holds it.
pub async fn take<I, D, F>(io: I, door: D) -> Result<(), Broken>
where
    I: AsyncRead + AsyncWrite + Unpin,
    D: FnOnce(Hello) -> F,
    F: Future<Output = Result<Arc<Stream>, String>>,
{
    let (line, hello) = Line::greet(io).await?;
    match door(hello).await {
        Ok(stream) => line.receive(stream).await,
        Err(reason) => line.refuse(&reason).await,
    }
}

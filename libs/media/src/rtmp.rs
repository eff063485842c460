//! Encoders: OBS, Prism, ffmpeg and cameras send by RTMP what a phone sends by WebRTC.
//!
//! An encoder shows a stream key before it may send anything, and whoever owns the keys says which stream it
//! opens. Everything is read by hand and within limits ([`chunk`], [`amf`], [`flv`]): the port stands open to
//! the world. What comes in is H.264 (B-frames too) and AAC-LC; both are packed as they are. RTMP has no way to
//! ask for a key picture: an encoder should send one at least every two seconds.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Stream;

mod amf;
mod chunk;
mod encoder;
mod flv;
mod session;

use session::Line;

/// Connections at a time, those that only say hello included.
const MAX_CONNECTIONS: usize = 256;

/// What an encoder says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The path of its server's address.
    pub app: String,
    /// Its stream key.
    pub key: String,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("it sent {0}")]
    Protocol(&'static str),
    #[error("{0}")]
    Codec(&'static str),
    #[error("it fell silent")]
    Silent,
    #[error("it left")]
    Left,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Take encoders until the future is dropped. `door` says which stream a key opens, or why none: an encoder
/// shows that text to whoever holds it.
pub async fn serve<D, F>(listener: TcpListener, door: D)
where
    D: Fn(Hello) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Arc<Stream>, String>> + Send,
{
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut lines = JoinSet::new();
    loop {
        while lines.try_join_next().is_some() {}
        let (socket, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("An encoder could not be let in: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::warn!("Too many encoders: {from} was turned away");
            continue;
        };
        let door = door.clone();
        lines.spawn(async move {
            match take(socket, door).await {
                Ok(()) | Err(Broken::Left) => tracing::info!("The encoder at {from} left"),
                Err(error) => tracing::info!("The encoder at {from} was let go: {error}"),
            }
            drop(place);
        });
    }
}

async fn take<D, F>(socket: TcpStream, door: D) -> Result<(), Broken>
where
    D: Fn(Hello) -> F,
    F: Future<Output = Result<Arc<Stream>, String>>,
{
    let (line, hello) = Line::greet(socket).await?;
    match door(hello).await {
        Ok(stream) => line.receive(stream).await,
        Err(reason) => line.refuse(&reason).await,
    }
}

//! The bus: carries events from whoever committed them to every process that has listeners.
//!
//! In one process it is a broadcast channel; with `nats://…` it is core NATS (no JetStream: the
//! database is the truth, and a lost event costs a page refresh).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::broadcast;
use tokio::time::timeout;
use tracing::warn;

use crate::{Error, Result};

/// Events a slow listener may fall behind before it misses some.
const BACKLOG: usize = 16_384;
/// How long the server may take for its first answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The prefix of our subjects on a shared NATS.
const PREFIX: &str = "dangol.";

/// One event on its way to the screens.
#[derive(Clone, Debug)]
pub struct Event {
    /// Who listens: `live:ID`, `store:ID`.
    pub topic: Arc<str>,
    /// A JSON object, sent to the screens as it is.
    pub payload: Bytes,
}

/// The bus. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    local: broadcast::Sender<Event>,
    nats: Option<async_nats::Client>,
}

impl Bus {
    /// A bus within this process.
    pub fn local() -> Bus {
        Bus { local: broadcast::channel(BACKLOG).0, nats: None }
    }

    /// Opens `local:` or `nats://host:port`.
    pub async fn open(url: &str) -> Result<Bus> {
        if url == "local:" {
            return Ok(Bus::local());
        }
        if !url.starts_with("nats://") && !url.starts_with("tls://") {
            return Err(Error::Address("a bus address is local: or nats://host:port".into()));
        }
        let client = async_nats::connect(url).await.map_err(|error| Error::Bus(error.to_string()))?;
        let bus = Bus { local: broadcast::channel(BACKLOG).0, nats: Some(client.clone()) };
        let mut arriving =
            client.subscribe(format!("{PREFIX}>")).await.map_err(|error| Error::Bus(error.to_string()))?;
        round_trip(&client).await?;
        let local = bus.local.clone();
        tokio::spawn(async move {
            while let Some(message) = arriving.next().await {
                let topic = message.subject.as_str().trim_start_matches(PREFIX).into();
                // Nobody listening is fine: this process may have no sockets.
                let _ = local.send(Event { topic, payload: message.payload });
            }
            warn!("The bus has closed");
        });
        Ok(bus)
    }

    /// Sends an event to every listener in every process.
    pub async fn publish(&self, topic: &str, payload: Bytes) -> Result<()> {
        match &self.nats {
            Some(client) => client
                .publish(format!("{PREFIX}{topic}"), payload)
                .await
                .map_err(|error| Error::Bus(error.to_string())),
            None => {
                let _ = self.local.send(Event { topic: topic.into(), payload });
                Ok(())
            }
        }
    }

    /// Everything published from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.local.subscribe()
    }
}

/// Waits until the server has read everything that was sent to it on this connection: what is published elsewhere from
/// now on arrives.
async fn round_trip(client: &async_nats::Client) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| Error::Bus(error.to_string());
    let inbox = client.new_inbox();
    let mut back = client.subscribe(inbox.clone()).await.map_err(|error| failed(&error))?;
    client.publish(inbox, Bytes::new()).await.map_err(|error| failed(&error))?;
    match timeout(PATIENCE, back.next()).await {
        Ok(Some(_)) => Ok(()),
        _ => Err(failed(&"no answer to the first message")),
    }
}

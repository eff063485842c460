//! The tracking service: who is asked where parcels are. A closed choice, made by the operator's secret file.
//!
//! What it answers is a level from 1 to 6; its texts are not read. No answer is no news.

use std::time::Duration;

use base::Secret;
use serde::Deserialize;
use serde_json::Value;

use super::delivery_tracker::DeliveryTracker;
use super::sweettracker::Sweettracker;
use crate::carrier::Carrier;

/// How long an answer may take: Delivery Tracker itself waits that long for a carrier.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest answer.
const ANSWER: usize = 256 * 1024;

/// Where a parcel was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    At {
        /// 0 to 6.
        level: i64,
        /// When it was scanned there, if that is told.
        at_ms: Option<i64>,
        place: String,
    },
    /// The carrier knows no such number; often, not yet.
    NotFound,
    /// No answer, too many questions, or a broken service: nothing is known.
    Away,
}

/// Who is asked.
#[derive(Clone, Debug)]
pub enum Tracker {
    /// The service of our own, whose parcels never leave the room. It speaks Delivery Tracker's protocol.
    Practice(DeliveryTracker),
    DeliveryTracker(DeliveryTracker),
    Sweettracker(Sweettracker),
}

/// `[tracker]` of the secret file.
#[derive(Debug, Deserialize)]
#[serde(tag = "service", rename_all = "kebab-case")]
pub enum Entry {
    DeliveryTracker {
        client_id: String,
        client_secret: Secret,
        /// Where it speaks, when that is not the usual place.
        url: Option<String>,
    },
    Sweettracker {
        key: Secret,
        url: Option<String>,
    },
}

/// The part of the secret file that is about tracking.
#[derive(Debug, Default, Deserialize)]
pub struct File {
    #[serde(default)]
    tracker: Option<Entry>,
}

impl Tracker {
    /// The service that the secret file names, if it names one; `Err`: no HTTPS client could be made.
    pub fn of_file(file: File) -> Result<Option<Tracker>, NoClient> {
        let client = Client::new()?;
        Ok(file.tracker.map(|entry| match entry {
            Entry::DeliveryTracker { client_id, client_secret, url } => {
                Tracker::DeliveryTracker(DeliveryTracker::new(client, url, &client_id, client_secret))
            }
            Entry::Sweettracker { key, url } => Tracker::Sweettracker(Sweettracker::new(client, url, key)),
        }))
    }

    /// The service for practice at `url`, which the key `key` opens.
    pub fn practice(url: String, key: &str) -> Result<Tracker, NoClient> {
        let secret = Secret::new("practice");
        Ok(Tracker::Practice(DeliveryTracker::new(Client::new()?, Some(url), key, secret)))
    }

    /// Whether its parcels are for practice.
    pub fn is_practice(&self) -> bool {
        matches!(self, Tracker::Practice(_))
    }

    /// Where a parcel is.
    pub async fn look(&self, carrier: &Carrier, number: &str) -> Seen {
        match self {
            Tracker::Practice(service) | Tracker::DeliveryTracker(service) => {
                service.look(carrier, number).await
            }
            Tracker::Sweettracker(service) => service.look(carrier, number).await,
        }
    }

    /// Asks to be told at `callback` until `until_ms`; `false`: it will not tell.
    pub async fn register(&self, carrier: &Carrier, number: &str, callback: &str, until_ms: i64) -> bool {
        match self {
            Tracker::Practice(service) | Tracker::DeliveryTracker(service) => {
                service.register(carrier, number, callback, until_ms).await
            }
            Tracker::Sweettracker(_) => false,
        }
    }
}

/// No HTTPS client could be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTPS client could be made")]
pub struct NoClient;

/// The connection to a service.
#[derive(Clone, Debug)]
pub(super) struct Client(reqwest::Client);

impl Client {
    fn new() -> Result<Client, NoClient> {
        let client = reqwest::Client::builder().timeout(PATIENCE);
        client.redirect(reqwest::redirect::Policy::none()).build().map(Client).map_err(|_| NoClient)
    }

    pub(super) fn get(&self, url: &str) -> reqwest::RequestBuilder {
        self.0.get(url)
    }

    pub(super) fn post(&self, url: &str, body: &Value) -> reqwest::RequestBuilder {
        self.0.post(url).header("content-type", "application/json").body(body.to_string())
    }
}

/// Sends a question; `None`: no answer that can be read.
pub(super) async fn said(question: reqwest::RequestBuilder) -> Option<Value> {
    let mut answer = match question.send().await {
        Ok(answer) => answer,
        Err(error) => {
            // Without its address, which may hold the key.
            tracing::warn!(error = %error.without_url(), "The tracking service did not answer");
            return None;
        }
    };
    let status = answer.status();
    if !status.is_success() {
        tracing::warn!(%status, "The tracking service says {status}");
        return None;
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        if bytes.len() + chunk.len() > ANSWER {
            return None;
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).ok()
}

/// The longest name of a place.
const PLACE: usize = 60;

/// A place's name as we keep it: short, without control characters.
pub(super) fn place(told: Option<&str>) -> String {
    told.unwrap_or_default().chars().filter(|one| !one.is_control()).take(PLACE).collect()
}

//! The load of the drill: people who order, pay, press twice and change their minds, over HTTP. Who gets no answer
//! sends the very same request again, with the same key, until there is one; that is what a key is for.

use std::{
    net::SocketAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use base::Random;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::http::Connection;

/// How long somebody waits before they try again at a door that is shut.
const PAUSE: Duration = Duration::from_millis(20);
/// Kinds of broken promises that are told; more of the same tell nothing new.
const TOLD: usize = 20;

/// What a buyer was told, for the drill to look up.
#[derive(Clone, Serialize)]
pub(super) struct Told {
    order: String,
    /// "1" when the buyer was told that it is paid.
    paid: &'static str,
}

/// What happened so far.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) acknowledged: u64,
    pub(super) paid: u64,
    pub(super) sold_out: u64,
    pub(super) sent_again: u64,
    /// Answers that break a promise.
    pub(super) wrong: Vec<String>,
    told: Vec<Told>,
    last_word: String,
}

/// Everybody who buys.
pub(super) struct Load {
    address: SocketAddr,
    /// What is for sale: the first two are plenty, the others scarce.
    things: Vec<String>,
    chance: Random,
    door: watch::Sender<bool>,
    is_over: AtomicBool,
    acknowledged: AtomicU64,
    counts: Mutex<Counts>,
}

impl Load {
    pub(super) fn new(address: SocketAddr, things: Vec<String>, seed: u64) -> Load {
        Load {
            address,
            things,
            chance: Random::seeded(seed ^ 1),
            door: watch::Sender::new(false),
            is_over: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
            counts: Mutex::default(),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everybody may come in.
    pub(super) fn open(&self) {
        self.door.send_replace(true);
    }

    /// Nobody sends anything new.
    pub(super) fn close(&self) {
        self.door.send_replace(false);
    }

    /// Everybody finishes what they began and goes.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.open();
    }

    /// Orders that somebody was told of.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// What was told since the last time this was asked.
    pub(super) fn take_told(&self) -> Vec<Told> {
        std::mem::take(&mut self.counts().told)
    }

    /// The last failure somebody met.
    pub(super) fn last_word(&self) -> String {
        self.counts().last_word.clone()
    }

    /// Hands the counts out.
    pub(super) fn report(&self, read: impl FnOnce(&Counts)) {
        let mut counts = self.counts();
        counts.acknowledged = self.acknowledged();
        read(&counts);
    }

    fn wrong(&self, what: String) {
        let mut counts = self.counts();
        if counts.wrong.len() < TOLD {
            counts.wrong.push(what);
        }
    }

    /// One person buys one thing after another until it is over.
    pub(super) async fn buy(self: std::sync::Arc<Load>, index: usize, token: String) -> anyhow::Result<()> {
        let mut person = Person { load: &self, token, connection: None };
        for turn in 0.. {
            if self.is_over.load(Ordering::SeqCst) {
                break;
            }
            person.turn(index, turn).await?;
        }
        Ok(())
    }
}

struct Person<'a> {
    load: &'a Load,
    token: String,
    connection: Option<Connection>,
}

impl Person<'_> {
    /// One order, and perhaps its payment or its end.
    async fn turn(&mut self, index: usize, turn: usize) -> anyhow::Result<()> {
        let key = format!("drill-{index}-{turn}");
        let wanted = self.wanted();
        let (status, order) = self.post("/api/v1/orders", &key, &wanted).await?;
        if status == 409 {
            self.load.counts().sold_out += 1;
            return Ok(());
        }
        let id = order["id"].as_str().context("an order without an id")?.to_owned();
        self.load.counts().told.push(Told { order: id.clone(), paid: "0" });
        self.load.acknowledged.fetch_add(1, Ordering::SeqCst);
        let (pays, presses_twice, leaves) = (self.luck(6) == 0, self.luck(20) == 0, self.luck(12) == 0);
        if presses_twice {
            let (_, again) = self.post("/api/v1/orders", &key, &wanted).await?;
            if again["id"] != order["id"] {
                self.load.wrong(format!("the key {key} gave {} and then {again}", order["id"]));
            }
        }
        if pays {
            self.pay(&order, &id, &key).await?;
        }
        if leaves {
            // Somebody who calls it off twice is told that it has moved on.
            self.post(&format!("/api/v1/orders/{id}/cancellation"), &key, &Value::Null).await?;
        }
        Ok(())
    }

    fn luck(&self, end: u64) -> u64 {
        self.load.chance.below(end)
    }

    fn wanted(&self) -> Value {
        let scarce = 2 + self.luck(self.load.things.len() as u64 - 2) as usize;
        let plenty = self.luck(2) as usize;
        let line = |thing: usize, quantity: u64| json!({ "variant_id": self.load.things[thing], "quantity": quantity });
        let lines = match self.luck(10) {
            0 => vec![line(scarce, 1)],
            1 => vec![line(scarce, 1), line(plenty, 1)],
            2 => vec![line(plenty, 1), line(1 - plenty, 1), line(plenty, 1)],
            _ => vec![line(plenty, 1 + self.luck(3))],
        };
        json!({
            "lines": lines, "hand_over": "pickup", "recipient": "김단골", "phone": "010-0000-0077", "agreed": true,
        })
    }

    async fn pay(&mut self, order: &Value, id: &str, key: &str) -> anyhow::Result<()> {
        let card = ["approve", "approve", "approve", "silent", "decline"][self.luck(5) as usize];
        let payment = order["payment_id"].as_str().context("an order without a payment")?;
        let path = format!("/api/v1/payments/{payment}/confirmation");
        let body = json!({ "card": card, "amount_won": order["total_won"] });
        let (_, paid) = self.post(&path, key, &body).await?;
        if paid["state"] == "succeeded" {
            let mut counts = self.load.counts();
            counts.paid += 1;
            counts.told.push(Told { order: id.to_owned(), paid: "1" });
        }
        Ok(())
    }

    /// Sends one request until it is answered, however often the other side goes away meanwhile.
    async fn post(&mut self, path: &str, key: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let body = body.to_string();
        let (address, token) = (self.load.address, &self.token);
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\naccept: application/json\r\n\
             idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        loop {
            // A door that is gone with the drill opens no more.
            self.load.door.subscribe().wait_for(|is_open| *is_open).await?;
            match self.once(request.as_bytes()).await {
                Ok((status, body)) if status < 500 => {
                    if !matches!(status, 200 | 201 | 409) {
                        bail!("{path} was answered with {status}: {body}");
                    }
                    return Ok((status, body));
                }
                Ok((status, body)) => self.load.counts().last_word = format!("{status} {body}"),
                Err(error) => {
                    self.connection = None;
                    self.load.counts().last_word = error.to_string();
                }
            }
            self.load.counts().sent_again += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn once(&mut self, request: &[u8]) -> anyhow::Result<(u16, Value)> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.load.address).await?,
        };
        let answer = connection.send(request).await?;
        let body = serde_json::from_slice(connection.body(&answer)).unwrap_or_default();
        self.connection = Some(connection);
        Ok((answer.status, body))
    }
}

//! Rooms: everybody who listens to a broadcast, on one WebSocket each.
//!
//! A listener first hears the whole state (`hello`), then what changes. Browsers never write here.
//! Two doors lead in: viewers, who are counted, and the quiet ones (`?quiet`), which is the seller's
//! own studio and crawlers. Both hear the same. A browser that says which one it is (`?browser=…`, a
//! name it made up) counts once, however many tabs it has open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base::Bus;
use bytes::Bytes;
use people::StoreId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use web::{Browser, Hub, Path};

use crate::broadcast::{self, Broadcast, BroadcastId};
use crate::interaction::{self, Interaction};
use crate::{Live, Result, chat, pin, stream};

/// How often viewers are counted and told.
const COUNT: Duration = Duration::from_secs(1);
/// How often a process repeats its count to the others, in countings.
const REPEAT: u64 = 5;
/// Countings after which another process that is silent counts for nothing.
const FORGET: u64 = 15;
/// How long a broadcast is believed to be as it was, without asking the database.
const BELIEVE: Duration = Duration::from_secs(1);
/// Broadcasts that are remembered.
const KNOWN: usize = 4_096;

/// The topic of a room on the bus.
pub fn topic(broadcast: &BroadcastId) -> String {
    format!("live:{broadcast}")
}

/// The room of those who are not counted.
fn quiet(topic: &str) -> String {
    format!("{topic}:quiet")
}

/// The rooms of this process. Cheap to clone.
#[derive(Clone)]
pub struct Rooms {
    hub: Hub,
    /// This process, among those that count.
    node: Arc<str>,
    open: Arc<Mutex<HashMap<BroadcastId, Room>>>,
    known: Arc<Mutex<HashMap<BroadcastId, Known>>>,
}

#[derive(Default)]
struct Room {
    /// Viewers at other processes, and at which counting they said so.
    elsewhere: HashMap<String, (usize, u64)>,
    /// What this process last said to the others, and what its listeners were told.
    said: usize,
    told: usize,
    /// Whose stock concerns the room; known after the first hello.
    store: Option<StoreId>,
    hello: Arc<tokio::sync::Mutex<Option<Hello>>>,
}

/// A broadcast, and when it was looked up.
type Known = (Instant, Arc<Broadcast>);

/// A state that was told, and when it was begun to be gathered.
type Hello = (Instant, Vec<u8>);

/// What processes say to each other.
#[derive(Deserialize, Serialize)]
struct Count {
    node: String,
    count: usize,
}

impl Rooms {
    pub(crate) fn new(hub: Hub, node: String) -> Rooms {
        Rooms { hub, node: node.into(), open: Arc::default(), known: Arc::default() }
    }

    /// Viewers of a broadcast, at all processes.
    /// How many watch at this process, all shows together.
    pub(crate) fn viewers_here(&self) -> usize {
        self.lock().values().map(|room| room.said).sum()
    }

    /// How many watch a broadcast, at all processes.
    pub fn viewers(&self, broadcast: &BroadcastId) -> usize {
        let here = self.hub.count(&topic(broadcast));
        here + self
            .lock()
            .get(broadcast)
            .map_or(0, |room| room.elsewhere.values().map(|(count, _)| count).sum())
    }

    /// Viewers of a broadcast at this process alone.
    pub(crate) fn here(&self, broadcast: &BroadcastId) -> usize {
        self.hub.count(&topic(broadcast))
    }

    /// This process, among those that count.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// A broadcast as it was at most a second ago: for what is asked thousands of times a second.
    pub(crate) async fn known(&self, live: &Live, id: &BroadcastId) -> Result<Arc<Broadcast>> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, broadcast)) = known().get(id).filter(|(asked, _)| asked.elapsed() < BELIEVE) {
            return Ok(broadcast.clone());
        }
        let broadcast = Arc::new(broadcast::find(&live.base.db, id).await?);
        let mut known = known();
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(id.clone(), (Instant::now(), broadcast.clone()));
        Ok(broadcast)
    }

    /// What was known of it holds no longer.
    pub(crate) fn forget(&self, id: &BroadcastId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// The stage's word, at most a second old.
    pub(crate) async fn stage(&self, live: &Live, broadcast: &BroadcastId) -> Result<&'static str> {
        Ok(self.known(live, broadcast).await?.stage.word())
    }

    /// Sends a frame to everybody here, without the bus.
    fn tell(&self, broadcast: &BroadcastId, frame: &[u8]) {
        let topic = topic(broadcast);
        self.hub.tell(&topic, frame);
        self.hub.tell(&quiet(&topic), frame);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<BroadcastId, Room>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /live/{broadcast}/socket`
pub(crate) async fn listen(
    State(live): State<Live>,
    Path(broadcast): Path<BroadcastId>,
    request: Request,
) -> Response {
    if let Err(error) = live.rooms.stage(&live, &broadcast).await {
        return stream::routes::refuse(error.into(), request.headers(), request.uri().path());
    }
    let uncounted = request.uri().query() == Some("quiet") || is_crawler(&request);
    let topic = topic(&broadcast);
    let topic = if uncounted { quiet(&topic) } else { topic };
    let query = request.uri().query().unwrap_or_default();
    let browser = query.split('&').find_map(|pair| Browser::read(pair.strip_prefix("browser=")?));
    let hello = hello(live.clone(), broadcast);
    let headers = request.headers().clone();
    let path = request.uri().path().to_owned();
    let response = live.rooms.hub.listen(request, topic, browser, hello);
    match response.extensions().get::<web::Problem>().cloned() {
        Some(problem) => stream::routes::refuse(problem, &headers, &path),
        None => response.into_response(),
    }
}

/// Machines that say so themselves are no viewers.
fn is_crawler(request: &Request) -> bool {
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.unwrap_or_default().to_ascii_lowercase();
    ["bot", "crawl", "spider", "preview"].iter().any(|word| agent.contains(word))
}

/// The whole state. Two thousand who come in one second share a few of them: one made after a
/// listener had joined is as good as one made for that listener.
async fn hello(live: Live, broadcast: BroadcastId) -> Option<Vec<u8>> {
    let joined = Instant::now();
    let shared = live.rooms.lock().entry(broadcast.clone()).or_default().hello.clone();
    let mut made = shared.lock().await;
    if let Some((_, frame)) = made.as_ref().filter(|(at, _)| *at > joined) {
        return Some(frame.clone());
    }
    let at = Instant::now();
    match state(&live, &broadcast).await {
        Ok((store, frame)) => {
            live.rooms.lock().entry(broadcast).or_default().store = Some(store);
            *made = Some((at, frame.clone()));
            Some(frame)
        }
        Err(error) => {
            warn!(%error, "A listener could not be told the state of {broadcast}");
            None
        }
    }
}

async fn state(live: &Live, id: &BroadcastId) -> Result<(StoreId, Vec<u8>)> {
    let db = &live.base.db;
    let broadcast = broadcast::find(db, id).await?;
    let said: Vec<_> = chat::recent(db, id).await?.iter().map(chat::frame).collect();
    let standing: Vec<_> = interaction::standing(db, id).await?.iter().map(Interaction::frame).collect();
    let frame = json!({
        "type": "hello", "viewers": live.rooms.viewers(id), "stage": broadcast.stage.word(),
        "pinned": pin::now(db, &broadcast).await?, "chat": said, "interactions": standing,
        "slow_s": broadcast.slow_s,
    });
    Ok((broadcast.store, frame.to_string().into_bytes()))
}

/// Counts viewers, hears what the other processes count, and passes the room's frames on to the quiet
/// ones, until `stop`.
pub(crate) async fn work(live: Live, stop: CancellationToken) {
    let mut events = live.base.bus.subscribe();
    let mut tick = tokio::time::interval(COUNT);
    let mut turn = 0;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = tick.tick() => {
                turn += 1;
                count_once(&live.rooms, &live.base.bus, turn).await;
                continue;
            }
            () = stop.cancelled() => return,
        };
        match event {
            Ok(event) => match event.topic.split_once(':') {
                Some(("live", _)) => live.rooms.hub.tell(&quiet(&event.topic), &event.payload),
                Some(("store", store)) if is_stock(&event.payload) => {
                    stock(&live.rooms, store, &event.payload)
                }
                Some(("viewers", broadcast)) => heard(&live.rooms, broadcast, &event.payload, turn),
                _ => {}
            },
            Err(RecvError::Lagged(missed)) => warn!(missed, "The quiet rooms fell {missed} events behind"),
            Err(RecvError::Closed) => return,
        }
    }
}

async fn count_once(rooms: &Rooms, bus: &Bus, turn: u64) {
    let mut to_say = Vec::new();
    let mut to_tell = Vec::new();
    rooms.lock().retain(|broadcast, room| {
        let topic = topic(broadcast);
        let here = rooms.hub.count(&topic);
        room.elsewhere.retain(|_, (_, said)| *said + FORGET > turn);
        if here != room.said || (here > 0 && turn.is_multiple_of(REPEAT)) {
            room.said = here;
            to_say.push((broadcast.clone(), here));
        }
        let total = here + room.elsewhere.values().map(|(count, _)| count).sum::<usize>();
        if total != room.told {
            room.told = total;
            to_tell.push((broadcast.clone(), total));
        }
        here > 0 || rooms.hub.count(&quiet(&topic)) > 0 || Arc::strong_count(&room.hello) > 1
    });
    for (broadcast, count) in to_tell {
        rooms.tell(&broadcast, json!({ "type": "viewers", "count": count }).to_string().as_bytes());
    }
    for (broadcast, count) in to_say {
        let said = json!(Count { node: rooms.node.to_string(), count });
        if let Err(error) = bus.publish(&format!("viewers:{broadcast}"), Bytes::from(said.to_string())).await
        {
            warn!(%error, "Viewers could not be told to the other processes");
        }
    }
}

/// What is left of a product concerns every room of its store.
fn stock(rooms: &Rooms, store: &str, frame: &[u8]) {
    let concerns = |room: &Room| room.store.as_ref().is_some_and(|of| of.as_str() == store);
    let rooms_of_store: Vec<_> = {
        let open = rooms.lock();
        open.iter().filter(|(_, room)| concerns(room)).map(|(broadcast, _)| broadcast.clone()).collect()
    };
    for broadcast in rooms_of_store {
        rooms.tell(&broadcast, frame);
    }
}

fn is_stock(payload: &[u8]) -> bool {
    payload.starts_with(b"{\"type\":\"stock\"")
}

fn heard(rooms: &Rooms, broadcast: &str, payload: &[u8], turn: u64) {
    let Ok(broadcast) = broadcast.parse() else { return };
    let Ok(Count { node, count }) = serde_json::from_slice(payload) else { return };
    if *node != *rooms.node
        && let Some(room) = rooms.lock().get_mut(&broadcast)
    {
        room.elsewhere.insert(node, (count, turn));
    }
}

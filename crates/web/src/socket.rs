//! The listening socket: one WebSocket a page, written to by rooms, never read from except to close.
//!
//! A room encodes each event once and writes the same bytes to everybody. Events within a short
//! tick go out in one `write(2)` a listener: one system call per listener and message is the wall,
//! and only coalescing goes through it. The tick grows with what a writing costs, so that thousands
//! of listeners cannot take a core for themselves. Orders and stock skip the tick. A listener who does not
//! read keeps at most [`BACKLOG`] bytes here; past that it misses events and is told to `resync`,
//! and if it stays behind it is sent away with 1013.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base::bus::Event;
use base64::Engine;
use bytes::{Bytes, BytesMut};
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::Problem;

mod crowd;

pub use crowd::Browser;
use crowd::Crowd;

/// How long events gather before they are written, once a room is busy.
const TICK: Duration = Duration::from_millis(50);
/// How long they gather in a room so full that writing itself takes its time.
const LONG_TICK: Duration = Duration::from_millis(100);
/// A room rests this many times as long as it wrote.
const REST: u32 = 4;
/// Bytes a slow listener may have waiting.
const BACKLOG: usize = 64 * 1024;
/// How long a listener may stay behind.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a silent connection is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);
/// Messages a room may have waiting; past it they are dropped and counted.
const QUEUE: usize = 8_192;
/// Bytes a listener may send in a lifetime: closes and pongs only.
const MAX_READ: usize = 1024 * 1024;
/// Listeners of one room.
const ROOM: usize = 50_000;

/// Every room of this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hub {
    rooms: Arc<Mutex<HashMap<String, Room>>>,
    next: Arc<AtomicU64>,
}

#[derive(Clone)]
struct Room {
    queue: mpsc::Sender<Message>,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    sockets: AtomicUsize,
    viewers: AtomicUsize,
}

enum Message {
    Join(Listener),
    Leave(u64),
    /// To everybody: an encoded frame, and whether it may wait for the tick.
    All(Bytes, Haste),
    /// To one listener.
    One(u64, Bytes),
}

#[derive(Clone, Copy, PartialEq)]
enum Haste {
    Tick,
    Now,
}

impl Hub {
    /// Carries events from the bus into the rooms until the bus closes.
    pub async fn carry(self, mut events: broadcast::Receiver<Event>) {
        loop {
            match events.recv().await {
                Ok(event) => self.tell(&event.topic, &event.payload),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    warn!(missed, "The rooms fell {missed} events behind");
                }
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    /// Sends a JSON object to everybody in `topic`, if anybody is there.
    pub fn tell(&self, topic: &str, payload: &[u8]) {
        let Some(room) = self.lock().get(topic).cloned() else { return };
        let haste = if skips_the_tick(payload) { Haste::Now } else { Haste::Tick };
        if room.queue.try_send(Message::All(frame(TEXT, payload), haste)).is_err() {
            metrics::counter!("socket_events_dropped_total").increment(1);
        }
    }

    /// How many listen to `topic` here; tabs of one browser are one.
    pub fn count(&self, topic: &str) -> usize {
        self.lock().get(topic).map_or(0, |room| room.count.viewers.load(Ordering::Relaxed))
    }

    fn sockets(&self, topic: &str) -> usize {
        self.lock().get(topic).map_or(0, |room| room.count.sockets.load(Ordering::Relaxed))
    }

    /// Answers a WebSocket request and lets it listen to `topic`. `hello` is made after the
    /// listener has joined, so that nothing falls between it and the first event. Tabs of one
    /// `browser` count as one.
    pub fn listen<H>(
        &self,
        mut request: Request,
        topic: String,
        browser: Option<Browser>,
        hello: H,
    ) -> Response
    where
        H: Future<Output = Option<Vec<u8>>> + Send + 'static,
    {
        let Some(accept) = accept_key(request.headers()) else {
            return Problem::new(StatusCode::UPGRADE_REQUIRED, "socket").into_response();
        };
        if self.sockets(&topic) >= ROOM {
            return Problem::busy().into_response();
        }
        let upgrade = hyper::upgrade::on(&mut request);
        let hub = self.clone();
        tokio::spawn(async move {
            match upgrade.await {
                Ok(upgraded) => hub.join(upgraded, &topic, browser, hello).await,
                Err(error) => debug!(%error, "A socket was not upgraded"),
            }
        });
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        response
    }

    async fn join<H>(
        self,
        upgraded: hyper::upgrade::Upgraded,
        topic: &str,
        browser: Option<Browser>,
        hello: H,
    ) where
        H: Future<Output = Option<Vec<u8>>>,
    {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let room = self.room(topic);
        let (reader, sink) = halves(upgraded);
        let listener = Listener { id, browser, sink, waiting: BytesMut::new(), behind: None, missed: false };
        if room.queue.send(Message::Join(listener)).await.is_err() {
            return;
        }
        if let Some(hello) = hello.await {
            let _ = room.queue.send(Message::One(id, frame(TEXT, &hello))).await;
        }
        read_until_closed(reader).await;
        let _ = room.queue.send(Message::Leave(id)).await;
    }

    /// The room, opened if nobody was there.
    fn room(&self, topic: &str) -> Room {
        self.lock()
            .entry(topic.to_owned())
            .or_insert_with(|| {
                let (queue, messages) = mpsc::channel(QUEUE);
                let room = Room { queue, count: Arc::default() };
                tokio::spawn(run(self.clone(), topic.to_owned(), messages, room.count.clone()));
                room
            })
            .clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the room if nobody has come in the meantime.
    fn close_if_empty(&self, topic: &str, messages: &mpsc::Receiver<Message>) -> bool {
        let mut rooms = self.lock();
        // A sender outside the map is a listener on its way in.
        let alone =
            rooms.get(topic).is_some_and(|room| room.queue.strong_count() == 1) && messages.is_empty();
        if alone {
            rooms.remove(topic);
        }
        alone
    }
}

/// One room: gathers events and writes them out.
async fn run(hub: Hub, topic: String, mut messages: mpsc::Receiver<Message>, count: Arc<Count>) {
    let mut crowd = Crowd::default();
    let mut gathered = BytesMut::new();
    let mut next_write = Instant::now();
    let mut next_ping = Instant::now() + PING;
    let mut due: Option<Instant> = None;
    loop {
        let wake = due.unwrap_or(next_ping).min(next_ping);
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(wake) => {}
            message = messages.recv() => match message {
                Some(Message::Join(listener)) => crowd.join(listener),
                Some(Message::Leave(id)) => drop(crowd.leave(id)),
                Some(Message::One(id, frame)) => crowd.write_one(id, &frame, Instant::now()),
                Some(Message::All(frame, haste)) => {
                    gathered.extend_from_slice(&frame);
                    let at = if haste == Haste::Now { Instant::now() } else { next_write };
                    due = Some(due.map_or(at, |due| due.min(at)));
                }
                None => return,
            }
        }
        count.viewers.store(crowd.viewers(), Ordering::Relaxed);
        count.sockets.store(crowd.sockets(), Ordering::Relaxed);
        if crowd.sockets() == 0 && hub.close_if_empty(&topic, &messages) {
            return;
        }
        let now = Instant::now();
        if now >= next_ping {
            gathered.extend_from_slice(&frame(PING_FRAME, b""));
            next_ping = now + PING;
            due = Some(now);
        }
        if due.is_some_and(|due| now >= due) {
            crowd.write_all(&gathered, now).await;
            gathered.clear();
            next_write = now + tick(now.elapsed());
            // Listeners with something left are tried again on the next tick.
            due = crowd.is_behind().then_some(next_write);
        }
    }
}

/// From one writing to the next, when the first took `spent`.
fn tick(spent: Duration) -> Duration {
    (spent * (REST + 1)).clamp(TICK, LONG_TICK)
}

/// Somebody who listens.
struct Listener {
    id: u64,
    /// The browser this is a tab of, when it says so.
    browser: Option<Browser>,
    sink: Sink,
    /// What the connection has not taken yet: whole frames, or the rest of one and then whole ones.
    waiting: BytesMut,
    behind: Option<Instant>,
    missed: bool,
}

/// What becomes of a listener after a writing.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Stays,
    /// The connection is broken.
    Gone,
    /// Behind for longer than [`PATIENCE`].
    TooSlow,
}

impl Listener {
    /// Writes, or keeps within the limit what cannot be written.
    fn write(&mut self, frames: &[u8], now: Instant) -> Fate {
        match self.try_write(frames) {
            Ok(()) => self.judge(now),
            Err(_) => Fate::Gone,
        }
    }

    fn try_write(&mut self, frames: &[u8]) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.drain()?;
        }
        if self.waiting.is_empty() && self.missed {
            self.missed = false;
            self.waiting.extend_from_slice(&frame(TEXT, br#"{"type":"resync"}"#));
        }
        if !self.waiting.is_empty() {
            if self.waiting.len() + frames.len() <= BACKLOG {
                self.waiting.extend_from_slice(frames);
            } else {
                self.missed = true;
            }
            self.drain()?;
        } else if !frames.is_empty() {
            let written = self.sink.try_write(frames)?;
            self.waiting.extend_from_slice(&frames[written..]);
        }
        Ok(())
    }

    fn drain(&mut self) -> io::Result<()> {
        let written = self.sink.try_write(&self.waiting)?;
        let _ = self.waiting.split_to(written);
        Ok(())
    }

    fn judge(&mut self, now: Instant) -> Fate {
        if self.waiting.is_empty() {
            self.behind = None;
            return Fate::Stays;
        }
        let since = *self.behind.get_or_insert(now);
        if now.duration_since(since) < PATIENCE { Fate::Stays } else { Fate::TooSlow }
    }

    /// Sends the rest of what was begun, and 1013: come back later. Whoever takes none of it finds the
    /// connection closed, which says the same.
    async fn say_goodbye(mut self) {
        self.waiting.extend_from_slice(&frame(CLOSE, &1013_u16.to_be_bytes()));
        let _ = tokio::time::timeout(PATIENCE, self.sink.write_all(&self.waiting)).await;
    }
}

/// The writing half of a connection, written to without waiting.
enum Sink {
    Tcp(OwnedWriteHalf),
    Other(Pin<Box<dyn AsyncWrite + Send>>),
}

impl Sink {
    async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Sink::Tcp(half) => half.write_all(bytes).await,
            Sink::Other(half) => {
                half.write_all(bytes).await?;
                half.flush().await
            }
        }
    }

    /// Writes what fits now; nothing is no error.
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self {
            Sink::Tcp(half) => half.try_write(bytes),
            Sink::Other(half) => {
                let mut context = Context::from_waker(Waker::noop());
                let written = match half.as_mut().poll_write(&mut context, bytes) {
                    Poll::Ready(written) => written,
                    Poll::Pending => return Ok(0),
                };
                if let Poll::Ready(Err(error)) = half.as_mut().poll_flush(&mut context) {
                    return Err(error);
                }
                written
            }
        };
        match written {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            written => written,
        }
    }
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// Takes the connection apart: over plain TCP down to the socket itself.
fn halves(upgraded: hyper::upgrade::Upgraded) -> (Reader, Sink) {
    match hyper_util::server::conn::auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => {
            let stream = parts.io.into_inner();
            let _ = stream.set_nodelay(true);
            let (read, write) = stream.into_split();
            (Box::pin(io::Cursor::new(parts.read_buf).chain(read)), Sink::Tcp(write))
        }
        Err(upgraded) => {
            let (read, write) = tokio::io::split(TokioIo::new(upgraded));
            (Box::pin(read), Sink::Other(Box::pin(write)))
        }
    }
}

/// Reads frames only to learn that the listener has gone: a close, an error, or somebody who talks.
async fn read_until_closed(mut reader: Reader) {
    let mut head = [0_u8; 2];
    let mut body = [0_u8; 4 + 125];
    let mut total = 0;
    while reader.read_exact(&mut head).await.is_ok() {
        let opcode = head[0] & 0x0f;
        let masked = head[1] & 0x80 != 0;
        let length = usize::from(head[1] & 0x7f);
        total += length + 6;
        // Browsers only close and pong on this socket; both are short and masked.
        let polite = masked
            && length <= 125
            && total <= MAX_READ
            && (opcode == CLOSE || opcode == PONG || opcode == PING_FRAME);
        if !polite || opcode == CLOSE || reader.read_exact(&mut body[..4 + length]).await.is_err() {
            return;
        }
    }
}

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING_FRAME: u8 = 0x9;
const PONG: u8 = 0xa;

/// A whole server-to-client frame (RFC 6455 §5.2): final, unmasked.
fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(payload.len() + 10);
    out.extend_from_slice(&[0x80 | opcode]);
    match payload.len() {
        length @ 0..=125 => out.extend_from_slice(&[length as u8]),
        length @ 126..=0xffff => {
            out.extend_from_slice(&[126]);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.extend_from_slice(&[127]);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out.freeze()
}

/// Orders, stock, pins and stage changes are worth a write of their own.
fn skips_the_tick(payload: &[u8]) -> bool {
    [&b"{\"type\":\"order\""[..], b"{\"type\":\"stock\"", b"{\"type\":\"pin\"", b"{\"type\":\"stage\""]
        .iter()
        .any(|start| payload.starts_with(start))
}

/// The answer to `Sec-WebSocket-Key`, if the request is a WebSocket's.
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let has = |name: header::HeaderName, wanted: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(wanted)).then_some(())
    };
    has(header::CONNECTION, "upgrade")?;
    has(header::UPGRADE, "websocket")?;
    has(header::SEC_WEBSOCKET_VERSION, "13")?;
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    HeaderValue::from_str(&base64::engine::general_purpose::STANDARD.encode(hash.finalize())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_carry_their_length_in_the_three_ways() {
        assert_eq!(&frame(TEXT, b"hi")[..], b"\x81\x02hi");
        assert_eq!(&frame(TEXT, &[0; 300])[..4], b"\x81\x7e\x01\x2c");
        assert_eq!(&frame(TEXT, &[0; 70_000])[..2], b"\x81\x7f");
    }

    /// A listener behind a pipe that holds `room` bytes.
    fn listener(room: usize) -> (Listener, tokio::io::DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(room);
        let sink = Sink::Other(Box::pin(ours));
        let waiting = BytesMut::new();
        (Listener { id: 1, browser: None, sink, waiting, behind: None, missed: false }, theirs)
    }

    #[tokio::test]
    async fn a_slow_listener_misses_whole_frames_and_is_told() {
        let (mut slow, mut theirs) = listener(1_000);
        let now = Instant::now();
        let long = frame(TEXT, &[b'x'; 40_000]);
        for _ in 0..5 {
            assert_eq!(slow.write(&long, now), Fate::Stays);
            assert!(slow.waiting.len() <= BACKLOG);
        }
        // It reads again: the frame that was begun comes to its end, then the word that others are missing.
        let mut heard = vec![0; long.len()];
        let reading = tokio::spawn(async move {
            theirs.read_exact(&mut heard).await.unwrap();
            let mut word = vec![0; 19];
            theirs.read_exact(&mut word).await.unwrap();
            (heard, word)
        });
        while !reading.is_finished() {
            assert_eq!(slow.write(b"", now), Fate::Stays);
            tokio::task::yield_now().await;
        }
        let (heard, word) = reading.await.unwrap();
        assert!(heard == long);
        assert_eq!(word, &frame(TEXT, br#"{"type":"resync"}"#)[..]);
    }

    #[tokio::test]
    async fn whoever_stays_behind_is_sent_away_with_1013() {
        let (mut slow, mut theirs) = listener(100);
        let now = Instant::now();
        let line = frame(TEXT, &[b'x'; 1_000]);
        assert_eq!(slow.write(&line, now), Fate::Stays);
        assert_eq!(slow.write(b"", now + PATIENCE - Duration::from_millis(1)), Fate::Stays);
        assert_eq!(slow.write(b"", now + PATIENCE), Fate::TooSlow);
        tokio::spawn(slow.say_goodbye());
        let mut heard = Vec::new();
        theirs.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard.split_off(line.len()), b"\x88\x02\x03\xf5");
        assert!(heard == line, "the line came to its end before");
    }

    #[test]
    fn a_room_gathers_for_longer_as_writing_takes_longer() {
        assert_eq!(tick(Duration::from_millis(1)), TICK);
        assert_eq!(tick(Duration::from_millis(16)), Duration::from_millis(80));
        assert_eq!(tick(Duration::from_secs(1)), LONG_TICK);
    }

    #[test]
    fn the_key_is_answered_as_the_standard_says() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(accept_key(&headers).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}

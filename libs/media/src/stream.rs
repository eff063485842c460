//! One broadcast: who sends it, what viewers get, what is recorded.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde::Serialize;
use str0m::crypto::dtls::DtlsCert;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::aac::SoundFrame;
use crate::clip::Clip;
use crate::fan::Fan;
use crate::fmp4::{AUDIO_SCALE, VIDEO_SCALE};
use crate::ingest::Ingest;
use crate::layer::Layer;
use crate::net::Net;
use crate::packager::Packager;
use crate::playlist::Mark;
use crate::recording::Recorder;
use crate::rendition::Rendition;
use crate::served::{Cache, Kind};
use crate::session::Session;
use crate::viewer::Viewer;
use crate::{Config, Error, Recording, Reload, Served, Wall, offer, playlist, recording};

/// A publisher that sends nothing for this long may be replaced by another.
const REPLACEABLE_AFTER_MS: i64 = 2_000;
/// A publisher that sends nothing for this long is gone.
const GONE_AFTER_MS: i64 = 3_000;
/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The timeline begins this long before the first picture, so that no time is ever negative.
const LEAD_MS: i64 = 1_000;
/// A multivariant playlist waits this long for the low picture: players read it once.
const LOW_WITHIN: Duration = Duration::from_millis(1_500);
/// The longest `json` of a mark.
const MAX_MARK: usize = 4096;

/// What a WHIP or WHEP client gets back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Body of the 201, `application/sdp`.
    pub sdp: String,
    /// Last part of the `Location`; unguessable.
    pub session: String,
}

/// Where a stream stands. Follow it by [`Stream::watch`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// Nobody has sent a picture yet.
    #[default]
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
    /// Round trip to the publisher, when known.
    pub rtt_ms: Option<u32>,
    /// Loudness of the last second, 0 (silence) to 100. A clip is not listened to: always 0.
    pub sound: u8,
    /// Since when this publisher sends, in Unix milliseconds; 0 without one.
    pub since_ms: i64,
    /// How long the publisher has been sending nothing.
    pub silent_ms: i64,
    /// How many viewers get it by WebRTC.
    pub viewers: usize,
}

/// One broadcast, open in this process.
pub struct Stream {
    id: String,
    config: Arc<Config>,
    net: Net,
    cert: DtlsCert,
    wall: WallClock,
    rendition: Arc<Rendition>,
    packager: Mutex<Packager>,
    /// The same picture for thin lines, from phones that send two.
    low: Low,
    recorder: Recorder,
    state: watch::Sender<State>,
    publisher: Mutex<Option<Publisher>>,
    fan: Arc<Fan>,
    /// Whoever publishes now; frames of earlier ones are ignored.
    generation: AtomicU64,
    heard_ms: AtomicI64,
    stats: Mutex<Stats>,
}

/// The low picture.
struct Low {
    rendition: Arc<Rendition>,
    packager: Mutex<Packager>,
    /// Whether the publisher of now sends it.
    sent: AtomicBool,
}

struct Publisher {
    session: String,
    generation: u64,
    source: Source,
    stop: oneshot::Sender<()>,
}

/// What a publisher is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// WebRTC, which can be handed on as it is.
    Browser,
    /// An encoder or a clip, with AAC and perhaps B-frames: for parts only.
    Film,
}

/// This machine's time of day at any instant, without the steps it may make.
#[derive(Clone, Copy)]
pub(crate) struct WallClock {
    instant: Instant,
    us: i64,
}

/// Media time zero in wall clock.
#[derive(Clone, Copy)]
pub(crate) struct Epoch {
    us: i64,
}

/// What a stream is made of.
pub(crate) struct Parts {
    pub config: Arc<Config>,
    pub net: Net,
    pub cert: DtlsCert,
    pub rendition: Rendition,
    pub low: Rendition,
    pub recorder: Recorder,
    pub first_init: u32,
    /// Where an earlier life ended, in ticks.
    pub ends: i64,
}

impl Stream {
    pub(crate) fn new(id: &str, parts: Parts) -> Arc<Stream> {
        let rendition = Arc::new(parts.rendition);
        let packager = Packager::new(
            &parts.config,
            rendition.clone(),
            Some(parts.recorder.clone()),
            parts.first_init,
            parts.ends,
        );
        let low = Arc::new(parts.low);
        let small = Packager::new(&parts.config, low.clone(), None, parts.first_init, parts.ends);
        let low = Low { rendition: low, packager: Mutex::new(small), sent: AtomicBool::new(false) };
        let resumed = parts.first_init > 0;
        let wall = WallClock::new(&parts.config.wall);
        let state = if resumed { State::Gone { since_ms: wall.ms() } } else { State::Waiting };
        let fan = Arc::new(Fan::new(parts.config.whep_viewers));
        let stream = Arc::new(Stream {
            id: id.to_owned(),
            wall,
            config: parts.config,
            net: parts.net,
            cert: parts.cert,
            rendition,
            packager: Mutex::new(packager),
            low,
            recorder: parts.recorder,
            state: watch::Sender::new(state),
            publisher: Mutex::new(None),
            fan,
            generation: AtomicU64::new(0),
            heard_ms: AtomicI64::new(0),
            stats: Mutex::new(Stats::default()),
        });
        tokio::spawn(look_after(Arc::downgrade(&stream)));
        stream
    }

    /// Name of the stream.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Take a publisher's offer. [`Error::AlreadyPublishing`] while another one is connected and sends;
    /// one that has been silent for two seconds, or never connected, is replaced.
    pub async fn publish(self: &Arc<Self>, offer: &str) -> Result<Answer, Error> {
        let place = self.free_place()?;
        self.answer(place, offer)
    }

    /// The same for another camera of the same show: whoever sends is told to stop, and loses the place.
    pub async fn take_over(self: &Arc<Self>, offer: &str) -> Result<Answer, Error> {
        let place = self.place()?;
        self.answer(place, offer)
    }

    fn answer(
        self: &Arc<Self>,
        mut publisher: MutexGuard<'_, Option<Publisher>>,
        offer: &str,
    ) -> Result<Answer, Error> {
        let kbps = (self.config.start_kbps, self.config.max_kbps);
        let agreed = offer::agree(offer, &self.net, self.cert.clone(), kbps)?;
        let place = self.net.place(&agreed.fragment);
        let (session, generation, stopped) = self.admit(&mut publisher, Source::Browser);
        let run = Session {
            rtc: agreed.rtc,
            net: self.net.clone(),
            place,
            ingest: Ingest::new(self.clone(), generation)?,
            stream: self.clone(),
            generation,
            wall: self.wall,
        };
        tokio::spawn(run.run(stopped));
        tracing::info!(stream.id = %self.id, "A publisher of {} was answered", self.id);
        Ok(Answer { sdp: agreed.answer, session })
    }

    /// Loop a clip into the stream in real time, as if a publisher sent it. Returns the session.
    pub fn play(self: &Arc<Self>, clip: Arc<Clip>) -> Result<String, Error> {
        let mut publisher = self.free_place()?;
        let (session, generation, stopped) = self.admit(&mut publisher, Source::Film);
        tokio::spawn(crate::clip::play(clip, self.clone(), generation, self.wall, stopped));
        Ok(session)
    }

    /// Let an encoder send: its generation, and what tells it to stop.
    pub(crate) fn admit_encoder(&self) -> Result<(u64, oneshot::Receiver<()>), Error> {
        let mut publisher = self.free_place()?;
        let (_, generation, stopped) = self.admit(&mut publisher, Source::Film);
        Ok((generation, stopped))
    }

    /// The clock that everything of this stream is placed on.
    pub(crate) fn wall(&self) -> WallClock {
        self.wall
    }

    /// The publisher says goodbye. The stream goes on waiting for [`Config::reconnect_grace`].
    pub fn unpublish(&self, session: &str) -> Result<(), Error> {
        let mut publisher = lock(&self.publisher);
        match publisher.take_if(|publisher| publisher.session == session) {
            Some(left) => {
                drop(publisher);
                self.generation.fetch_add(1, Ordering::SeqCst);
                let _ = left.stop.send(());
                self.gone();
                Ok(())
            }
            None => Err(Error::NoSession),
        }
    }

    /// Show the stream to a viewer by WebRTC. [`Error::NotByWebRtc`] unless a browser publishes now, and
    /// [`Error::TooManyViewers`] beyond [`Config::whep_viewers`]: such a viewer plays parts. When the publisher
    /// leaves, the connection is closed.
    pub async fn view(&self, offer: &str) -> Result<Answer, Error> {
        // Held while the seat is taken, so that a publisher that leaves meanwhile dismisses this one too.
        let publisher = lock(&self.publisher);
        if self.state() == State::Ended {
            return Err(Error::Ended { id: self.id.clone() });
        }
        if publisher.as_ref().is_none_or(|publisher| publisher.source == Source::Film) {
            return Err(Error::NotByWebRtc { id: self.id.clone() });
        }
        let seat = self.fan.admit()?;
        drop(publisher);
        let agreed = offer::agree_to_show(offer, &self.net, self.cert.clone())?;
        let place = self.net.place(&agreed.fragment);
        let session = seat.session.clone();
        tokio::spawn(Viewer { rtc: agreed.rtc, net: self.net.clone(), place, seat }.run());
        Ok(Answer { sdp: agreed.answer, session })
    }

    /// Whether a viewer by WebRTC would be shown the stream now.
    pub fn has_seat(&self) -> bool {
        let by_browser = lock(&self.publisher).as_ref().is_some_and(|now| now.source == Source::Browser);
        by_browser && self.state() == State::Live && self.fan.count() < self.config.whep_viewers
    }

    /// A viewer by WebRTC says goodbye.
    pub fn unview(&self, session: &str) -> Result<(), Error> {
        self.fan.dismiss(session)
    }

    /// Part `n`, held until it exists.
    pub async fn part(&self, n: u64) -> Result<Served, Error> {
        self.rendition.part(n).await
    }

    /// What a joining player lacks before part `next`: the init segment and the parts from a key picture on.
    pub fn catch_up(&self, next: u64) -> Result<Served, Error> {
        self.rendition.catch_up(next)
    }

    /// Init segment `k`, if it is still in memory.
    pub fn init(&self, k: u32) -> Option<Served> {
        self.rendition.init(k)
    }

    /// A closed segment that is still in memory.
    pub fn segment(&self, msn: u64) -> Option<Served> {
        self.rendition.segment(msn)
    }

    /// The live playlist; with a `reload`, held until that segment or part exists.
    pub async fn playlist(&self, reload: Reload) -> Result<Served, Error> {
        self.rendition.playlist(reload).await
    }

    /// The multivariant playlist, held until the first picture, and until the low one where there is to be one.
    pub async fn multivariant(&self) -> Result<Served, Error> {
        let high = self.rendition.variant().await;
        let high = high.ok_or_else(|| Error::NotYet { name: "multi.m3u8".into() })?;
        let low = match self.low.sent.load(Ordering::Relaxed) {
            true => timeout(LOW_WITHIN, self.low.rendition.variant()).await.ok().flatten(),
            false => None,
        };
        let body = playlist::multivariant([Some(high), low].iter().flatten().map(|variant| &**variant));
        Ok(Served { body: body.into(), kind: Kind::Playlist, cache: Cache::Second, init: None })
    }

    /// A file of the low picture, by its name without the `l`.
    pub(crate) async fn serve_low(&self, file: &str, reload: Reload) -> Result<Served, Error> {
        let low = &self.low.rendition;
        let number = |letter, ending| recording::number(file, letter, ending);
        let kept = match file {
            "join" => return Ok(low.join()),
            "live.m3u8" => return low.playlist(reload).await,
            _ if let Some(n) = number('n', ".m4s") => return low.part(n).await,
            _ if let Some(next) = number('h', ".mp4") => return low.catch_up(next),
            _ if let Some(msn) = number('s', ".m4s") => low.segment(msn),
            _ if let Some(init) = number('i', ".mp4") => u32::try_from(init).ok().and_then(|k| low.init(k)),
            _ => None,
        };
        kept.ok_or_else(|| Error::NoFile { name: format!("l{file}") })
    }

    /// What a chain player needs to start, as JSON: `state` (`live`, `waiting`, `ended`), `part_ms`,
    /// `segment_ms`, and once there is a picture `codecs`, `width`, `height`, `init`, `first`, `next`, `epoch_ms`, and
    /// `first_ms`, where the first part is on the media clock.
    pub fn join(&self) -> Served {
        self.rendition.join()
    }

    /// The media clock at the live edge in Unix milliseconds; the wall clock while nothing comes in.
    pub fn now_ms(&self) -> i64 {
        match self.state() {
            State::Live | State::Paused => {
                let end = lock(&self.packager).end();
                self.rendition.film(|film| film.epoch_ms) + end * 1000 / VIDEO_SCALE
            }
            _ => self.wall.ms(),
        }
    }

    /// Unix time of media time zero; fixed from the first picture on, for the whole life of the stream.
    pub fn epoch_ms(&self) -> Option<i64> {
        Some(self.rendition.film(|film| film.epoch_ms)).filter(|epoch| *epoch != 0)
    }

    /// Write a timed mark (a pin, a poll) into the playlists as a DATERANGE. `id` is 1–64 letters, digits,
    /// `-` and `_`; `json` at most 4 KiB, found percent-decoded in `X-DATA`.
    pub fn mark(&self, id: &str, at_ms: i64, json: &str) -> Result<(), Error> {
        check_name("a mark's id", id)?;
        if json.len() > MAX_MARK {
            return Err(Error::Refused { what: "a mark", reason: format!("longer than {MAX_MARK} bytes") });
        }
        if self.state() == State::Ended {
            return Err(Error::Ended { id: self.id.clone() });
        }
        let mark = Mark { id: id.to_owned(), at_ms, json: json.to_owned() };
        self.recorder.mark(mark.clone());
        for rendition in [&self.rendition, &self.low.rendition] {
            rendition.change(|film| film.add_mark(mark.clone()));
            rendition.show();
        }
        Ok(())
    }

    /// The uplink, now.
    pub fn stats(&self) -> Stats {
        let heard_ms = self.heard_ms.load(Ordering::Relaxed);
        let (width, height) = self.rendition.film(|film| (film.width, film.height));
        let silent_ms = if heard_ms == 0 { 0 } else { (self.wall.ms() - heard_ms).max(0) };
        Stats {
            width: width.into(),
            height: height.into(),
            silent_ms,
            viewers: self.fan.count(),
            ..*lock(&self.stats)
        }
    }

    /// Where the stream stands, now.
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Follow the state; the last value is always there, changes in between may be skipped.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// End the broadcast: the publisher is let go, playlists get their end, the recording is finalised.
    /// `None` when nothing was ever recorded. Calling it again answers the same.
    pub async fn end(&self) -> Result<Option<Recording>, Error> {
        if self.state.send_replace(State::Ended) != State::Ended {
            self.generation.fetch_add(1, Ordering::SeqCst);
            if let Some(publisher) = lock(&self.publisher).take() {
                let _ = publisher.stop.send(());
            }
            self.fan.dismiss_all();
            lock(&self.packager).finish();
            lock(&self.low.packager).finish();
        }
        self.recorder.end().await
    }

    /// Who watches by WebRTC.
    pub(crate) fn fan(&self) -> &Fan {
        &self.fan
    }

    /// Let a publisher write, unless a newer one took its place.
    pub(crate) fn feed<T>(
        &self,
        generation: u64,
        write: impl FnOnce(&mut Packager, Epoch) -> T,
    ) -> Option<T> {
        let mut packager = lock(&self.packager);
        if self.generation.load(Ordering::SeqCst) != generation {
            return None;
        }
        let now_ms = self.wall.ms();
        let answer = write(&mut packager, self.epoch(now_ms));
        let state = match (packager.started(), packager.frozen()) {
            (false, _) => None,
            (true, false) => Some(State::Live),
            (true, true) => Some(State::Paused),
        };
        self.heard_ms.store(now_ms, Ordering::Relaxed);
        // Before the packager is let go of: a goodbye meanwhile has the last word.
        if let Some(state) = state {
            self.set_state(state);
        }
        drop(packager);
        Some(answer)
    }

    /// The same for the low picture.
    pub(crate) fn feed_low(&self, generation: u64, write: impl FnOnce(&mut Packager, Epoch)) {
        let mut packager = lock(&self.low.packager);
        if self.generation.load(Ordering::SeqCst) == generation {
            write(&mut packager, self.epoch(self.wall.ms()));
        }
    }

    /// Let a publisher of a single picture write: for those on thin lines too, when there ever was a low one.
    pub(crate) fn feed_all(&self, generation: u64, mut write: impl FnMut(&mut Packager, Epoch)) {
        self.feed(generation, &mut write);
        if self.has_low() {
            self.feed_low(generation, write);
        }
    }

    /// Whether there ever was a low picture: who watches it must see it go on.
    pub(crate) fn has_low(&self) -> bool {
        self.low.rendition.begun()
    }

    /// The publisher of now sends a low picture.
    pub(crate) fn expect_low(&self) {
        self.low.sent.store(true, Ordering::Relaxed);
    }

    /// Look at the packager of a layer, unless a newer publisher has taken the place.
    pub(crate) fn peek<T>(
        &self,
        layer: Layer,
        generation: u64,
        look: impl FnOnce(&Packager) -> T,
    ) -> Option<T> {
        let packager = lock(match layer {
            Layer::High => &self.packager,
            Layer::Low => &self.low.packager,
        });
        (self.generation.load(Ordering::SeqCst) == generation).then(|| look(&packager))
    }

    /// A session is over.
    pub(crate) fn left(&self, generation: u64) {
        let mut publisher = lock(&self.publisher);
        if publisher.take_if(|publisher| publisher.generation == generation).is_some() {
            drop(publisher);
            self.gone();
        }
    }

    pub(crate) fn set_stats(&self, generation: u64, stats: Stats) {
        if self.generation.load(Ordering::SeqCst) == generation {
            *lock(&self.stats) = stats;
        }
    }

    /// Media time zero: fixed by whatever is packed first.
    fn epoch(&self, now_ms: i64) -> Epoch {
        let mut epoch_ms = self.rendition.film(|film| film.epoch_ms);
        if epoch_ms == 0 {
            epoch_ms = now_ms - LEAD_MS;
            self.rendition.change(|film| film.epoch_ms = epoch_ms);
            self.low.rendition.change(|film| film.epoch_ms = epoch_ms);
        }
        Epoch { us: epoch_ms * 1000 }
    }

    /// The publisher's place, when nobody alive is on it.
    fn free_place(&self) -> Result<MutexGuard<'_, Option<Publisher>>, Error> {
        let publisher = self.place()?;
        let silent_ms = self.wall.ms() - self.heard_ms.load(Ordering::Relaxed);
        if publisher.is_some() && silent_ms < REPLACEABLE_AFTER_MS {
            return Err(Error::AlreadyPublishing { id: self.id.clone() });
        }
        Ok(publisher)
    }

    /// The publisher's place, whoever is on it.
    fn place(&self) -> Result<MutexGuard<'_, Option<Publisher>>, Error> {
        match self.state() {
            State::Ended => Err(Error::Ended { id: self.id.clone() }),
            _ => Ok(lock(&self.publisher)),
        }
    }

    fn admit(&self, place: &mut Option<Publisher>, source: Source) -> (String, u64, oneshot::Receiver<()>) {
        let session = uuid::Uuid::new_v4().simple().to_string();
        let generation = self.generation.fetch_add(1, Ordering::SeqCst) + 1;
        let (stop, stopped) = oneshot::channel();
        self.low.sent.store(false, Ordering::Relaxed);
        let before = place.replace(Publisher { session: session.clone(), generation, source, stop });
        if let Some(before) = before {
            let _ = before.stop.send(());
            self.fan.dismiss_all();
        }
        (session, generation, stopped)
    }

    /// Nobody sends: what was sent becomes final, so that the recording has all of it.
    fn gone(&self) {
        self.fan.dismiss_all();
        if matches!(self.state(), State::Live | State::Paused) {
            lock(&self.packager).begin();
            lock(&self.low.packager).begin();
            self.set_state(State::Gone { since_ms: self.wall.ms() });
        }
        *lock(&self.stats) = Stats::default();
    }

    fn set_state(&self, state: State) {
        let changed = self.state.send_if_modified(|now| {
            let changes = *now != state && *now != State::Ended;
            if changes {
                *now = state;
            }
            changes
        });
        if changed {
            for rendition in [&self.rendition, &self.low.rendition] {
                rendition.set_present(matches!(state, State::Live | State::Paused));
            }
            tracing::info!(stream.id = %self.id, ?state, "Stream {} is {state:?}", self.id);
        }
    }

    /// Notice that nobody sends, and end the stream when nobody comes back.
    async fn look(&self) {
        let now_ms = self.wall.ms();
        match self.state() {
            State::Live | State::Paused if now_ms - self.heard_ms.load(Ordering::Relaxed) > GONE_AFTER_MS => {
                self.gone();
            }
            State::Gone { since_ms }
                if now_ms - since_ms > self.config.reconnect_grace.as_millis() as i64 =>
            {
                tracing::info!(stream.id = %self.id, "Nobody came back to {}: it ends", self.id);
                if let Err(error) = self.end().await {
                    tracing::error!(stream.id = %self.id, "{} could not be ended: {error}", self.id);
                }
            }
            _ => {}
        }
    }
}

async fn look_after(stream: Weak<Stream>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(stream) = stream.upgrade() else { return };
        stream.look().await;
        if stream.state() == State::Ended {
            return;
        }
    }
}

impl WallClock {
    fn new(wall: &Wall) -> WallClock {
        WallClock { instant: Instant::now(), us: wall.now_ms() * 1000 }
    }

    /// Microseconds at an instant.
    pub(crate) fn us(&self, at: Instant) -> i64 {
        let before = self.instant.saturating_duration_since(at).as_micros() as i64;
        self.us + at.saturating_duration_since(self.instant).as_micros() as i64 - before
    }

    /// The instant of these microseconds, as far as there is one.
    pub(crate) fn at(&self, us: i64) -> Instant {
        let since = u64::try_from(us - self.us).unwrap_or_default();
        self.instant + Duration::from_micros(since)
    }

    /// Milliseconds now.
    pub(crate) fn ms(&self) -> i64 {
        self.us(Instant::now()) / 1000
    }
}

impl Epoch {
    /// Wall clock as ticks of the picture's timeline.
    pub(crate) fn ticks(&self, us: i64) -> i64 {
        (us - self.us) * (VIDEO_SCALE / 1000) / 1000
    }

    /// A frame of sound from wall clock to the sound's timeline.
    pub(crate) fn shift(&self, frame: SoundFrame) -> SoundFrame {
        SoundFrame { at: frame.at - self.us / 1000 * (AUDIO_SCALE / 1000), ..frame }
    }
}

/// Names become parts of URLs and of paths in the store.
pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), Error> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
        let reason = "it must be 1 to 64 letters, digits, '-' or '_'".into();
        return Err(Error::Refused { what, reason });
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What a publisher sends, on its way to the packager: counts become times, bytes become pictures, Opus
//! becomes AAC, and missing things are noticed.

use std::sync::Arc;

use crate::aac::{SoundFrame, Transcoder};
use crate::clock::{Clock, Kind};
use crate::fan::Stamp;
use crate::fmp4::{AUDIO_SCALE, VIDEO_SCALE};
use crate::h264::Reader;
use crate::packager::Packager;
use crate::{Error, Stats, Stream};

/// A microphone this far behind the picture is taken to be silent…
const SILENT_US: i64 = 500_000;
/// …and filled with silence up to this far behind it, so that sound that is only late still fits.
const SILENCE_LAG_US: i64 = 300_000;
/// Pictures after a lost one are not shown until a key picture comes, but no longer than this.
const MAX_BROKEN_US: i64 = 1_000_000;
/// Key pictures are asked for at most this often: each is ten times a usual one.
const ASK_EVERY_US: i64 = 600_000;

/// One publisher's side of a stream.
pub(crate) struct Ingest {
    stream: Arc<Stream>,
    generation: u64,
    clock: Clock,
    reader: Reader,
    sound: Transcoder,
    broken_since_us: Option<i64>,
    asked_us: i64,
    begun: bool,
    second: Second,
    broken: u64,
    since_ms: i64,
}

/// Counters of the running second.
#[derive(Default)]
struct Second {
    began_us: i64,
    bytes: usize,
    pictures: u32,
}

impl Ingest {
    pub(crate) fn new(stream: Arc<Stream>, generation: u64) -> Result<Ingest, Error> {
        Ok(Ingest {
            stream,
            generation,
            clock: Clock::new(VIDEO_SCALE, AUDIO_SCALE),
            reader: Reader::default(),
            sound: Transcoder::new()?,
            broken_since_us: None,
            asked_us: 0,
            begun: false,
            second: Second::default(),
            broken: 0,
            since_ms: 0,
        })
    }

    /// An access unit. `whole` is false when something before it was lost for good.
    pub(crate) fn video(&mut self, rtp: u32, arrived_us: i64, unit: &[u8], whole: bool) {
        self.count(arrived_us, unit.len());
        self.second.pictures += 1;
        let moment = self.clock.place(Kind::Video, rtp, arrived_us);
        if !whole {
            self.broken += 1;
            self.broken_since_us.get_or_insert(arrived_us);
        }
        let Some(picture) = self.reader.annexb(unit) else { return };
        if picture.key || self.broken_since_us.is_some_and(|since| arrived_us - since > MAX_BROKEN_US) {
            self.broken_since_us = None;
        }
        if self.broken_since_us.is_some() {
            return;
        }
        self.begin();
        let silence = self.fill_silence(moment.us);
        let sound = self.sound.sound().clone();
        let shown = picture.clone();
        let fed = self.stream.feed(self.generation, |packager, epoch| {
            packager.picture(epoch.ticks(moment.us), picture, &sound);
            silence.into_iter().for_each(|frame| packager.sound(epoch.shift(frame)));
        });
        if fed.is_some() {
            let at = self.stream.wall().at(moment.us);
            self.stream.fan().picture(Stamp { rtp, at }, &shown);
        }
    }

    /// An Opus packet.
    pub(crate) fn audio(&mut self, rtp: u32, arrived_us: i64, packet: &[u8]) {
        self.count(arrived_us, packet.len());
        let moment = self.clock.place(Kind::Audio, rtp, arrived_us);
        let frames = self.sound.packet(moment.rtp, samples(moment.us), packet);
        if !self.begun {
            return;
        }
        let fed = self.stream.feed(self.generation, |packager, epoch| {
            frames.into_iter().for_each(|frame| packager.sound(epoch.shift(frame)));
        });
        if fed.is_some() {
            let at = self.stream.wall().at(moment.us);
            self.stream.fan().sound(Stamp { rtp, at }, packet);
        }
    }

    /// A sender report.
    pub(crate) fn report(&mut self, kind: Kind, rtp: u32, sender_us: i64) {
        self.clock.report(kind, rtp, sender_us);
    }

    /// Whether to ask for a key picture now.
    pub(crate) fn asks_for_key(&mut self, now_us: i64) -> bool {
        let wanted = self.broken_since_us.is_some()
            || !self.begun
            || self.stream.fan().wants_key()
            || self.stream.peek(self.generation, Packager::wants_key).unwrap_or_default();
        let ask = wanted && now_us - self.asked_us >= ASK_EVERY_US;
        if ask {
            self.asked_us = now_us;
        }
        ask
    }

    /// The figures of the second that ends now.
    pub(crate) fn stats(&mut self, now_us: i64) -> Stats {
        let second = std::mem::replace(&mut self.second, Second { began_us: now_us, ..Second::default() });
        let seconds = ((now_us - second.began_us) as f64 / 1e6).max(0.1);
        Stats {
            kbps: (second.bytes as f64 * 8.0 / 1000.0 / seconds) as u32,
            fps: (f64::from(second.pictures) / seconds).round() as u32,
            broken: self.broken,
            sound: self.sound.loudness(),
            since_ms: self.since_ms,
            ..Stats::default()
        }
    }

    fn count(&mut self, arrived_us: i64, bytes: usize) {
        if self.second.began_us == 0 {
            self.second.began_us = arrived_us;
            self.since_ms = arrived_us / 1000;
        }
        self.second.bytes += bytes;
    }

    /// The first picture of this publisher: what an earlier one left is closed.
    fn begin(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            self.stream.feed(self.generation, |packager, _| packager.begin());
        }
    }

    fn fill_silence(&mut self, picture_us: i64) -> Vec<SoundFrame> {
        let behind = |position: i64| samples(picture_us) - position > samples(SILENT_US);
        if self.sound.position().is_none_or(behind) {
            return self.sound.silence(samples(picture_us - SILENCE_LAG_US));
        }
        Vec::new()
    }
}

/// Microseconds as samples of sound.
fn samples(us: i64) -> i64 {
    us * (AUDIO_SCALE / 1000) / 1000
}

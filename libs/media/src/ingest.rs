//! What a publisher sends, on its way to the packager: counts become times, bytes become pictures, Opus
//! becomes AAC, and missing things are noticed.

use std::sync::Arc;

use crate::aac::{SoundFrame, Transcoder};
use crate::clock::{Clock, Kind};
use crate::fan::Stamp;
use crate::fmp4::{AUDIO_SCALE, VIDEO_SCALE};
use crate::h264::{Picture, Reader};
use crate::layer::{self, Layer, Pulse};
use crate::packager::Packager;
use crate::stream::Epoch;
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
    sound: Transcoder,
    layers: [Incoming; 2],
    /// Which layer those are shown who watch the high one, and the low one.
    shown: [Layer; 2],
    count: Count,
    begun: bool,
    second: Second,
    broken: u64,
    since_ms: i64,
}

/// One size of the picture.
#[derive(Default)]
struct Incoming {
    reader: Reader,
    pulse: Pulse,
    broken_since_us: Option<i64>,
    asked_us: i64,
}

/// The counts of both layers as one, for WebRTC viewers: each begins where it likes.
#[derive(Default)]
struct Count {
    last: Option<(Layer, u32, i64)>,
    shift: u32,
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
            sound: Transcoder::new()?,
            layers: Default::default(),
            shown: Layer::ALL,
            count: Count::default(),
            begun: false,
            second: Second::default(),
            broken: 0,
            since_ms: 0,
        })
    }

    /// An access unit. `whole` is false when something before it was lost for good.
    pub(crate) fn video(&mut self, layer: Layer, rtp: u32, arrived_us: i64, unit: &[u8], whole: bool) {
        self.count_bytes(arrived_us, unit.len());
        let moment = self.clock.place(Kind::of(layer), rtp, arrived_us);
        self.broken += u64::from(!whole);
        let Some(picture) = self.layers[layer as usize].read(arrived_us, unit, whole) else { return };
        self.begin();
        let silence = self.fill_silence(moment.us);
        let sound = self.sound.sound().clone();
        let [high, low] = Layer::ALL.map(|own| self.takes(own, layer, &picture, arrived_us));
        let pack = |packager: &mut Packager, epoch: Epoch, taken: bool| {
            if taken {
                packager.picture(epoch.ticks(moment.us), picture.clone(), &sound);
            }
            silence.iter().cloned().for_each(|frame| packager.sound(epoch.shift(frame)));
        };
        let fed = self.stream.feed(self.generation, |packager, epoch| pack(packager, epoch, high));
        self.stream.feed_low(self.generation, |packager, epoch| pack(packager, epoch, low));
        if fed.is_some() && high {
            self.second.pictures += 1;
            let rtp = self.count.place(layer, rtp, moment.us);
            let at = self.stream.wall().at(moment.us);
            self.stream.fan().picture(Stamp { rtp, at }, &picture);
        }
    }

    /// Whether those who watch `own` are shown this picture.
    fn takes(&mut self, own: Layer, from: Layer, picture: &Picture, now_us: i64) -> bool {
        if own == Layer::Low && from == Layer::High && !self.stream.has_low() {
            return false;
        }
        if picture.key && from == self.wish(own, now_us) {
            self.shown[own as usize] = from;
        }
        self.shown[own as usize] == from
    }

    fn wish(&self, own: Layer, now_us: i64) -> Layer {
        let pulses = [self.layers[0].pulse, self.layers[1].pulse];
        layer::wish(own, self.shown[own as usize], pulses, now_us)
    }

    /// An Opus packet.
    pub(crate) fn audio(&mut self, rtp: u32, arrived_us: i64, packet: &[u8]) {
        self.count_bytes(arrived_us, packet.len());
        let moment = self.clock.place(Kind::Audio, rtp, arrived_us);
        let frames = self.sound.packet(moment.rtp, samples(moment.us), packet);
        if !self.begun {
            return;
        }
        let pack = |packager: &mut Packager, epoch: Epoch| {
            frames.iter().cloned().for_each(|frame| packager.sound(epoch.shift(frame)));
        };
        let fed = self.stream.feed(self.generation, pack);
        self.stream.feed_low(self.generation, pack);
        if fed.is_some() {
            let at = self.stream.wall().at(moment.us);
            self.stream.fan().sound(Stamp { rtp, at }, packet);
        }
    }

    /// A sender report.
    pub(crate) fn report(&mut self, kind: Kind, rtp: u32, sender_us: i64) {
        self.clock.report(kind, rtp, sender_us);
    }

    /// Whether to ask for a key picture of this layer now. Both are asked together, so that their segments are alike.
    pub(crate) fn asks_for_key(&mut self, layer: Layer, now_us: i64) -> bool {
        let comes = |layer: &Incoming| layer.pulse.beats(now_us);
        let asked = &self.layers[layer as usize];
        let helps = comes(asked) || !self.layers.iter().any(comes);
        let wanted = asked.broken_since_us.is_some() || (helps && self.wants_key(now_us));
        let ask = wanted && now_us - asked.asked_us >= ASK_EVERY_US;
        if ask {
            self.layers[layer as usize].asked_us = now_us;
        }
        ask
    }

    fn wants_key(&self, now_us: i64) -> bool {
        let wants = |own: Layer| {
            let wish = self.wish(own, now_us);
            let counts = own == Layer::High
                || (self.layers[wish as usize].pulse.beats(now_us)
                    && (wish == Layer::Low || self.stream.has_low()));
            let packed = self.stream.peek(own, self.generation, Packager::wants_key);
            counts && (wish != self.shown[own as usize] || packed.unwrap_or_default())
        };
        !self.begun || self.stream.fan().wants_key() || Layer::ALL.into_iter().any(wants)
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

    fn count_bytes(&mut self, arrived_us: i64, bytes: usize) {
        if self.second.began_us == 0 {
            self.second.began_us = arrived_us;
            self.since_ms = arrived_us / 1000;
        }
        self.second.bytes += bytes;
    }

    /// The first picture of this publisher: what an earlier one left is closed.
    fn begin(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            self.stream.feed_all(self.generation, |packager, _| packager.begin());
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

impl Incoming {
    fn read(&mut self, arrived_us: i64, unit: &[u8], whole: bool) -> Option<Picture> {
        self.pulse.beat(arrived_us);
        if !whole {
            self.broken_since_us.get_or_insert(arrived_us);
        }
        let picture = self.reader.annexb(unit)?;
        if picture.key || self.broken_since_us.is_some_and(|since| arrived_us - since > MAX_BROKEN_US) {
            self.broken_since_us = None;
        }
        Some(picture).filter(|_| self.broken_since_us.is_none())
    }
}

impl Count {
    fn place(&mut self, layer: Layer, rtp: u32, us: i64) -> u32 {
        if let Some((before, last, last_us)) = self.last
            && before != layer
        {
            let length = ((us - last_us) * (VIDEO_SCALE / 1000) / 1000).max(1);
            self.shift = last.wrapping_add(length as u32).wrapping_sub(rtp);
        }
        let rtp = rtp.wrapping_add(self.shift);
        self.last = Some((layer, rtp, us));
        rtp
    }
}

/// Microseconds as samples of sound.
fn samples(us: i64) -> i64 {
    us * (AUDIO_SCALE / 1000) / 1000
}

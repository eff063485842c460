//! What an encoder sends, on its way to the packager. Its picture is packed as it is, B-frames included, and
//! its AAC is passed through untouched.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::Broken;
use super::flv::{self, Audio, Video};
use crate::aac::{FRAME, Sound, SoundFrame, Transcoder};
use crate::clock::{Clock, Kind};
use crate::fmp4::{AUDIO_SCALE, VIDEO_SCALE};
use crate::h264::{Picture, Reader};
use crate::{Error, Stats, Stream};

/// RTMP counts milliseconds, for picture and sound alike.
const RATE: i64 = 1_000;
/// An encoder whose sound is this far behind its picture has none.
const SILENT_US: i64 = 1_000_000;
/// The largest AAC frame: 6144 bits a channel.
const MAX_FRAME: usize = 2048;

/// One encoder's side of a stream. Dropped, its place is free.
pub(super) struct Encoder {
    stream: Arc<Stream>,
    generation: u64,
    clock: Clock,
    reader: Reader,
    /// How the encoder's sound is to be decoded, once it said so.
    sound: Option<Sound>,
    heard_us: Option<i64>,
    /// What stands in for a sound that does not come.
    silence: Transcoder,
    /// Which of the two the open segment has. It changes only with a key picture.
    silent: bool,
    begun: bool,
    stats: Stats,
    second: Option<(Instant, u64)>,
}

impl Encoder {
    /// Take the publisher's place.
    pub(super) fn admit(stream: Arc<Stream>) -> Result<(Encoder, oneshot::Receiver<()>), Error> {
        let silence = Transcoder::new()?;
        let (generation, stopped) = stream.admit_encoder()?;
        let stats = Stats { since_ms: stream.wall().ms(), ..Stats::default() };
        let encoder = Encoder {
            stream,
            generation,
            clock: Clock::new(RATE, RATE),
            reader: Reader::default(),
            sound: None,
            heard_us: None,
            silence,
            silent: true,
            begun: false,
            stats,
            second: None,
        };
        Ok((encoder, stopped))
    }

    pub(super) fn video(&mut self, at_ms: u32, tag: Bytes) -> Result<(), Broken> {
        match flv::video(tag)? {
            Video::Parameters { sps, pps } => match self.reader.learn(sps, pps) {
                true => Ok(()),
                false => Err(Broken::Codec("its parameter sets cannot be read")),
            },
            Video::Picture { offset_ms, unit } => {
                self.picture(at_ms, offset_ms, &unit);
                Ok(())
            }
            Video::Nothing => Ok(()),
        }
    }

    pub(super) fn audio(&mut self, at_ms: u32, tag: Bytes) -> Result<(), Broken> {
        match flv::audio(tag)? {
            Audio::Description(sound) => {
                self.sound = Some(sound);
                self.heard_us = Some(self.place(at_ms));
            }
            Audio::Frame(data) => self.frame(at_ms, data),
            Audio::Nothing => {}
        }
        Ok(())
    }

    fn picture(&mut self, at_ms: u32, offset_ms: i32, unit: &[u8]) {
        self.stats.fps += 1;
        let us = self.place(at_ms);
        let Some(picture) = self.reader.prefixed(unit) else { return };
        if picture.key {
            self.silent = self.sound.is_none() || self.heard_us.is_none_or(|heard| us - heard > SILENT_US);
        }
        if !std::mem::replace(&mut self.begun, true) {
            self.stream.feed_all(self.generation, |packager, _| packager.begin());
        }
        let offset = offset_ms * (VIDEO_SCALE / 1000) as i32;
        let picture = Picture { offset, ..picture };
        let filled = match self.silent {
            true => self.silence.silence(samples(us)),
            false => Vec::new(),
        };
        let own = self.sound.as_ref().filter(|_| !self.silent);
        let sound = own.unwrap_or(self.silence.sound());
        self.stream.feed_all(self.generation, |packager, epoch| {
            packager.picture(epoch.ticks(us), picture.clone(), sound);
            filled.iter().cloned().for_each(|frame| packager.sound(epoch.shift(frame)));
        });
    }

    fn frame(&mut self, at_ms: u32, data: Bytes) {
        let us = self.place(at_ms);
        self.heard_us = Some(us);
        let Some(sound) = self.sound.as_ref() else { return };
        if self.silent || !self.begun || data.len() > MAX_FRAME {
            return;
        }
        let length = FRAME as i64 * AUDIO_SCALE / i64::from(sound.rate);
        let frame = SoundFrame { at: samples(us), length: length as u32, data };
        self.stream.feed_all(self.generation, |packager, epoch| packager.sound(epoch.shift(frame.clone())));
    }

    /// A time of the encoder on our wall clock. Picture and sound share one count.
    fn place(&mut self, at_ms: u32) -> i64 {
        let arrived_us = self.stream.wall().us(Instant::now());
        self.clock.place(Kind::Video, at_ms, arrived_us).us
    }

    /// The figures of the running second, when it is over.
    pub(super) fn tell(&mut self, read: u64) {
        let (since, before) = *self.second.get_or_insert((Instant::now(), read));
        let seconds = since.elapsed().as_secs_f64();
        if seconds < 1.0 {
            return;
        }
        let kbps = ((read - before) as f64 / 125.0 / seconds) as u32;
        let fps = (f64::from(self.stats.fps) / seconds).round() as u32;
        self.stream.set_stats(self.generation, Stats { kbps, fps, ..self.stats });
        self.stats.fps = 0;
        self.second = Some((Instant::now(), read));
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        self.stream.left(self.generation);
    }
}

/// Microseconds as samples of sound.
fn samples(us: i64) -> i64 {
    us * (AUDIO_SCALE / 1000) / 1000
}

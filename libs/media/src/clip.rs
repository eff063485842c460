//! A film that can be looped into a stream: the demo broadcast, and the source of most tests.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use crate::aac::{FRAME, Sound, SoundFrame, Transcoder};
use crate::fmp4::{AUDIO_SCALE, VIDEO_SCALE};
use crate::h264::Reader;
use crate::stream::WallClock;
use crate::{Error, Stats, Stream};

mod tables;

/// Larger films do not belong into memory.
const MAX_BYTES: usize = 512 << 20;
/// Shorter ones would only flicker.
const MIN_LENGTH: i64 = VIDEO_SCALE / 5;
/// When the machine slept, what was missed is skipped rather than rushed through.
const MAX_LATE: Duration = Duration::from_secs(1);

/// A progressive MP4 (H.264 without B-frames, AAC-LC 48 kHz or silent), read and checked.
#[derive(Debug)]
pub struct Clip {
    bytes: Bytes,
    pictures: Vec<Picture>,
    sounds: Vec<Range<usize>>,
    sound: Option<Sound>,
    sps: Vec<Bytes>,
    pps: Vec<Bytes>,
    length: i64,
}

/// One picture's place in the film and in the file.
#[derive(Clone, Debug)]
struct Picture {
    at: i64,
    bytes: Range<usize>,
}

/// Where the loop stands.
struct Turn {
    /// Ticks since the first picture of the first turn.
    begins: i64,
    picture: usize,
    sound: usize,
    sounds_at: i64,
}

impl Clip {
    /// Read the tables of an MP4. [`Error::Refused`] says which rule it breaks.
    pub fn read(bytes: Bytes) -> Result<Clip, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(refused("it is larger than 512 MB"));
        }
        let film = tables::read(&bytes)?;
        let length = film.length;
        if length < MIN_LENGTH {
            return Err(refused("it is shorter than 0.2 s"));
        }
        let clip = Clip {
            pictures: film.pictures.into_iter().map(|(at, bytes)| Picture { at, bytes }).collect(),
            sounds: film.sounds,
            sound: film.sound,
            sps: film.sps,
            pps: film.pps,
            length,
            bytes,
        };
        let mut reader = clip.reader()?;
        let first = clip.pictures.first().and_then(|first| reader.prefixed(&clip.bytes[first.bytes.clone()]));
        if !first.is_some_and(|first| first.key) {
            return Err(refused("its first picture is no key picture"));
        }
        Ok(clip)
    }

    /// Length of one turn of the loop.
    pub fn duration(&self) -> Duration {
        Duration::from_micros((self.length * 100 / 9) as u64)
    }

    fn reader(&self) -> Result<Reader, Error> {
        let mut reader = Reader::default();
        match reader.learn(self.sps.clone(), self.pps.clone()) {
            true => Ok(reader),
            false => Err(refused("its parameter sets cannot be read")),
        }
    }
}

/// Loop a clip into a stream until stopped or replaced.
pub(crate) async fn play(
    clip: Arc<Clip>,
    stream: Arc<Stream>,
    generation: u64,
    wall: WallClock,
    mut stop: oneshot::Receiver<()>,
) {
    let (Ok(mut reader), Ok(mut silence)) = (clip.reader(), Transcoder::new()) else { return };
    let mut starts = Instant::now();
    let mut second = (Instant::now(), Stats { since_ms: wall.ms(), ..Stats::default() }, 0);
    let mut turn = Turn { begins: 0, picture: 0, sound: 0, sounds_at: 0 };
    stream.feed_all(generation, |packager, _| packager.begin());
    loop {
        let due = starts + turn.due(&clip);
        tokio::select! {
            () = sleep_until(due.into()) => {}
            _ = &mut stop => break,
        }
        let late = due.elapsed();
        if late > MAX_LATE {
            starts += late;
        }
        let starts_us = wall.us(starts);
        let size = if turn.sound_is_next(&clip) {
            let (bytes, at) = turn.next_sound(&clip);
            let data = clip.bytes.slice(bytes);
            let size = data.len();
            let at = starts_us * (AUDIO_SCALE / 1000) / 1000 + at;
            let frame = SoundFrame { at, length: FRAME as u32, data };
            stream.feed_all(generation, |packager, epoch| packager.sound(epoch.shift(frame.clone())));
            size
        } else {
            let (bytes, at) = turn.next_picture(&clip);
            let size = bytes.len();
            second.1.fps += 1;
            if let Some(picture) = reader.prefixed(&clip.bytes[bytes]) {
                let us = starts_us + at * 100 / 9;
                let silent = clip.sound.is_none();
                let until = us * (AUDIO_SCALE / 1000) / 1000;
                let frames = if silent { silence.silence(until) } else { Vec::new() };
                let sound = clip.sound.as_ref().unwrap_or(silence.sound());
                stream.feed_all(generation, |packager, epoch| {
                    packager.picture(epoch.ticks(starts_us) + at, picture.clone(), sound);
                    frames.iter().cloned().for_each(|frame| packager.sound(epoch.shift(frame)));
                });
            }
            size
        };
        second.2 += size;
        if second.0.elapsed() >= Duration::from_secs(1) {
            let kbps = second.2 as u32 / 125;
            stream.set_stats(generation, Stats { kbps, ..second.1 });
            second = (Instant::now(), Stats { fps: 0, ..second.1 }, 0);
        }
    }
    stream.left(generation);
}

impl Turn {
    /// When the next picture or sound belongs, after the start.
    fn due(&self, clip: &Clip) -> Duration {
        let picture = self.picture_at(clip);
        let at = if self.sound_is_next(clip) { self.sounds_at * VIDEO_SCALE / AUDIO_SCALE } else { picture };
        Duration::from_micros((at * 100 / 9).max(0) as u64)
    }

    fn sound_is_next(&self, clip: &Clip) -> bool {
        clip.sound.is_some() && self.sounds_at * VIDEO_SCALE / AUDIO_SCALE < self.picture_at(clip)
    }

    fn picture_at(&self, clip: &Clip) -> i64 {
        self.begins + clip.pictures.get(self.picture).map_or(clip.length, |picture| picture.at)
    }

    /// Sound has no seam: its frames follow each other over the turns, starting over with the pictures.
    fn next_sound(&mut self, clip: &Clip) -> (Range<usize>, i64) {
        let at = self.sounds_at;
        let bytes = clip.sounds[self.sound % clip.sounds.len()].clone();
        self.sound += 1;
        self.sounds_at += FRAME as i64;
        (bytes, at)
    }

    fn next_picture(&mut self, clip: &Clip) -> (Range<usize>, i64) {
        if self.picture >= clip.pictures.len() {
            *self = Turn { begins: self.begins + clip.length, picture: 0, sound: 0, ..*self };
        }
        let picture = &clip.pictures[self.picture];
        self.picture += 1;
        (picture.bytes.clone(), self.begins + picture.at)
    }
}

fn refused(reason: impl Into<String>) -> Error {
    Error::Refused { what: "the clip", reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Clip::read(bytes.into());
        }
    }
}

//! Frames in, parts and segments out.
//!
//! The rules, each learnt from a player that stumbled:
//!
//! - A part closes on the frame that ends nearest the aim, so all lie within 15 % of it. Its last frame's
//!   length is a guess (waiting for the next frame would cost 33 ms); the next part starts exactly where the
//!   guess ended, so the timeline has neither gap nor overlap.
//! - Every key picture opens a segment: joins find it, and the hint of flat part numbers stays right.
//! - Parameter sets that change make a new init segment and a DISCONTINUITY, and stay in band as well.
//! - When the picture stops and sound goes on, the last key picture is repeated, one per part. Players keep
//!   both tracks filled, joins work, and the playlist advances.
//! - Sound between the last part and a key picture goes into the next part.
//! - Sound comes later than its picture (it is decoded and encoded again). Should new parameters end a segment before
//!   any of its sound has come, the pictures wait for it: a player that gets a segment of which it can play nothing
//!   calls that an error and fetches it again.

use std::sync::Arc;

use bytes::Bytes;

use crate::Config;
use crate::aac::{FRAME, Sound, SoundFrame};
use crate::fmp4::{self, AUDIO_SCALE, Run, Sample, VIDEO_SCALE};
use crate::h264::{Parameters, Picture};
use crate::recording::{Closed, Recorder};
use crate::rendition::Rendition;

/// Sound this far ahead of the picture means that the camera stands still.
const STALL: i64 = VIDEO_SCALE * 6 / 10;
/// Frames further apart than this are not joined: the timeline gets a hole and a DISCONTINUITY.
const HOLE: i64 = VIDEO_SCALE * 2;
/// Shortest segment; key pictures that come faster do not open one.
const MIN_SEGMENT: i64 = VIDEO_SCALE / 2;
/// A segment is cut without a key picture when it gets this much longer than aimed.
const OVERTIME: i64 = VIDEO_SCALE * 13 / 10;
/// A key picture is asked for this long before the segment's end: it takes one to two frames to come.
const ASK_AHEAD: i64 = VIDEO_SCALE * 12 / 100;
/// Length of a frame before two of them were seen.
const FIRST_GUESS: i64 = VIDEO_SCALE / 30;
/// The longest a frame is guessed to be.
const MAX_GUESS: i64 = VIDEO_SCALE / 5;
/// Pictures wait this long for the sound of the segment they end.
const PATIENCE: i64 = VIDEO_SCALE * 4 / 10;
/// …and no more of them than this, whatever their clock says: 60 a second for as long.
const MOST_HELD: usize = 24;
/// A segment with so much sound can be played.
const HEARD: i64 = VIDEO_SCALE * 5 / 100;
/// Sound further from its place than this is moved there; less is rounding of loops and clocks.
const SOUND_SLACK: i64 = 2 * FRAME as i64;

/// Packs the frames of one stream. One at a time writes into it.
pub(crate) struct Packager {
    rendition: Arc<Rendition>,
    /// The low picture is not recorded.
    recorder: Option<Recorder>,
    part: i64,
    segment: i64,
    next_init: u32,
    sequence: u32,
    /// What the open segment was made for; `None` until a publisher's first key picture.
    source: Option<Source>,
    video: Vec<Sample>,
    video_starts: i64,
    /// Where the last picture starts on the timeline, and where its own clock would have it.
    last_starts: i64,
    last_at: i64,
    guess: i64,
    /// Where the picture's timeline ends.
    end: i64,
    part_starts: i64,
    segment_starts: i64,
    /// Where this publisher's first picture is: no sound goes before it.
    begins: i64,
    audio: Vec<Sample>,
    audio_starts: i64,
    audio_next: Option<i64>,
    key: Option<Bytes>,
    /// Pictures that wait for sound, the first of them one that turns.
    held: Vec<(i64, Picture, Sound)>,
    frozen: bool,
    changed: bool,
}

struct Source {
    parameters: Arc<Parameters>,
    sound: Sound,
    init: u32,
}

impl Packager {
    /// `ends` is where the timeline of an earlier life of the stream stopped.
    pub(crate) fn new(
        config: &Config,
        rendition: Arc<Rendition>,
        recorder: Option<Recorder>,
        first_init: u32,
        ends: i64,
    ) -> Packager {
        let ticks = |length: std::time::Duration| length.as_micros() as i64 * 9 / 100;
        Packager {
            rendition,
            recorder,
            part: ticks(config.part),
            segment: ticks(config.segment),
            next_init: first_init,
            sequence: 1,
            source: None,
            video: Vec::new(),
            video_starts: 0,
            last_starts: 0,
            last_at: 0,
            guess: FIRST_GUESS,
            end: ends,
            part_starts: 0,
            segment_starts: 0,
            begins: 0,
            audio: Vec::new(),
            audio_starts: 0,
            audio_next: None,
            key: None,
            held: Vec::new(),
            frozen: false,
            changed: false,
        }
    }

    /// Another publisher, or the same one anew: what comes next starts with an init segment of its own.
    pub(crate) fn begin(&mut self) {
        self.let_go();
        self.close_part();
        self.close_segment();
        self.source = None;
        self.frozen = false;
        self.audio.clear();
        self.audio_next = None;
        self.show();
    }

    /// One picture at `at` on the 90 kHz timeline.
    pub(crate) fn picture(&mut self, at: i64, picture: Picture, sound: &Sound) {
        let turns = picture.key && self.source.is_some() && !self.is_same(&picture, sound);
        if self.held.is_empty() && (!turns || self.is_heard()) {
            return self.pack(at, picture, sound);
        }
        self.held.push((at, picture, sound.clone()));
        let waited = self.held.first().is_some_and(|(since, ..)| at - since >= PATIENCE);
        if waited || self.held.len() >= MOST_HELD {
            self.let_go();
        }
    }

    /// Pack the pictures that waited.
    fn let_go(&mut self) {
        for (at, picture, sound) in std::mem::take(&mut self.held) {
            self.pack(at, picture, &sound);
        }
    }

    fn is_same(&self, picture: &Picture, sound: &Sound) -> bool {
        self.source.as_ref().is_some_and(|now| now.sound == *sound && now.same(&picture.parameters))
    }

    /// Whether sound of the open segment has come.
    fn is_heard(&self) -> bool {
        self.sound_ends().is_some_and(|ends| ends >= self.segment_starts + HEARD)
    }

    /// Where the sound has got to, on the timeline of the pictures.
    fn sound_ends(&self) -> Option<i64> {
        self.audio_next.map(|next| next * VIDEO_SCALE / AUDIO_SCALE)
    }

    fn pack(&mut self, at: i64, picture: Picture, sound: &Sound) {
        let started = self.source.is_some();
        if started && at - self.end > HOLE {
            self.begin();
            return self.pack(at, picture, sound);
        }
        if !picture.key && (!started || self.frozen) {
            return;
        }
        if self.frozen && at < self.end - self.part {
            return;
        }
        self.frozen = false;
        let starts = if started { self.follow(at) } else { at.max(self.end) };
        let same = self.is_same(&picture, sound);
        let age = starts - self.segment_starts;
        if picture.key && !same {
            self.turn(starts, picture.parameters.clone(), sound.clone());
        } else if (picture.key && age >= MIN_SEGMENT) || age > self.segment + OVERTIME {
            self.cut(starts);
        }
        if picture.key {
            self.key = Some(picture.data.clone());
        }
        self.last_at = at;
        let ends = (at + self.guess).max(starts + self.guess / 4);
        self.push(
            starts,
            ends,
            Sample { data: picture.data, duration: 0, key: picture.key, offset: picture.offset },
        );
        let long = ends - self.part_starts;
        if (long + self.guess - self.part).abs() >= (long - self.part).abs() {
            self.close_part();
        }
        self.show();
    }

    /// One frame of sound on the 48 kHz timeline.
    pub(crate) fn sound(&mut self, frame: SoundFrame) {
        if self.source.is_none() {
            return;
        }
        let from = self.begins * AUDIO_SCALE / VIDEO_SCALE - FRAME as i64;
        let next = match self.audio_next {
            None if frame.at < from => return,
            None => frame.at,
            Some(next) if (frame.at - next).abs() <= SOUND_SLACK => next,
            Some(next) if frame.at < next => return,
            Some(next) => {
                // A hole: the frame before it is held longer, when it is not sent yet.
                if let Some(last) = self.audio.last_mut() {
                    last.duration += (frame.at - next) as u32;
                }
                frame.at
            }
        };
        if self.audio.is_empty() {
            self.audio_starts = next;
        }
        self.audio.push(Sample { data: frame.data, duration: frame.length, key: true, offset: 0 });
        let ends = next + i64::from(frame.length);
        self.audio_next = Some(ends);
        let ends = ends * VIDEO_SCALE / AUDIO_SCALE;
        if self.held.first().is_some_and(|(at, ..)| ends >= *at) {
            self.let_go();
        }
        self.freeze(ends);
        self.show();
    }

    /// Whether a key picture is wanted: to start, after a stall, or because the segment is about to end.
    pub(crate) fn wants_key(&self) -> bool {
        self.source.is_none() || self.frozen || self.end - self.segment_starts >= self.segment - ASK_AHEAD
    }

    /// Whether a publisher's pictures are being packed.
    pub(crate) fn started(&self) -> bool {
        self.source.is_some()
    }

    /// Whether the picture stands still while sound goes on.
    pub(crate) fn frozen(&self) -> bool {
        self.frozen
    }

    /// Where the timeline has got to, in 90 kHz ticks.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    /// Close everything: the stream is over.
    pub(crate) fn finish(&mut self) {
        self.begin();
        self.rendition.change(|film| film.ended = true);
        self.rendition.show();
    }

    /// Give the picture before this one its true length, and say where this one starts: on its own time, but
    /// at the start of a part exactly where the part before ended.
    fn follow(&mut self, at: i64) -> i64 {
        let apart = (at - self.last_at).clamp(1, MAX_GUESS);
        self.guess = (self.guess * 7 + apart) / 8;
        let Some(before) = self.video.last_mut() else { return self.end };
        // After a guess that was too long the pictures catch up, each still being seen for a moment.
        let starts = at.max(self.last_starts + (self.guess / 4).max(1));
        before.duration = (starts - self.last_starts) as u32;
        self.end = starts;
        starts
    }

    /// `sample` lasts from `starts` to `ends`.
    fn push(&mut self, starts: i64, ends: i64, sample: Sample) {
        if self.video.is_empty() {
            self.video_starts = starts;
        }
        self.video.push(Sample { duration: (ends - starts).max(1) as u32, ..sample });
        self.last_starts = starts;
        self.end = ends.max(starts + 1);
    }

    /// New parameters: a new init segment and a discontinuity.
    fn turn(&mut self, at: i64, parameters: Arc<Parameters>, sound: Sound) {
        self.close_part();
        self.close_segment();
        let init = self.next_init;
        self.next_init += 1;
        let body = fmp4::init(&parameters, &sound);
        let epoch_ms = self.rendition.film(|film| film.epoch_ms);
        if let Some(recorder) = &self.recorder {
            recorder.init(epoch_ms, init, body.clone());
        }
        self.rendition.change(|film| {
            film.inits.insert(init, body);
            film.codecs = format!("{},mp4a.40.2", parameters.codec());
            (film.width, film.height) = (parameters.width, parameters.height);
        });
        if self.source.is_none() {
            self.begins = at;
        }
        self.source = Some(Source { parameters, sound, init });
        self.open_segment(at, init > 0);
    }

    /// End the segment and open the next.
    fn cut(&mut self, at: i64) {
        self.close_part();
        self.close_segment();
        self.open_segment(at, false);
    }

    fn open_segment(&mut self, at: i64, discontinuity: bool) {
        let Some(source) = &self.source else { return };
        self.rendition.change(|film| film.open_segment(at, source.init, discontinuity));
        (self.segment_starts, self.part_starts, self.end) = (at, at, at);
    }

    fn close_segment(&mut self) {
        let heard = self.is_heard();
        if let Some(closed) = self.rendition.change(Closed::of) {
            // The last pictures of somebody who left, without a sound: a player has nothing to show for them.
            if let Some(recorder) = self.recorder.as_ref().filter(|_| heard || closed.ticks >= MIN_SEGMENT) {
                recorder.segment(closed);
            }
            self.rendition.slide();
            self.changed = true;
        }
    }

    fn close_part(&mut self) {
        let independent = match self.video.first() {
            Some(first) => first.key,
            None => return,
        };
        let body = fmp4::part(
            self.sequence,
            Run { starts: self.video_starts, samples: &self.video },
            Run { starts: self.audio_starts, samples: &self.audio },
        );
        self.sequence = self.sequence.wrapping_add(1);
        self.video.clear();
        self.audio.clear();
        let ticks = self.end - self.part_starts;
        self.part_starts = self.end;
        self.rendition.change(|film| film.push_part(body, ticks, independent));
        self.changed = true;
    }

    /// Repeat the last key picture while the sound runs ahead.
    fn freeze(&mut self, sound_ends: i64) {
        let lag = if self.frozen { self.part } else { STALL };
        let Some(key) = self.key.clone() else { return };
        if sound_ends - self.end < lag {
            return;
        }
        self.close_part();
        self.frozen = true;
        while sound_ends - self.end >= self.part {
            if self.end - self.segment_starts >= self.segment {
                self.cut(self.end);
            }
            let still = Sample { data: key.clone(), duration: 0, key: true, offset: 0 };
            self.push(self.end, self.end + self.part, still);
            self.close_part();
        }
    }

    fn show(&mut self) {
        if std::mem::take(&mut self.changed) {
            self.rendition.show();
        }
    }
}

impl Source {
    fn same(&self, parameters: &Arc<Parameters>) -> bool {
        Arc::ptr_eq(&self.parameters, parameters) || *self.parameters == **parameters
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use mp4_atom::{Any, DecodeMaybe, TrunSamples};
    use object_store::ObjectStore;
    use object_store::memory::InMemory;

    use super::*;
    use crate::Record;
    use crate::recording::{Book, Manifest};
    use crate::rendition::Film;

    const PICTURE: i64 = VIDEO_SCALE / 30;
    /// Sound comes this much later than its picture.
    const LAG: i64 = VIDEO_SCALE * 15 / 100;

    fn parameters(width: u16) -> Arc<Parameters> {
        let sps = Bytes::copy_from_slice(&[0x67, 0x42, 0xc0, 0x1f, width as u8]);
        Arc::new(Parameters {
            sps: vec![sps],
            pps: vec![Bytes::from_static(&[0x68, 0xce])],
            width,
            height: 100,
        })
    }

    fn sound() -> Sound {
        Sound { config: Bytes::from_static(&[0x11, 0x90]), channels: 2, rate: 48_000 }
    }

    /// A packager and what it packs into.
    fn packager() -> (Packager, Arc<Rendition>, Arc<dyn ObjectStore>, Recorder) {
        let config = Config::default();
        let rendition = Arc::new(Rendition::new(&config, Film { epoch_ms: 1_000, ..Film::default() }));
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let recorder =
            Recorder::start(store.clone(), "show", Manifest::default(), Book::default(), Record::All);
        let packager = Packager::new(&config, rendition.clone(), Some(recorder.clone()), 0, 0);
        (packager, rendition, store, recorder)
    }

    /// What plays: pictures of one width after another, each width for so many pictures, and the sound behind them.
    fn play(packager: &mut Packager, widths: &[(u16, i64)]) {
        let (mut at, mut heard) = (VIDEO_SCALE, VIDEO_SCALE);
        for (width, count) in widths {
            let parameters = parameters(*width);
            for n in 0..*count {
                let key = n == 0 || packager.wants_key();
                let data = Bytes::from_static(&[0, 0, 0, 1, 0x65]);
                packager.picture(
                    at,
                    Picture { data, key, offset: 0, parameters: parameters.clone() },
                    &sound(),
                );
                at += PICTURE;
                while heard + LAG < at {
                    let data = Bytes::from_static(&[0x21, 0x10]);
                    packager.sound(SoundFrame {
                        at: heard * AUDIO_SCALE / VIDEO_SCALE,
                        length: FRAME as u32,
                        data,
                    });
                    heard += FRAME as i64 * VIDEO_SCALE / AUDIO_SCALE;
                }
            }
        }
    }

    /// From where to where the pictures and the sound of a segment go.
    fn spans(mut body: &[u8]) -> [Range<i64>; 2] {
        let nothing = || Range { start: i64::MAX, end: i64::MIN };
        let mut spans = [nothing(), nothing()];
        while let Some(atom) = Any::decode_maybe(&mut body).unwrap() {
            let Any::Moof(moof) = atom else { continue };
            for traf in &moof.traf {
                let track = traf.tfhd.track_id as usize - 1;
                let scale = [VIDEO_SCALE, AUDIO_SCALE][track];
                let TrunSamples::Explicit(samples) = &traf.trun[0].samples else { continue };
                let length: i64 = samples.iter().map(|one| i64::from(one.duration.unwrap())).sum();
                let at = traf.tfdt.as_ref().unwrap().base_media_decode_time as i64;
                let ticks = |at: i64| at * VIDEO_SCALE / scale;
                spans[track].start = spans[track].start.min(ticks(at));
                spans[track].end = spans[track].end.max(ticks(at + length));
            }
        }
        spans
    }

    /// Every recorded segment, in order.
    async fn recorded(store: &Arc<dyn ObjectStore>) -> Vec<[Range<i64>; 2]> {
        let list = crate::recording::read(store, "show", "vod.m3u8").await.unwrap().unwrap();
        let list = String::from_utf8(list.to_vec()).unwrap();
        let mut all = Vec::new();
        for name in list.lines().filter(|line| line.ends_with(".m4s")) {
            all.push(spans(&crate::recording::read(store, "show", name).await.unwrap().unwrap()));
        }
        all
    }

    #[tokio::test]
    async fn a_clock_that_stands_still_holds_no_more_pictures_than_fit() {
        let (mut packager, ..) = packager();
        play(&mut packager, &[(100, 30)]);
        let mut most = 0;
        for n in 0..1_000 {
            // Every picture turns, and none of them moves on in time.
            let parameters = parameters(200 + n % 2);
            let data = Bytes::from_static(&[0, 0, 0, 1, 0x65]);
            packager.picture(VIDEO_SCALE * 2, Picture { data, key: true, offset: 0, parameters }, &sound());
            most = most.max(packager.held.len());
        }
        assert!((1..MOST_HELD).contains(&most), "{most} held");
    }

    #[tokio::test]
    async fn every_recorded_segment_can_be_played_when_it_arrives() {
        // Turned soon after a cut, turned twice at once, and left soon after a cut.
        for widths in [
            &[(100, 62), (200, 90)][..],
            &[(100, 45), (200, 2), (100, 3), (200, 100)],
            &[(100, 30), (200, 61)],
            &[(100, 62)],
        ] {
            let (mut packager, rendition, store, recorder) = packager();
            play(&mut packager, widths);
            packager.finish();
            recorder.end().await.unwrap();
            let mut heard_to = i64::MIN;
            let segments = recorded(&store).await;
            assert!(segments.len() >= widths.len() / 2);
            for [seen, heard] in segments {
                heard_to = heard_to.max(heard.end);
                assert!(
                    heard_to.min(seen.end) - seen.start > HEARD / 2,
                    "{widths:?}: {seen:?}, sound to {heard_to}"
                );
            }
            let packed: i64 = rendition.film(|film| film.segments.iter().map(|one| one.ticks).sum());
            let sent: i64 = widths.iter().map(|(_, count)| count * PICTURE).sum();
            assert!((packed - sent).abs() <= PICTURE, "{widths:?}: no picture is lost to the live show");
        }
    }
}

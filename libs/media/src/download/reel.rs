//! A film as it is spliced together: which bytes it takes, and the tables in front of them.
//!
//! Where nothing was recorded, the film goes on at once: nobody wants to look at a still picture for a minute.
//! Both tracks are moved by the same time there, so that they stay together. Where only one of them has a gap,
//! its last picture stands, or there is silence.

use bytes::Bytes;
use mp4_atom::{
    Co64, Ctts, CttsEntry, Edts, Elst, ElstEntry, Encode, Ftyp, Moov, Stco, Stsc, StscEntry, Stss, Stsz,
    StszSamples, Stts, SttsEntry, Trak,
};

use super::fragment::{Fragment, SCALE, Sample, Track};
use crate::aac::FRAME;
use crate::fmp4::{AUDIO_TRACK, NEVER_FAILS, VIDEO_TRACK};

/// Less than this is no hole.
const HOLE: i64 = SCALE / 10;
/// Ticks a second of the whole film.
const FILM_SCALE: i64 = 1_000;
/// Silence put into one gap: more is a fault in the recording, not a gap.
const MAX_SILENCE: i64 = 60 * 60;

/// Bytes of the film, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Stored {
        msn: u64,
        from: usize,
        to: usize,
    },
    /// A frame of silence.
    Silence,
}

/// The moments between which a film is cut, in common ticks since the epoch.
pub(super) struct Cut {
    pub from: i64,
    pub to: i64,
}

/// A film in the making.
pub(super) struct Reel {
    cut: Cut,
    /// A frame of silence in the film's own sound, if we can make one.
    silence: Option<Bytes>,
    /// The first picture's turn to be decoded.
    begins: Option<i64>,
    /// What was taken out so far.
    closed: i64,
    picture: Tables,
    sound: Tables,
    pieces: Vec<Piece>,
    bytes: u64,
}

/// What is known of a track.
#[derive(Default)]
struct Tables {
    /// The first sample, in common ticks of the film.
    begins: Option<i64>,
    ends: i64,
    /// The end as it was recorded.
    recorded: i64,
    sizes: Vec<u32>,
    durations: Vec<SttsEntry>,
    offsets: Vec<CttsEntry>,
    keys: Vec<u32>,
    /// Where each run lies behind the head, and how many samples it has.
    chunks: Vec<(u64, u32)>,
}

impl Reel {
    pub(super) fn new(cut: Cut, silence: Option<Bytes>) -> Reel {
        let (picture, sound) = (Tables::default(), Tables::default());
        Reel { cut, silence, begins: None, closed: 0, picture, sound, pieces: Vec::new(), bytes: 0 }
    }

    /// Splices a segment in; segments come in order.
    pub(super) fn splice(&mut self, msn: u64, fragments: Vec<Fragment>) {
        let begins = match self.begins.or_else(|| first_key(&fragments, self.cut.from)) {
            Some(begins) => *self.begins.insert(begins),
            None => return,
        };
        let kept: Vec<Fragment> =
            fragments.into_iter().filter_map(|fragment| within(fragment, begins, self.cut.to)).collect();
        self.close_hole(&kept);
        for fragment in kept {
            self.add(msn, fragment);
        }
    }

    /// The first moment that is shown, in common ticks since the epoch.
    pub(super) fn begins(&self) -> Option<i64> {
        Some(self.begins? + self.first_offset()).filter(|_| !self.picture.sizes.is_empty())
    }

    /// How long it takes, in milliseconds.
    pub(super) fn duration_ms(&self) -> i64 {
        let zero = self.zero();
        (self.picture.ends.max(self.sound.ends) - zero).max(0) * FILM_SCALE / SCALE
    }

    /// `ftyp`, `moov` and the head of `mdat`; then the pieces follow.
    pub(super) fn finish(self, init: Moov) -> (Bytes, Vec<Piece>, u64) {
        let mut head = Vec::new();
        let ftyp = Ftyp {
            major_brand: b"isom".into(),
            minor_version: 512,
            compatible_brands: vec![b"isom".into(), b"iso2".into(), b"avc1".into(), b"mp41".into()],
        };
        ftyp.encode(&mut head).expect(NEVER_FAILS);
        let far = self.bytes > u64::from(u32::MAX) - (64 << 20);
        let mdat: usize = if far { 16 } else { 8 };
        let moov = |begin: u64| {
            let mut out = Vec::new();
            self.moov(&init, begin, far).encode(&mut out).expect(NEVER_FAILS);
            out
        };
        // The tables' length does not depend on where the bytes lie: encode, measure, encode.
        let begin = (head.len() + moov(0).len() + mdat) as u64;
        head.extend(moov(begin));
        let size = self.bytes + mdat as u64;
        head.extend_from_slice(&if far { 1 } else { size as u32 }.to_be_bytes());
        head.extend_from_slice(b"mdat");
        if far {
            head.extend_from_slice(&size.to_be_bytes());
        }
        (head.into(), self.pieces, self.bytes)
    }

    /// When both tracks lack the same time, it is taken out of both.
    fn close_hole(&mut self, fragments: &[Fragment]) {
        let gap = |track: Track, tables: &Tables| {
            let first = fragments.iter().find(|fragment| fragment.track == track)?;
            tables.begins.map(|_| first.starts - tables.recorded)
        };
        let gaps = [gap(Track::Picture, &self.picture), gap(Track::Sound, &self.sound)];
        if let Some(hole) = gaps.into_iter().flatten().min().filter(|hole| *hole >= HOLE) {
            self.closed += hole;
        }
    }

    fn add(&mut self, msn: u64, fragment: Fragment) {
        let wanted = fragment.starts - self.closed;
        let tick = fragment.track.tick();
        let is_sound = fragment.track == Track::Sound;
        let tables = if is_sound { &mut self.sound } else { &mut self.picture };
        tables.begins.get_or_insert(wanted);
        if tables.sizes.is_empty() {
            tables.ends = wanted;
        }
        let late = (wanted - tables.ends) / tick;
        match &self.silence {
            // Sound has frames of one length and no other: what is less than one of them is left to the next gap.
            Some(silence) if is_sound => {
                let frames = (late / FRAME as i64).clamp(0, MAX_SILENCE);
                let frame =
                    Sample { size: silence.len() as u32, duration: FRAME as u32, offset: 0, key: true };
                for _ in 0..frames {
                    tables.take(&[frame], self.bytes, tick);
                    self.bytes += silence.len() as u64;
                    self.pieces.push(Piece::Silence);
                }
            }
            _ => tables.stretch(late, tick),
        }
        tables.take(&fragment.samples, self.bytes, tick);
        let length: i64 = fragment.samples.iter().map(|sample| i64::from(sample.duration)).sum();
        tables.recorded = fragment.starts + length * tick;
        let bytes: usize = fragment.samples.iter().map(|sample| sample.size as usize).sum();
        self.bytes += bytes as u64;
        let (from, to) = (fragment.at, fragment.at + bytes);
        match self.pieces.last_mut() {
            Some(Piece::Stored { msn: last, to: end, .. }) if *last == msn && *end == from => *end = to,
            _ => self.pieces.push(Piece::Stored { msn, from, to }),
        }
    }

    fn first_offset(&self) -> i64 {
        self.picture.offsets.first().map_or(0, |first| first.sample_offset.max(0)) * Track::Picture.tick()
    }

    /// The first moment that is shown, in common ticks of the film.
    fn zero(&self) -> i64 {
        self.picture.begins.unwrap_or_default() + self.first_offset()
    }

    fn moov(&self, init: &Moov, begin: u64, far: bool) -> Moov {
        let mut moov = Moov { mvex: None, ..init.clone() };
        moov.trak.retain(|trak| self.tables(trak).is_some_and(|(_, tables)| !tables.sizes.is_empty()));
        for trak in &mut moov.trak {
            if let Some((track, tables)) = self.tables(trak) {
                let length = tables.write(trak, track, self.zero(), begin, far);
                moov.mvhd.duration = moov.mvhd.duration.max(length);
            }
        }
        moov.mvhd.timescale = FILM_SCALE as u32;
        moov
    }

    fn tables(&self, trak: &Trak) -> Option<(Track, &Tables)> {
        match trak.tkhd.track_id {
            VIDEO_TRACK => Some((Track::Picture, &self.picture)),
            AUDIO_TRACK => Some((Track::Sound, &self.sound)),
            _ => None,
        }
    }
}

impl Tables {
    fn take(&mut self, samples: &[Sample], at: u64, tick: i64) {
        for sample in samples {
            self.sizes.push(sample.size);
            if sample.key {
                self.keys.push(self.sizes.len() as u32);
            }
            self.lasts(sample.duration);
            match self.offsets.last_mut() {
                Some(last) if last.sample_offset == i64::from(sample.offset) => last.sample_count += 1,
                _ => self.offsets.push(CttsEntry { sample_count: 1, sample_offset: sample.offset.into() }),
            }
            self.ends += i64::from(sample.duration) * tick;
        }
        self.chunks.push((at, samples.len() as u32));
    }

    fn lasts(&mut self, duration: u32) {
        match self.durations.last_mut() {
            Some(last) if last.sample_delta == duration => last.sample_count += 1,
            _ => self.durations.push(SttsEntry { sample_count: 1, sample_delta: duration }),
        }
    }

    /// The last sample lasts longer by this, or shorter.
    fn stretch(&mut self, by: i64, tick: i64) {
        let Some(last) = self.durations.last_mut().filter(|_| by != 0) else { return };
        let duration = (i64::from(last.sample_delta) + by).clamp(1, i64::from(u32::MAX)) as u32;
        self.ends += (i64::from(duration) - i64::from(last.sample_delta)) * tick;
        last.sample_count -= 1;
        if last.sample_count == 0 {
            self.durations.pop();
        }
        self.lasts(duration);
    }

    /// Writes the tables, and says how long the track is shown, in the film's ticks.
    fn write(&self, trak: &mut Trak, track: Track, zero: i64, begin: u64, far: bool) -> u64 {
        let tick = track.tick();
        let film = |common: i64| (common.max(0) * FILM_SCALE / SCALE) as u64;
        let begins = self.begins.unwrap_or_default();
        let shown_at = begins + self.offsets.first().map_or(0, |first| first.sample_offset.max(0)) * tick;
        let shown = film(self.ends - zero.max(shown_at));
        let waits = film(shown_at - zero);
        let entry =
            |segment_duration, media_time| ElstEntry { segment_duration, media_time, media_rate: 1.into() };
        let mut entries = Vec::new();
        if waits > 0 {
            entries.push(entry(waits, None));
        }
        entries.push(entry(shown, Some(((zero.max(shown_at) - begins) / tick) as u64)));
        trak.edts = Some(Edts { elst: Some(Elst { entries }) });
        trak.tkhd.duration = waits + shown;
        trak.mdia.mdhd.duration = ((self.ends - begins) / tick) as u64;
        let tables = &mut trak.mdia.minf.stbl;
        tables.stts = Stts { entries: self.durations.clone() };
        let reorders = self.offsets.iter().any(|entry| entry.sample_offset != 0);
        tables.ctts = reorders.then(|| Ctts { entries: self.offsets.clone() });
        tables.stss = (track == Track::Picture).then(|| Stss { entries: self.keys.clone() });
        tables.stsz = Stsz { samples: StszSamples::Different { sizes: self.sizes.clone() } };
        tables.stsc = Stsc { entries: self.per_chunk() };
        let places = self.chunks.iter().map(|(at, _)| begin + at);
        (tables.stco, tables.co64) = match far {
            true => (None, Some(Co64 { entries: places.collect() })),
            false => (Some(Stco { entries: places.map(|at| at as u32).collect() }), None),
        };
        waits + shown
    }

    fn per_chunk(&self) -> Vec<StscEntry> {
        let mut entries: Vec<StscEntry> = Vec::new();
        for (index, (_, count)) in self.chunks.iter().enumerate() {
            if entries.last().is_none_or(|last| last.samples_per_chunk != *count) {
                let first_chunk = index as u32 + 1;
                entries.push(StscEntry {
                    first_chunk,
                    samples_per_chunk: *count,
                    sample_description_index: 1,
                });
            }
        }
        entries
    }
}

/// The last key picture at or before a moment, or else the first one after it.
fn first_key(fragments: &[Fragment], from: i64) -> Option<i64> {
    let mut found = None;
    for fragment in fragments.iter().filter(|fragment| fragment.track == Track::Picture) {
        let mut at = fragment.starts;
        for sample in &fragment.samples {
            if sample.key && (found.is_none() || at <= from) {
                found = Some(at);
            }
            at += i64::from(sample.duration) * Track::Picture.tick();
        }
    }
    found
}

/// What of a run belongs to the film: pictures from the first one on, and sound from a frame before it, which a
/// decoder needs to begin cleanly and the edit list hides.
fn within(mut fragment: Fragment, begins: i64, ends: i64) -> Option<Fragment> {
    let tick = fragment.track.tick();
    let mut skipped = 0;
    let mut at = fragment.starts;
    for sample in &fragment.samples {
        let length = i64::from(sample.duration) * tick;
        let is_early = match fragment.track {
            Track::Picture => at < begins,
            Track::Sound => at + 2 * length <= begins,
        };
        if !is_early {
            break;
        }
        (skipped, at) = (skipped + 1, at + length);
        fragment.at += sample.size as usize;
    }
    fragment.samples.drain(..skipped);
    fragment.starts = at;
    let kept = fragment.samples.iter().take_while(|sample| {
        let here = at;
        at += i64::from(sample.duration) * tick;
        here < ends
    });
    let kept = kept.count();
    fragment.samples.truncate(kept);
    (kept > 0).then_some(fragment)
}

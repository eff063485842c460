//! The sample tables of a progressive MP4, checked against the file they come from.

use std::ops::Range;

use bytes::Bytes;
use mp4_atom::{Atom, Codec, DecodeAtom, Header, Moov, StszSamples, Trak};

use super::refused;
use crate::Error;
use crate::aac::Sound;
use crate::fmp4::{AUDIO_SCALE, VIDEO_SCALE};

/// Nine hours of pictures at 60 a second.
const MAX_SAMPLES: usize = 2_000_000;
const FASTEST: u32 = 10_000_000;

/// What the tables say.
pub(super) struct Film {
    pub pictures: Vec<(i64, Range<usize>)>,
    pub sounds: Vec<Range<usize>>,
    pub sound: Option<Sound>,
    pub sps: Vec<Bytes>,
    pub pps: Vec<Bytes>,
    pub length: i64,
}

/// One sample: when it is shown, in the track's own ticks, and where it lies.
struct Sample {
    at: i64,
    length: i64,
    bytes: Range<usize>,
}

pub(super) fn read(file: &Bytes) -> Result<Film, Error> {
    let moov = moov(file)?;
    let mut video = None;
    let mut audio = None;
    for trak in &moov.trak {
        match trak.mdia.minf.stbl.stsd.codecs.first() {
            Some(Codec::Avc1(avc)) if video.is_none() => video = Some((trak, avc)),
            Some(Codec::Mp4a(mp4a)) if audio.is_none() => audio = Some((trak, mp4a)),
            _ => {}
        }
    }
    let (trak, avc) = video.ok_or_else(|| refused("it has no H.264 track"))?;
    if avc.avcc.length_size != 4 {
        return Err(refused("its pictures do not have four-byte lengths"));
    }
    let scale = scale(trak)?;
    let samples = samples(trak, file.len())?;
    let first = samples.first().ok_or_else(|| refused("it has no pictures"))?.at;
    let last = samples.last().map_or(0, |last| last.at + last.length);
    let ticks = |at: i64| (i128::from(at - first) * i128::from(VIDEO_SCALE) / i128::from(scale)) as i64;
    let own = |sets: &[Vec<u8>]| sets.iter().cloned().map(Bytes::from).collect();
    let (sounds, sound) = match audio {
        Some((trak, mp4a)) => (sounds(trak, file.len())?, Some(sound(trak, mp4a)?)),
        None => (Vec::new(), None),
    };
    Ok(Film {
        length: ticks(last),
        pictures: samples.into_iter().map(|sample| (ticks(sample.at), sample.bytes)).collect(),
        sound: sound.filter(|_| !sounds.is_empty()),
        sounds,
        sps: own(&avc.avcc.sequence_parameter_sets),
        pps: own(&avc.avcc.picture_parameter_sets),
    })
}

fn moov(file: &Bytes) -> Result<Moov, Error> {
    let mut rest: &[u8] = file;
    while rest.len() >= 8 {
        let (size, head) = match u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]) {
            0 => (rest.len(), 8),
            1 if rest.len() >= 16 => {
                let size = rest[8..16].iter().fold(0u64, |size, byte| size << 8 | u64::from(*byte));
                (usize::try_from(size).unwrap_or(usize::MAX), 16)
            }
            size => (size as usize, 8),
        };
        let body = rest.get(head..size).ok_or_else(|| refused("it is cut off, or no MP4"))?;
        if rest[4..8] == *Moov::KIND.as_ref() {
            let header = Header { kind: Moov::KIND, size: Some(body.len()) };
            return Moov::decode_atom(&header, &mut &body[..]).map_err(|e| refused(e.to_string()));
        }
        rest = &rest[size..];
    }
    Err(refused("it is no MP4, or its tables are missing"))
}

fn scale(trak: &Trak) -> Result<u32, Error> {
    let scale = trak.mdia.mdhd.timescale;
    if scale == 0 || scale > FASTEST { Err(refused("a track has no time")) } else { Ok(scale) }
}

fn sound(trak: &Trak, mp4a: &mp4_atom::Mp4a) -> Result<Sound, Error> {
    let config = mp4a.esds.es_desc.dec_config.dec_specific.as_ref();
    let config = config.ok_or_else(|| refused("its sound has no description"))?;
    if config.profile != 2 || i64::from(scale(trak)?) != AUDIO_SCALE {
        return Err(refused("its sound is not AAC-LC at 48 kHz"));
    }
    Ok(Sound { config: config.raw.clone().into(), channels: config.chan_conf, rate: AUDIO_SCALE as u32 })
}

/// Frames of sound from the first one that is heard: encoders put one or two before it.
fn sounds(trak: &Trak, file: usize) -> Result<Vec<Range<usize>>, Error> {
    let edits = trak.edts.as_ref().and_then(|edts| edts.elst.as_ref());
    let heard = edits.and_then(|elst| elst.entries.first()?.media_time).unwrap_or_default();
    let samples = samples(trak, file)?;
    let heard = samples.into_iter().filter(|sample| sample.at + sample.length > heard as i64);
    Ok(heard.map(|sample| sample.bytes).collect())
}

fn samples(trak: &Trak, file: usize) -> Result<Vec<Sample>, Error> {
    let tables = &trak.mdia.minf.stbl;
    if let Some(ctts) = &tables.ctts
        && ctts.entries.windows(2).any(|pair| pair[0].sample_offset != pair[1].sample_offset)
    {
        return Err(refused("it has B-frames, which no live viewer gets; encode with -bf 0"));
    }
    let count = match &tables.stsz.samples {
        StszSamples::Identical { count, .. } => *count as usize,
        StszSamples::Different { sizes } => sizes.len(),
    };
    if count > MAX_SAMPLES {
        return Err(refused("it has too many samples"));
    }
    let size = |n: usize| match &tables.stsz.samples {
        StszSamples::Identical { size, .. } => *size as usize,
        StszSamples::Different { sizes } => sizes[n] as usize,
    };
    let chunks: Vec<u64> = match (&tables.stco, &tables.co64) {
        (Some(stco), _) => stco.entries.iter().map(|at| u64::from(*at)).collect(),
        (None, Some(co64)) => co64.entries.clone(),
        (None, None) => Vec::new(),
    };
    let lengths =
        tables.stts.entries.iter().flat_map(|entry| {
            std::iter::repeat_n(i64::from(entry.sample_delta), entry.sample_count as usize)
        });
    let mut lengths = lengths.take(count);
    let mut samples = Vec::with_capacity(count.min(1 << 16));
    let mut at = 0i64;
    for (index, chunk) in chunks.iter().enumerate() {
        let mut offset = usize::try_from(*chunk).unwrap_or(usize::MAX);
        for _ in 0..per_chunk(trak, index as u32 + 1) {
            let n = samples.len();
            if n == count {
                break;
            }
            let end = offset.saturating_add(size(n));
            let length = lengths.next().unwrap_or_default();
            if end > file {
                return Err(refused("it is cut off"));
            }
            samples.push(Sample { at, length, bytes: offset..end });
            at += length;
            offset = end;
        }
    }
    if samples.len() < count {
        return Err(refused("its tables contradict each other"));
    }
    Ok(samples)
}

/// How many samples the chunk of this number (from one) has.
fn per_chunk(trak: &Trak, chunk: u32) -> u32 {
    let entries = &trak.mdia.minf.stbl.stsc.entries;
    let after = entries.partition_point(|entry| entry.first_chunk <= chunk);
    after.checked_sub(1).map_or(0, |at| entries[at].samples_per_chunk)
}

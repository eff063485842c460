//! What lies in a recorded segment: runs of samples, and where their bytes are.

use mp4_atom::{Atom, DecodeAtom, Header, Moof, TrunSamples};

use crate::fmp4::{AUDIO_SCALE, AUDIO_TRACK, KEY, VIDEO_SCALE, VIDEO_TRACK};

/// Ticks a second in which both tracks' times are whole.
pub(crate) const SCALE: i64 = 720_000;

/// A track of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    Picture,
    Sound,
}

impl Track {
    /// Common ticks in one of the track's own.
    pub(crate) fn tick(self) -> i64 {
        match self {
            Track::Picture => SCALE / VIDEO_SCALE,
            Track::Sound => SCALE / AUDIO_SCALE,
        }
    }
}

/// Consecutive samples of one track, which lie in a row.
#[derive(Debug)]
pub(crate) struct Fragment {
    pub track: Track,
    /// The number of the part that it belongs to.
    pub sequence: u32,
    /// Common ticks since the epoch.
    pub starts: i64,
    /// The first byte, from the start of the segment.
    pub at: usize,
    pub samples: Vec<Sample>,
}

/// One sample, in its track's own ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub size: u32,
    pub duration: u32,
    pub offset: i32,
    pub key: bool,
}

/// All of a segment, in the order of its bytes; what does not lie within it is left out.
pub(crate) fn read(segment: &[u8]) -> Vec<Fragment> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(head) = segment.get(at..at + 8) {
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(body) = segment.get(at + 8..at.saturating_add(size)) else { break };
        if head[4..] == *Moof::KIND.as_ref() {
            let header = Header { kind: Moof::KIND, size: Some(body.len()) };
            if let Ok(moof) = Moof::decode_atom(&header, &mut &body[..]) {
                all.extend(fragments(&moof, at, segment.len()));
            }
        }
        at += size;
    }
    all
}

fn fragments(moof: &Moof, moof_at: usize, segment: usize) -> Vec<Fragment> {
    let mut all = Vec::new();
    for traf in &moof.traf {
        let track = match traf.tfhd.track_id {
            VIDEO_TRACK => Track::Picture,
            AUDIO_TRACK => Track::Sound,
            _ => continue,
        };
        let (Some(tfdt), Some(run)) = (&traf.tfdt, traf.trun.first()) else { continue };
        let TrunSamples::Explicit(entries) = &run.samples else { continue };
        let samples: Vec<Sample> = entries
            .iter()
            .map(|entry| Sample {
                size: entry.size.unwrap_or_default(),
                duration: entry.duration.unwrap_or_default(),
                offset: entry.cts.unwrap_or_default() as i32,
                key: entry.flags.is_none_or(|flags| flags == KEY),
            })
            .collect();
        let at = moof_at + run.data_offset.unwrap_or_default().max(0) as usize;
        let bytes: usize = samples.iter().map(|sample| sample.size as usize).sum();
        if at + bytes <= segment && !samples.is_empty() {
            let starts = tfdt.base_media_decode_time as i64 * track.tick();
            all.push(Fragment { track, sequence: moof.mfhd.sequence_number, starts, at, samples });
        }
    }
    all
}

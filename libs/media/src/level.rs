//! The loudness of a recording: what a phone sent too softly is heard like everything else.
//!
//! The sound of a finished recording is measured (EBU R 128) and encoded once more, louder or softer, so that all of
//! it has −16 LUFS and no peak between the samples goes beyond −1 dBTP. Pictures stay as they are. The new segments
//! get new names, for the old ones are in caches for a year; the playlist changes last, in one put, and whoever plays
//! by the old one goes on with the old segments. Segments are read one by one, twice; of a whole show only the peaks
//! are kept, a megabyte an hour.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use ebur128::{EbuR128, Mode};
use fdk_aac::dec::{Decoder, Transport};
use object_store::ObjectStore;

use crate::aac::{CHANNELS, FRAME, Recoder};
use crate::download::fragment::{self, Fragment, Track};
use crate::download::speaks;
use crate::fmp4::{self, AUDIO_SCALE, Run, Sample};
use crate::recording::list::{self, Listed};
use crate::recording::{self, Manifest, SEGMENT_JUMP};
use crate::{Error, aac};

/// What it is brought to.
const WANTED_LUFS: f64 = -16.0;
/// Peaks are held here, so that what the encoder adds to them stays below −1 dBTP.
const CEILING: f32 = 0.75;
/// A smaller difference nobody hears.
const TOLERANCE_DB: f64 = 0.5;
/// Softer than this is no speech, and would be mostly noise if it were made louder.
const SILENT_LUFS: f64 = -50.0;
const MOST_DB: f64 = 25.0;
/// Samples whose peak is looked at together: 2.7 ms.
const BLOCK: usize = 128;
/// Blocks before and after a peak in which the sound is already, and still, turned down.
const AROUND: usize = 4;
/// How much is turned up again with a block.
const RELEASE: f32 = 0.01;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// As it was recorded.
    pub lufs: f64,
    /// What was added.
    pub gain_db: f64,
}

/// Brings a finished recording to its loudness. `None`: there was nothing to do, or it was done before; sound that
/// is not AAC-LC of 48 kHz in two channels is left alone.
pub async fn level(store: &Arc<dyn ObjectStore>, id: &str) -> Result<Option<Level>, Error> {
    let Some(json) = recording::read(store, id, "stream.json").await? else { return Ok(None) };
    let mut manifest: Manifest = serde_json::from_slice(&json)
        .map_err(|e| Error::Refused { what: "stream.json", reason: e.to_string() })?;
    let Some(text) = recording::read(store, id, "vod.m3u8").await? else { return Ok(None) };
    if !manifest.ended || manifest.leveled {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let listed = list::read(&text);
    // A kill between the last two puts left the new playlist and the old manifest.
    let is_swapped = listed.iter().any(|one| one.msn >= manifest.next_segment + SEGMENT_JUMP);
    let mut done = None;
    if !is_swapped && are_ours(store, id, &listed).await? {
        let (lufs, peaks) = measure(store, id, &listed).await?;
        let gain_db = (WANTED_LUFS - lufs).min(MOST_DB);
        if lufs > SILENT_LUFS && gain_db.abs() > TOLERANCE_DB {
            let first = manifest.next_segment + SEGMENT_JUMP;
            let names = apply(store, id, &listed, first, envelope(&peaks, gain_db)).await?;
            recording::put(store, id, "vod.m3u8", renamed(&text, &names).into()).await?;
            done = Some(Level { lufs, gain_db });
        }
    }
    manifest.leveled = true;
    recording::put(store, id, "stream.json", manifest.json()).await?;
    Ok(done)
}

/// Whether all of the sound is as our own encoder makes it: AAC-LC, 48 kHz, two channels.
async fn are_ours(store: &Arc<dyn ObjectStore>, id: &str, listed: &[Listed]) -> Result<bool, Error> {
    let (sound, _) = aac::silent_frame()?;
    let mut inits: Vec<u64> = listed.iter().map(|one| one.init).collect();
    inits.dedup();
    for init in inits {
        let body = recording::read(store, id, &format!("i{init}.mp4")).await?.unwrap_or_default();
        let ours = crate::download::moov(&body).is_ok_and(|moov| speaks(&moov, &sound));
        if !ours {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The loudness of all, and the peak of each block.
async fn measure(
    store: &Arc<dyn ObjectStore>,
    id: &str,
    listed: &[Listed],
) -> Result<(f64, Vec<f32>), Error> {
    let mut ear = Ear::new()?;
    for one in listed {
        let body = recording::read(store, id, &one.file()).await?.unwrap_or_default();
        ear = tokio::task::spawn_blocking(move || {
            ear.hear(&frames(&body, &fragment::read(&body)));
            ear
        })
        .await
        .map_err(|e| setup(&e))?;
    }
    ear.rest();
    let lufs = ear.meter.loudness_global().map_err(|e| setup(&e))?;
    Ok((lufs, ear.peaks))
}

/// Listens to frames of sound.
struct Ear {
    voice: Voice,
    meter: EbuR128,
    waiting: Vec<i16>,
    peaks: Vec<f32>,
}

impl Ear {
    fn new() -> Result<Ear, Error> {
        let meter =
            EbuR128::new(CHANNELS as u32, AUDIO_SCALE as u32, Mode::I | Mode::TRUE_PEAK | Mode::HISTOGRAM);
        let meter = meter.map_err(|e| setup(&e))?;
        Ok(Ear { voice: Voice::new()?, meter, waiting: Vec::new(), peaks: Vec::new() })
    }

    fn hear(&mut self, frames: &[Bytes]) {
        for frame in frames {
            self.voice.decode(frame, &mut self.waiting);
        }
        let whole = self.waiting.len() / (BLOCK * CHANNELS) * BLOCK * CHANNELS;
        for block in self.waiting[..whole].chunks(BLOCK * CHANNELS) {
            // What cannot be measured counts as loud.
            let heard = self.meter.add_frames_i16(block);
            let peak = (0..CHANNELS as u32).map(|channel| self.meter.prev_true_peak(channel).unwrap_or(1.0));
            self.peaks.push(heard.map_or(1.0, |()| peak.fold(0.0, f64::max)) as f32);
        }
        self.waiting.drain(..whole);
    }

    /// The last block is filled up with silence.
    fn rest(&mut self) {
        self.waiting.resize(self.waiting.len() + (self.voice.late + BLOCK) * CHANNELS, 0);
        self.hear(&[]);
    }
}

/// Decodes frames into samples that stand where the frames stand.
struct Voice {
    decoder: Decoder,
    /// Samples that the decoder itself is late, still to be dropped at the beginning.
    late: usize,
    drop: Option<usize>,
}

impl Voice {
    fn new() -> Result<Voice, Error> {
        let (sound, _) = aac::silent_frame()?;
        let mut decoder = Decoder::new(Transport::Raw);
        decoder.config_raw(&sound.config).map_err(|e| setup(&e))?;
        Ok(Voice { decoder, late: 0, drop: None })
    }

    /// A frame that cannot be decoded is silence.
    fn decode(&mut self, frame: &[u8], out: &mut Vec<i16>) {
        let mut pcm = [0; FRAME * CHANNELS];
        let decoded = self.decoder.fill(frame).and_then(|_| self.decoder.decode_frame(&mut pcm));
        if decoded.is_err() {
            pcm = [0; FRAME * CHANNELS];
        }
        let drop = self.drop.get_or_insert_with(|| {
            self.late = (self.decoder.stream_info().outputDelay as usize).min(FRAME * 4);
            self.late * CHANNELS
        });
        let now = (*drop).min(pcm.len());
        *drop -= now;
        out.extend_from_slice(&pcm[now..]);
    }
}

/// What each block is multiplied with: the gain, and less around peaks that would be too high.
fn envelope(peaks: &[f32], gain_db: f64) -> Vec<f32> {
    let gain = 10f64.powf(gain_db / 20.0) as f32;
    let needed: Vec<f32> = peaks.iter().map(|peak| gain.min(CEILING / peak.max(1e-6))).collect();
    let around =
        |values: &[f32], at: usize, far: usize| at.saturating_sub(far)..(at + far + 1).min(values.len());
    let mut least: Vec<f32> = (0..needed.len())
        .map(|at| needed[around(&needed, at, AROUND)].iter().copied().fold(gain, f32::min))
        .collect();
    for at in 1..least.len() {
        least[at] = least[at].min(least[at - 1] + RELEASE * gain);
    }
    (0..least.len())
        .map(|at| {
            let near = &least[around(&least, at, AROUND - 1)];
            near.iter().sum::<f32>() / near.len() as f32
        })
        .collect()
}

/// Writes the segments anew; answers the old numbers' new ones.
async fn apply(
    store: &Arc<dyn ObjectStore>,
    id: &str,
    listed: &[Listed],
    first: u64,
    envelope: Vec<f32>,
) -> Result<HashMap<u64, u64>, Error> {
    let mut hand = Hand::new(envelope)?;
    let mut names = HashMap::new();
    for (number, one) in (first..).zip(listed) {
        let Some(body) = recording::read(store, id, &one.file()).await? else { continue };
        names.insert(one.msn, number);
        let (back, ready) = tokio::task::spawn_blocking(move || {
            let ready = hand.take(number, body);
            (hand, ready)
        })
        .await
        .map_err(|e| setup(&e))?;
        hand = back;
        store_all(store, id, ready).await?;
    }
    store_all(store, id, hand.rest()).await?;
    Ok(names)
}

async fn store_all(store: &Arc<dyn ObjectStore>, id: &str, ready: Vec<(u64, Bytes)>) -> Result<(), Error> {
    for (number, body) in ready {
        recording::put(store, id, &format!("s{number}.m4s"), body).await?;
    }
    Ok(())
}

/// Turns the sound of segments up or down. What goes in comes out a few frames later, so a segment waits for the
/// next one.
struct Hand {
    voice: Voice,
    encoder: Recoder,
    envelope: Vec<f32>,
    /// Samples that were turned so far.
    at: usize,
    decoded: Vec<i16>,
    waiting: VecDeque<(u64, Bytes, Vec<Fragment>)>,
    ready: VecDeque<Bytes>,
}

impl Hand {
    fn new(envelope: Vec<f32>) -> Result<Hand, Error> {
        let (voice, encoder) = (Voice::new()?, Recoder::new()?);
        Ok(Hand {
            voice,
            encoder,
            envelope,
            at: 0,
            decoded: Vec::new(),
            waiting: VecDeque::new(),
            ready: VecDeque::new(),
        })
    }

    fn take(&mut self, number: u64, body: Bytes) -> Vec<(u64, Bytes)> {
        let fragments = fragment::read(&body);
        for frame in frames(&body, &fragments) {
            self.voice.decode(&frame, &mut self.decoded);
        }
        self.turn();
        self.waiting.push_back((number, body, fragments));
        self.finished()
    }

    /// What still waits, followed by silence.
    fn rest(&mut self) -> Vec<(u64, Bytes)> {
        let mut all = Vec::new();
        for _ in 0..16 {
            self.decoded.resize(self.decoded.len() + FRAME * CHANNELS, 0);
            self.turn();
            all.extend(self.finished());
        }
        all
    }

    fn turn(&mut self) {
        let whole = self.decoded.len() / (FRAME * CHANNELS) * FRAME * CHANNELS;
        let mut pcm: Vec<i16> = self.decoded.drain(..whole).collect();
        for pair in pcm.chunks_mut(CHANNELS) {
            let (block, inside) = (self.at / BLOCK, (self.at % BLOCK) as f32 / BLOCK as f32);
            let of = |block: usize| self.envelope.get(block).or(self.envelope.last()).copied().unwrap_or(1.0);
            let factor = of(block) * (1.0 - inside) + of(block + 1) * inside;
            for sample in pair {
                *sample = (f32::from(*sample) * factor).round() as i16;
            }
            self.at += 1;
        }
        for frame in pcm.chunks(FRAME * CHANNELS) {
            self.ready.extend(self.encoder.encode(frame));
        }
    }

    fn finished(&mut self) -> Vec<(u64, Bytes)> {
        let mut all = Vec::new();
        while let Some((number, body, fragments)) = self.waiting.pop_front() {
            let wanted = sounds(&fragments).map(|one| one.samples.len()).sum::<usize>();
            if self.ready.len() < wanted {
                self.waiting.push_front((number, body, fragments));
                break;
            }
            let mut frames = self.ready.drain(..wanted);
            all.push((number, rewritten(&body, &fragments, &mut frames)));
        }
        all
    }
}

/// A segment with other sound.
fn rewritten(body: &Bytes, fragments: &[Fragment], sounds: &mut impl Iterator<Item = Bytes>) -> Bytes {
    let mut out = Vec::with_capacity(body.len() + 1024);
    for part in fragments.chunk_by(|a, b| a.sequence == b.sequence) {
        let mut runs = [(0, Vec::new()), (0, Vec::new())];
        for one in part {
            let own = samples(body, one).map(|(sample, data)| Sample {
                data: if one.track == Track::Sound { sounds.next().unwrap_or(data) } else { data },
                duration: sample.duration,
                key: sample.key,
                offset: sample.offset,
            });
            runs[usize::from(one.track == Track::Sound)] = (one.starts / one.track.tick(), own.collect());
        }
        let run = |at: usize| Run { starts: runs[at].0, samples: &runs[at].1 };
        out.extend_from_slice(&fmp4::part(part[0].sequence, run(0), run(1)));
    }
    out.into()
}

fn samples<'a>(body: &'a Bytes, of: &'a Fragment) -> impl Iterator<Item = (fragment::Sample, Bytes)> + 'a {
    let mut at = of.at;
    of.samples.iter().map(move |sample| {
        let from = at;
        at += sample.size as usize;
        (*sample, body.slice(from..at))
    })
}

fn sounds(fragments: &[Fragment]) -> impl Iterator<Item = &Fragment> {
    fragments.iter().filter(|one| one.track == Track::Sound)
}

fn frames(body: &Bytes, fragments: &[Fragment]) -> Vec<Bytes> {
    sounds(fragments).flat_map(|one| samples(body, one)).map(|(_, data)| data).collect()
}

/// The playlist with the new names in it.
fn renamed(text: &str, names: &HashMap<u64, u64>) -> String {
    let name = |line: &str| match recording::number(line, 's', ".m4s").and_then(|msn| names.get(&msn)) {
        Some(number) => format!("s{number}.m4s\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(name).collect()
}

fn setup(error: &dyn std::fmt::Display) -> Error {
    Error::Setup { what: "the loudness", reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_peak_is_turned_up_beyond_the_ceiling_and_quiet_sound_gets_all_of_it() {
        let mut peaks = vec![0.05; 400];
        peaks[200] = 0.9;
        peaks[201] = 0.4;
        let turned = envelope(&peaks, 12.0);
        for (at, factor) in turned.iter().enumerate() {
            assert!(peaks[at] * factor <= CEILING * 1.001, "{at}");
        }
        assert!((turned[0] - 3.981).abs() < 0.01 && (turned[399] - 3.981).abs() < 0.5, "{turned:?}");
        assert!(turned.windows(2).all(|two| (two[0] - two[1]).abs() < 0.6), "no clicks");
    }
}

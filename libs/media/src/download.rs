//! A recording as one MP4 for people: to keep, to send by messenger, to cut at home.
//!
//! Nothing is encoded anew. The recorded segments are read twice, one by one: first their tables, which a film that
//! plays while it loads has in front, then their pictures and sounds. So a show of any length takes a few
//! megabytes of memory.
//!
//! Such a film has one description of its picture from the beginning to the end; players stop where it changes.
//! When the phone was turned in the middle of a show, the film keeps what was recorded in the one way that lasted
//! longest in all, and leaves the other out. Where nothing was recorded it goes on at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use mp4_atom::{Codec, Decode, Ftyp, Moov};
use object_store::ObjectStore;

use crate::recording::list::{self, Listed};
use crate::recording::{self, Manifest};
use crate::{Error, aac};

pub(crate) mod fragment;
mod reel;

use fragment::SCALE;
use reel::{Cut, Piece, Reel};

/// Segments that are read ahead for their tables: a store far away answers slowly.
const AHEAD: usize = 4;
/// The longest film: more tables than this are a fault in the recording.
const MAX_SEGMENTS: usize = 50_000;

/// A film that is ready to be sent.
pub struct Download {
    /// Unix time of its first picture, on the media clock.
    pub starts_ms: i64,
    pub duration_ms: i64,
    /// In bytes.
    pub length: u64,
    head: Bytes,
    pieces: Vec<Piece>,
    silence: Bytes,
    store: Arc<dyn ObjectStore>,
    id: String,
}

/// A finished recording, or what lies between two moments of it (Unix milliseconds of the media clock), as one film.
/// A cut begins with the last key picture before its first moment. [`Error::NoFile`] when nothing was recorded there.
pub async fn download(
    store: &Arc<dyn ObjectStore>,
    id: &str,
    between_ms: Option<Range<i64>>,
) -> Result<Download, Error> {
    let missing = || Error::NoFile { name: "vod.m3u8".into() };
    let manifest = recording::read(store, id, "stream.json").await?.ok_or_else(missing)?;
    let manifest: Manifest = serde_json::from_slice(&manifest)
        .map_err(|e| Error::Refused { what: "stream.json", reason: e.to_string() })?;
    let text = recording::read(store, id, "vod.m3u8").await?.ok_or_else(missing)?;
    let mut listed = list::read(&String::from_utf8_lossy(&text));
    let cut = match &between_ms {
        None => Cut { from: i64::MIN, to: i64::MAX },
        Some(between) => {
            listed.retain(|one| one.starts_ms < between.end && one.starts_ms + one.length_ms > between.start);
            let ticks = |ms: i64| ms.saturating_sub(manifest.epoch_ms).saturating_mul(SCALE / 1000);
            Cut { from: ticks(between.start), to: ticks(between.end) }
        }
    };
    listed.truncate(MAX_SEGMENTS);
    let init = of_one_kind(store, id, &mut listed).await?.ok_or_else(missing)?;
    let (sound, silence) = aac::silent_frame()?;
    let is_ours = speaks(&init, &sound);
    let mut reel = Reel::new(cut, is_ours.then(|| silence.clone()));
    let mut segments = stream::iter(listed).map(|one| tables(store, id, one)).buffered(AHEAD);
    while let Some((msn, fragments)) = segments.try_next().await? {
        reel.splice(msn, fragments);
    }
    drop(segments);
    let begins = reel.begins().ok_or_else(missing)?;
    let (starts_ms, duration_ms) = (manifest.epoch_ms + begins * 1000 / SCALE, reel.duration_ms());
    let (head, pieces, bytes) = reel.finish(init);
    let length = head.len() as u64 + bytes;
    let (store, id) = (store.clone(), id.to_owned());
    Ok(Download { starts_ms, duration_ms, length, head, pieces, silence, store, id })
}

impl Download {
    /// The film's bytes, as they are read.
    pub fn bytes(self) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
        let Download { head, pieces, silence, store, id, .. } = self;
        let body = stream::try_unfold((pieces.into_iter(), None::<(u64, Bytes)>), move |(mut rest, open)| {
            let (store, id, silence) = (store.clone(), id.clone(), silence.clone());
            async move {
                let (msn, from, to) = match rest.next() {
                    None => return Ok(None),
                    Some(Piece::Silence) => return Ok(Some((silence, (rest, open)))),
                    Some(Piece::Stored { msn, from, to }) => (msn, from, to),
                };
                let segment = match open.filter(|open| open.0 == msn) {
                    Some((_, segment)) => segment,
                    None => segment(&store, &id, msn).await?,
                };
                let gone = || Error::NoFile { name: format!("s{msn}.m4s") };
                let piece = (to <= segment.len()).then(|| segment.slice(from..to)).ok_or_else(gone)?;
                Ok(Some((piece, (rest, Some((msn, segment))))))
            }
        });
        stream::once(async move { Ok(head) }).chain(body)
    }
}

async fn segment(store: &Arc<dyn ObjectStore>, id: &str, msn: u64) -> Result<Bytes, Error> {
    let name = format!("s{msn}.m4s");
    recording::read(store, id, &name).await?.ok_or(Error::NoFile { name })
}

async fn tables(
    store: &Arc<dyn ObjectStore>,
    id: &str,
    one: Listed,
) -> Result<(u64, Vec<fragment::Fragment>), Error> {
    let body = recording::read(store, id, &one.file()).await?;
    Ok((one.msn, body.map(|body| fragment::read(&body)).unwrap_or_default()))
}

/// Keeps the segments of the one description that lasts longest, and answers it. A phone that comes back describes
/// its picture once more in the same words, so it is the words that count.
async fn of_one_kind(
    store: &Arc<dyn ObjectStore>,
    id: &str,
    listed: &mut Vec<Listed>,
) -> Result<Option<Moov>, Error> {
    let mut inits: HashMap<u64, Bytes> = HashMap::new();
    let mut lengths: HashMap<Bytes, i64> = HashMap::new();
    for one in listed.iter() {
        let words = match inits.entry(one.init) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let body = recording::read(store, id, &format!("i{}.mp4", one.init)).await?;
                new.insert(body.unwrap_or_default())
            }
        };
        *lengths.entry(words.clone()).or_default() += one.length_ms;
    }
    lengths.remove(&Bytes::new());
    let Some((longest, _)) = lengths.into_iter().max_by_key(|(_, length)| *length) else { return Ok(None) };
    listed.retain(|one| inits[&one.init] == longest);
    moov(&longest).map(Some)
}

/// What an init describes.
pub(crate) fn moov(mut init: &[u8]) -> Result<Moov, Error> {
    let refused = |e: mp4_atom::Error| Error::Refused { what: "an init", reason: e.to_string() };
    Ftyp::decode(&mut init).map_err(refused)?;
    Moov::decode(&mut init).map_err(refused)
}

/// Whether the sound is what our own encoder makes; what may follow the first two bytes changes nothing of it.
pub(crate) fn speaks(init: &Moov, sound: &aac::Sound) -> bool {
    let codecs = init.trak.iter().flat_map(|trak| &trak.mdia.minf.stbl.stsd.codecs);
    let mut configs = codecs.filter_map(|codec| match codec {
        Codec::Mp4a(mp4a) => mp4a.esds.es_desc.dec_config.dec_specific.as_ref(),
        _ => None,
    });
    configs
        .any(|config| config.raw.len() >= 2 && config.raw[..2] == sound.config[..2.min(sound.config.len())])
}

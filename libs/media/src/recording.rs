//! Recording while on air, and what is left of it after a crash.
//!
//! Each closed segment is put once as `{id}/s{msn}.m4s`, then `{id}/vod.m3u8` is rewritten: an EVENT playlist
//! that becomes VOD at the end. A small `{id}/stream.json` remembers the epoch and the numbers used, so that
//! a restarted process goes on without using any immutable URL twice. A segment that cannot be stored after
//! some tries becomes an `#EXT-X-GAP`: the show goes on.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::playlist::Mark;
use crate::rendition::{Film, Segment};

mod book;
pub(crate) mod list;
mod recorder;

pub(crate) use book::Book;
pub(crate) use recorder::Recorder;

/// A resumed stream leaves this many part numbers unused: more than a process can make between two manifests.
const PART_JUMP: u64 = 100_000;
/// The same for segments…
pub(crate) const SEGMENT_JUMP: u64 = 10_000;
/// …and inits.
const INIT_JUMP: u32 = 1_000;

/// A finished recording: `{id}/vod.m3u8` and what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// Unix time of media time zero.
    pub epoch_ms: i64,
    /// Unix time of the first recorded frame.
    pub starts_ms: i64,
    /// Length of what was recorded, holes not counted.
    pub duration_ms: i64,
}

/// A segment on its way into the store.
pub(crate) struct Closed {
    pub epoch_ms: i64,
    pub next_part: u64,
    pub msn: u64,
    pub init: u32,
    pub discontinuity: bool,
    pub starts: i64,
    pub ticks: i64,
    /// `None` once the queue had to let go of it.
    pub body: Option<Bytes>,
}

/// What `stream.json` holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub epoch_ms: i64,
    pub next_part: u64,
    pub next_segment: u64,
    pub next_init: u32,
    pub ended: bool,
    /// Its loudness was looked at, and is as it will be.
    #[serde(default)]
    pub leveled: bool,
}

/// An earlier life of a stream.
pub(crate) struct Past {
    pub manifest: Manifest,
    pub book: Book,
}

/// Close a recording that a killed process left behind: its playlist gets an end and becomes VOD.
/// `None` when nothing was recorded. Running it twice changes nothing.
pub async fn recover(store: &Arc<dyn ObjectStore>, id: &str) -> Result<Option<Recording>, Error> {
    let Some(mut past) = Past::read(store, id).await? else { return Ok(None) };
    if !past.manifest.ended {
        let text = past.book.text(book::Phase::Ended);
        put(store, id, "vod.m3u8", text.into()).await?;
        past.manifest.ended = true;
        put(store, id, "stream.json", past.manifest.json()).await?;
        tracing::info!(stream.id = id, "Recording {id} was left open and is closed now");
    }
    Ok(past.book.recording(past.manifest.epoch_ms))
}

/// Erases a recording, and says of how many files. The playlist goes last: what was begun is found again.
pub async fn erase(store: &Arc<dyn ObjectStore>, id: &str) -> Result<u64, Error> {
    crate::stream::check_name("a stream's id", id)?;
    let mut files: Vec<Path> =
        store.list(Some(&Path::from(id))).map_ok(|file| file.location).try_collect().await?;
    files.sort_by_key(|file| matches!(file.filename(), Some("stream.json" | "vod.m3u8")));
    for file in &files {
        match store.delete(file).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(files.len() as u64)
}

/// A file of a recording.
pub(crate) async fn read(store: &Arc<dyn ObjectStore>, id: &str, file: &str) -> Result<Option<Bytes>, Error> {
    match store.get(&path(id, file)).await {
        Ok(found) => Ok(Some(found.bytes().await?)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn put(
    store: &Arc<dyn ObjectStore>,
    id: &str,
    file: &str,
    body: Bytes,
) -> Result<(), Error> {
    store.put(&path(id, file), body.into()).await?;
    Ok(())
}

fn path(id: &str, file: &str) -> Path {
    Path::from_iter([id, file])
}

impl Past {
    /// What the store knows of a stream, segments that never made it into the playlist included.
    pub(crate) async fn read(store: &Arc<dyn ObjectStore>, id: &str) -> Result<Option<Past>, Error> {
        let Some(json) = read(store, id, "stream.json").await? else { return Ok(None) };
        let manifest: Manifest = serde_json::from_slice(&json)
            .map_err(|e| Error::Refused { what: "stream.json", reason: e.to_string() })?;
        let text = read(store, id, "vod.m3u8").await?.unwrap_or_default();
        let mut past = Past { book: Book::read(&String::from_utf8_lossy(&text)), manifest };
        if !past.manifest.ended {
            past.adopt(store, id).await?;
        }
        Ok(Some(past))
    }

    /// A kill between the two puts of a segment leaves it stored and unlisted: list it.
    async fn adopt(&mut self, store: &Arc<dyn ObjectStore>, id: &str) -> Result<(), Error> {
        let (mut segments, mut inits) = (Vec::new(), Vec::new());
        let mut files = store.list(Some(&Path::from(id)));
        while let Some(file) = files.next().await.transpose()? {
            let name = file.location.filename().unwrap_or_default().to_owned();
            segments.extend(number(&name, 's', ".m4s").filter(|msn| self.book.lacks(*msn)));
            inits.extend(number(&name, 'i', ".mp4").map(|init| init as u32));
        }
        segments.sort_unstable();
        for msn in segments {
            let Some(body) = read(store, id, &format!("s{msn}.m4s")).await? else { continue };
            let Some((starts, ticks)) = crate::fmp4::measure(&body) else { continue };
            let newest = inits.iter().max().copied().unwrap_or_default();
            let discontinuity = self.book.map().is_some_and(|map| map != newest);
            let closed = Closed {
                epoch_ms: self.manifest.epoch_ms,
                next_part: self.manifest.next_part,
                msn,
                init: newest,
                discontinuity,
                starts,
                ticks,
                body: Some(body),
            };
            self.book.add(&closed, book::Stored::Kept);
        }
        Ok(())
    }

    /// The empty window a resumed stream starts with, and its first init number.
    pub(crate) fn film(&self) -> (Film, u32) {
        let film = Film {
            epoch_ms: self.manifest.epoch_ms,
            next_part: self.manifest.next_part + PART_JUMP,
            next_segment: self.manifest.next_segment + SEGMENT_JUMP,
            ..Film::default()
        };
        (film, self.manifest.next_init + INIT_JUMP)
    }
}

impl Manifest {
    pub(crate) fn json(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

impl Closed {
    /// Close the open segment of a film.
    pub(crate) fn of(film: &mut Film) -> Option<Closed> {
        let (epoch_ms, next_part) = (film.epoch_ms, film.next_part);
        let segment: &Segment = film.close_segment()?;
        Some(Closed {
            epoch_ms,
            next_part,
            msn: segment.msn,
            init: segment.init,
            discontinuity: segment.discontinuity,
            starts: segment.starts,
            ticks: segment.ticks,
            body: segment.body.clone(),
        })
    }
}

/// The number in `s12.m4s`.
pub(crate) fn number(name: &str, letter: char, ending: &str) -> Option<u64> {
    let digits = name.strip_prefix(letter)?.strip_suffix(ending)?;
    if digits.is_empty() || digits.len() > 15 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

//! What viewers see of a stream: the window of parts and segments, rendered once and shared by all of them.
//!
//! One writer (the packager) changes the [`Film`]; after each change the playlist and the join answer are
//! rendered into `Bytes`, and everybody whose request is held wakes up. A reader clones a `Bytes`, nothing
//! else is allocated for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::fmp4::VIDEO_SCALE;
use crate::playlist::{self, Mark};
use crate::served::{Cache, Kind, Reload, Served};
use crate::{Config, Error};

/// A part this far ahead is not waited for: nobody who follows the stream asks for it.
const PARTS_AHEAD: u64 = 16;
/// A playlist this many segments ahead is not waited for, as the specification asks.
const SEGMENTS_AHEAD: u64 = 2;
/// Marks kept for the live playlist; older ones are in the recording only.
const MAX_MARKS: usize = 128;
/// Bit rates told to players before one was measured, of the high and of the low picture.
const FIRST_GUESS_BPS: [u64; 2] = [4_000_000, 600_000];

/// The window of a stream.
#[derive(Default)]
pub(crate) struct Film {
    /// What the names of the low picture's files begin with.
    pub prefix: &'static str,
    pub epoch_ms: i64,
    pub parts: VecDeque<Part>,
    pub segments: VecDeque<Segment>,
    pub inits: BTreeMap<u32, Bytes>,
    pub marks: VecDeque<Mark>,
    pub codecs: String,
    pub width: u16,
    pub height: u16,
    pub next_part: u64,
    pub next_segment: u64,
    pub discontinuities: u64,
    pub ended: bool,
    pub peak_bps: u64,
}

/// One part: the unit viewers fetch.
pub(crate) struct Part {
    pub n: u64,
    pub init: u32,
    pub ticks: i64,
    pub independent: bool,
    pub body: Bytes,
}

/// Consecutive parts, from a key picture to the next.
pub(crate) struct Segment {
    pub msn: u64,
    pub init: u32,
    pub discontinuity: bool,
    pub starts: i64,
    pub first_part: u64,
    pub parts: u64,
    pub ticks: i64,
    /// All parts in a row, once the segment is closed.
    pub body: Option<Bytes>,
}

/// How far the stream has got; what held requests wait on.
#[derive(Clone, Default)]
struct Edge {
    next_part: u64,
    newest: Option<(u64, Served)>,
    msn: u64,
    parts: u64,
    closed: bool,
    ended: bool,
}

#[derive(Clone)]
struct Rendered {
    playlist: Bytes,
    join: Bytes,
    variant: Option<Arc<str>>,
}

/// The answer to `join`.
#[derive(Serialize)]
struct Join<'a> {
    state: &'static str,
    part_ms: u64,
    segment_ms: u64,
    #[serde(flatten)]
    picture: Option<JoinPicture<'a>>,
}

#[derive(Serialize)]
struct JoinPicture<'a> {
    codecs: &'a str,
    width: u16,
    height: u16,
    init: u32,
    first: u64,
    first_ms: i64,
    next: u64,
    epoch_ms: i64,
}

/// One rendition of a stream: its picture in one size, and the sound.
pub(crate) struct Rendition {
    part: Duration,
    segment: Duration,
    window: Duration,
    hold: Duration,
    film: RwLock<Film>,
    rendered: RwLock<Rendered>,
    edge: watch::Sender<Edge>,
    /// The newest catch-up that somebody asked for, and the part it ends before.
    caught_up: Mutex<Option<(u64, Served)>>,
    present: Mutex<bool>,
}

impl Rendition {
    pub(crate) fn new(config: &Config, film: Film) -> Rendition {
        let rendition = Rendition {
            part: config.part,
            segment: config.segment,
            window: config.window,
            hold: config.hold,
            film: RwLock::new(film),
            rendered: RwLock::new(Rendered { playlist: Bytes::new(), join: Bytes::new(), variant: None }),
            edge: watch::Sender::default(),
            caught_up: Mutex::default(),
            present: Mutex::new(false),
        };
        rendition.show();
        rendition
    }

    /// Whether somebody sends; told to joining players.
    pub(crate) fn set_present(&self, present: bool) {
        let before =
            std::mem::replace(&mut *self.present.lock().unwrap_or_else(PoisonError::into_inner), present);
        if before != present {
            self.show();
        }
    }

    /// Change the film. The change is shown by [`Rendition::show`], so that several make one rendering.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Film) -> T) -> T {
        change(&mut self.film.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Look at the film.
    pub(crate) fn film<T>(&self, look: impl FnOnce(&Film) -> T) -> T {
        look(&self.film.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Render what changed and wake everybody who waits.
    pub(crate) fn show(&self) {
        let present = *self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let (rendered, edge) = self.film(|film| (self.render(film, present), Edge::of(film)));
        *self.rendered.write().unwrap_or_else(PoisonError::into_inner) = rendered;
        self.edge.send_replace(edge);
    }

    /// Let go of segments beyond the window, and of the single parts of all that are closed long enough: they
    /// become slices of their segment.
    pub(crate) fn slide(&self) {
        let window = self.window.as_secs_f64();
        self.change(|film| {
            let mut seconds: f64 = film.segments.iter().map(Segment::seconds).sum();
            while let Some(first) = film.segments.front() {
                seconds -= first.seconds();
                if seconds < window || film.segments.len() < 2 {
                    break;
                }
                let (parts, discontinuity) = (first.parts as usize, first.discontinuity);
                film.discontinuities += u64::from(discontinuity);
                film.parts.drain(..parts.min(film.parts.len()));
                film.segments.pop_front();
                let oldest = film.segments.front().map_or(0, |segment| segment.init);
                film.inits.retain(|number, _| *number >= oldest);
            }
        });
    }

    pub(crate) async fn part(&self, n: u64) -> Result<Served, Error> {
        let name = || format!("n{n}.m4s");
        let held = {
            let edge = self.edge.borrow();
            match &edge.newest {
                Some((newest, served)) if *newest == n => return Ok(served.clone()),
                _ if n >= edge.next_part && n < edge.next_part + PARTS_AHEAD && edge.ended => {
                    return Ok(Served::nothing());
                }
                _ if n >= edge.next_part + PARTS_AHEAD => return Err(Error::TooFar { name: name() }),
                _ => n >= edge.next_part,
            }
        };
        if held {
            let mut edge = self.edge.subscribe();
            let reached = timeout(self.hold, edge.wait_for(|edge| edge.next_part > n || edge.ended)).await;
            let Ok(Ok(edge)) = reached else { return Err(Error::NotYet { name: name() }) };
            if let Some((newest, served)) = &edge.newest
                && *newest == n
            {
                return Ok(served.clone());
            }
            if edge.ended && n >= edge.next_part {
                return Ok(Served::nothing());
            }
        }
        self.film(|film| film.part(n)).ok_or_else(|| Error::NoFile { name: name() })
    }

    /// Everything a joining player lacks before part `next`, in one body: the init segment and all parts from
    /// the newest key picture on. Made once for all who join between the same two parts.
    pub(crate) fn catch_up(&self, next: u64) -> Result<Served, Error> {
        let mut kept = self.caught_up.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, served)) = &*kept
            && *of == next
        {
            return Ok(served.clone());
        }
        let made = self.film(|film| film.catch_up(next));
        let served = made.ok_or_else(|| Error::NoFile { name: format!("h{next}.mp4") })?;
        // An older one is made again when asked for: nearly all who join ask for the newest.
        if kept.as_ref().is_none_or(|(of, _)| *of < next) {
            *kept = Some((next, served.clone()));
        }
        Ok(served)
    }

    pub(crate) fn init(&self, number: u32) -> Option<Served> {
        self.film(|film| film.inits.get(&number).cloned()).map(|body| Served::immutable(body, None))
    }

    pub(crate) fn segment(&self, msn: u64) -> Option<Served> {
        self.film(|film| {
            let first = film.segments.front()?.msn;
            let body = film.segments.get(usize::try_from(msn.checked_sub(first)?).ok()?)?.body.clone()?;
            Some(Served::immutable(body, None))
        })
    }

    pub(crate) async fn playlist(&self, reload: Reload) -> Result<Served, Error> {
        let name = || "live.m3u8".to_owned();
        let Some(msn) = reload.msn else { return self.current_playlist(Cache::Second) };
        let reached = |edge: &Edge| {
            let part = reload.part.is_some_and(|part| edge.parts > part);
            edge.ended || edge.msn > msn || (edge.msn == msn && (edge.closed || part))
        };
        {
            let edge = self.edge.borrow();
            if msn > edge.msn + SEGMENTS_AHEAD && !edge.ended {
                return Err(Error::TooFar { name: name() });
            }
            if reached(&edge) {
                drop(edge);
                return self.current_playlist(Cache::Short);
            }
        }
        let mut edge = self.edge.subscribe();
        match timeout(self.hold, edge.wait_for(reached)).await {
            Ok(Ok(_)) => self.current_playlist(Cache::Short),
            _ => Err(Error::NotYet { name: name() }),
        }
    }

    /// What the multivariant playlist says of this one, held until its first picture.
    pub(crate) async fn variant(&self) -> Option<Arc<str>> {
        let mut edge = self.edge.subscribe();
        // Players ask for this file first, often a moment before the first picture: hold them too.
        let _ = timeout(self.hold, edge.wait_for(|edge| edge.newest.is_some() || edge.ended)).await;
        self.rendered(|rendered| rendered.variant.clone())
    }

    /// Whether there was ever a picture.
    pub(crate) fn begun(&self) -> bool {
        self.film(|film| !film.segments.is_empty())
    }

    pub(crate) fn join(&self) -> Served {
        let body = self.rendered(|rendered| rendered.join.clone());
        Served { body, kind: Kind::Json, cache: Cache::Second, init: None }
    }

    fn current_playlist(&self, cache: Cache) -> Result<Served, Error> {
        let body = self.rendered(|rendered| rendered.playlist.clone());
        if body.is_empty() {
            return Err(Error::NotYet { name: "live.m3u8".into() });
        }
        Ok(Served { body, kind: Kind::Playlist, cache, init: None })
    }

    fn rendered<T>(&self, look: impl FnOnce(&Rendered) -> T) -> T {
        look(&self.rendered.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn render(&self, film: &Film, present: bool) -> Rendered {
        let begun = !film.segments.is_empty();
        let newest = film.parts.iter().rev().find(|part| part.independent);
        let picture = newest.map(|first| JoinPicture {
            codecs: &film.codecs,
            width: film.width,
            height: film.height,
            init: first.init,
            first: first.n,
            first_ms: film.starts(first) * 1000 / VIDEO_SCALE,
            next: film.next_part,
            epoch_ms: film.epoch_ms,
        });
        let state = match () {
            () if film.ended => "ended",
            () if present && picture.is_some() => "live",
            () => "waiting",
        };
        let join = Join {
            state,
            part_ms: self.part.as_millis() as u64,
            segment_ms: self.segment.as_millis() as u64,
            picture,
        };
        let guess = FIRST_GUESS_BPS[usize::from(!film.prefix.is_empty())];
        let bps = if film.peak_bps == 0 { guess } else { film.peak_bps };
        Rendered {
            playlist: if begun { playlist::live(film, self.part, self.segment).into() } else { Bytes::new() },
            join: serde_json::to_vec(&join).unwrap_or_default().into(),
            variant: begun.then(|| playlist::variant(film, bps).into()),
        }
    }
}

impl Edge {
    fn of(film: &Film) -> Edge {
        let last = film.segments.back();
        Edge {
            next_part: film.next_part,
            newest: film.parts.back().map(|part| (part.n, part.served())),
            msn: last.map_or(film.next_segment, |segment| segment.msn),
            parts: last.map_or(0, |segment| segment.parts),
            closed: last.is_some_and(Segment::closed),
            ended: film.ended,
        }
    }
}

impl Film {
    pub(crate) fn open_segment(&mut self, starts: i64, init: u32, discontinuity: bool) {
        let first_part = self.next_part;
        let msn = self.next_segment;
        self.next_segment += 1;
        self.segments.push_back(Segment {
            msn,
            init,
            discontinuity,
            starts,
            first_part,
            parts: 0,
            ticks: 0,
            body: None,
        });
    }

    pub(crate) fn push_part(&mut self, body: Bytes, ticks: i64, independent: bool) {
        let Some(segment) = self.segments.back_mut() else { return };
        segment.parts += 1;
        segment.ticks += ticks;
        self.parts.push_back(Part { n: self.next_part, init: segment.init, ticks, independent, body });
        self.next_part += 1;
    }

    /// Close the open segment. An empty one, opened for a picture that never came, is taken back.
    pub(crate) fn close_segment(&mut self) -> Option<&Segment> {
        let segment = self.segments.back_mut().filter(|segment| !segment.closed())?;
        if segment.parts == 0 {
            self.segments.pop_back();
            self.next_segment -= 1;
            return None;
        }
        let skip = self.parts.len().saturating_sub(segment.parts as usize);
        let mut body = BytesMut::with_capacity(self.parts.range(skip..).map(|part| part.body.len()).sum());
        self.parts.range(skip..).for_each(|part| body.extend_from_slice(&part.body));
        let body = body.freeze();
        // Parts become slices of the segment, so that memory holds every byte once.
        let mut at = 0;
        for part in self.parts.range_mut(skip..) {
            let end = at + part.body.len();
            part.body = body.slice(at..end);
            at = end;
        }
        let bps = (body.len() as f64 * 8.0 / segment.seconds()) as u64;
        self.peak_bps = self.peak_bps.max(bps);
        segment.body = Some(body);
        self.segments.back()
    }

    pub(crate) fn add_mark(&mut self, mark: Mark) {
        if self.marks.len() == MAX_MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
    }

    pub(crate) fn parts_of(&self, segment: &Segment) -> impl Iterator<Item = &Part> {
        let first = self.parts.front().map_or(0, |part| part.n);
        let from = (segment.first_part.saturating_sub(first) as usize).min(self.parts.len());
        let to = (from + segment.parts as usize).min(self.parts.len());
        self.parts.range(from..to)
    }

    /// Where a part begins.
    fn starts(&self, part: &Part) -> i64 {
        let Some(segment) = self.segments.iter().rfind(|segment| segment.first_part <= part.n) else {
            return 0;
        };
        let before = self.parts_of(segment).take_while(|earlier| earlier.n < part.n);
        segment.starts + before.map(|earlier| earlier.ticks).sum::<i64>()
    }

    fn catch_up(&self, next: u64) -> Option<Served> {
        let count = usize::try_from(next.checked_sub(self.parts.front()?.n)?).ok()?;
        if count > self.parts.len() {
            return None;
        }
        let from = self.parts.range(..count).rposition(|part| part.independent)?;
        let number = self.parts[from].init;
        let init = self.inits.get(&number)?;
        let mut body = BytesMut::with_capacity(
            init.len() + self.parts.range(from..count).map(|part| part.body.len()).sum::<usize>(),
        );
        body.extend_from_slice(init);
        self.parts.range(from..count).for_each(|part| body.extend_from_slice(&part.body));
        Some(Served::immutable(body.freeze(), Some(number)))
    }

    fn part(&self, n: u64) -> Option<Served> {
        let first = self.parts.front()?.n;
        Some(self.parts.get(usize::try_from(n.checked_sub(first)?).ok()?)?.served())
    }
}

impl Part {
    fn served(&self) -> Served {
        Served::immutable(self.body.clone(), Some(self.init))
    }
}

impl Segment {
    pub(crate) fn closed(&self) -> bool {
        self.body.is_some()
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.ticks as f64 / VIDEO_SCALE as f64
    }

    pub(crate) fn starts_ms(&self, epoch_ms: i64) -> i64 {
        epoch_ms + self.starts * 1000 / VIDEO_SCALE
    }
}

//! The playlist of a recording, as it grows.

use super::{Closed, Recording};
use crate::fmp4::VIDEO_SCALE;
use crate::playlist::{self, Mark, line};

/// The lines of `vod.m3u8` between head and end, and what was counted on the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    lines: String,
    map: Option<u32>,
    target: u64,
    last_msn: Option<u64>,
    starts_ms: Option<i64>,
    ends_ms: i64,
    duration_us: i64,
}

/// Whether a segment's bytes are in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Kept,
    Lost,
}

/// Whether more will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    OnAir,
    Ended,
}

impl Book {
    /// Read back what an earlier life wrote. Lines that are not ours are dropped.
    pub(crate) fn read(text: &str) -> Book {
        let mut book = Book::default();
        let mut starts_ms = None;
        let mut length_us = 0;
        for text in text.lines() {
            let (tag, value) = text.split_once(':').unwrap_or((text, ""));
            match tag {
                "#EXTM3U"
                | "#EXT-X-VERSION"
                | "#EXT-X-PLAYLIST-TYPE"
                | "#EXT-X-MEDIA-SEQUENCE"
                | "#EXT-X-INDEPENDENT-SEGMENTS"
                | "#EXT-X-ENDLIST"
                | "" => continue,
                "#EXT-X-TARGETDURATION" => {
                    book.target = value.parse().unwrap_or_default();
                    continue;
                }
                "#EXT-X-MAP" => {
                    let name = value.trim_start_matches("URI=\"").trim_end_matches('"');
                    book.map = super::number(name, 'i', ".mp4").map(|init| init as u32);
                }
                "#EXT-X-PROGRAM-DATE-TIME" => {
                    starts_ms = value.parse::<jiff::Timestamp>().ok().map(|at| at.as_millisecond());
                }
                "#EXTINF" => {
                    let seconds: f64 = value.trim_end_matches(',').parse().unwrap_or_default();
                    length_us = (seconds * 1e6) as i64;
                }
                _ if !tag.starts_with('#') => {
                    book.last_msn = super::number(text, 's', ".m4s").or(book.last_msn);
                    book.count(starts_ms.unwrap_or(book.ends_ms), length_us);
                }
                _ => {}
            }
            line(&mut book.lines, format_args!("{text}"));
        }
        book
    }

    /// Write a segment down.
    pub(crate) fn add(&mut self, segment: &Closed, stored: Stored) {
        let seconds = segment.ticks as f64 / VIDEO_SCALE as f64;
        let starts_ms = segment.epoch_ms + segment.starts * 1000 / VIDEO_SCALE;
        playlist::heading(
            &mut self.lines,
            starts_ms,
            segment.discontinuity,
            ("", segment.init),
            &mut self.map,
        );
        if stored == Stored::Lost {
            self.lines.push_str("#EXT-X-GAP\n");
        }
        line(&mut self.lines, format_args!("#EXTINF:{seconds:.5},\ns{}.m4s", segment.msn));
        self.target = self.target.max(seconds.round() as u64);
        self.last_msn = Some(segment.msn);
        self.count(starts_ms, segment.ticks * 100 / 9);
    }

    /// Write a mark down.
    pub(crate) fn mark(&mut self, mark: &Mark) {
        line(&mut self.lines, format_args!("{}", playlist::date_range(mark)));
    }

    /// The whole playlist.
    pub(crate) fn text(&self, phase: Phase) -> String {
        let (kind, end) = match phase {
            Phase::OnAir => ("EVENT", ""),
            Phase::Ended => ("VOD", "#EXT-X-ENDLIST\n"),
        };
        format!(
            "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-TARGETDURATION:{}\n#EXT-X-PLAYLIST-TYPE:{kind}\n\
             #EXT-X-MEDIA-SEQUENCE:0\n{}{end}",
            self.target.max(1),
            self.lines,
        )
    }

    /// What was recorded, `None` when nothing was.
    pub(crate) fn recording(&self, epoch_ms: i64) -> Option<Recording> {
        let starts_ms = self.starts_ms?;
        Some(Recording { epoch_ms, starts_ms, duration_ms: self.duration_us / 1000 })
    }

    /// Whether a segment is missing from the list.
    pub(crate) fn lacks(&self, msn: u64) -> bool {
        self.last_msn.is_none_or(|last| msn > last)
    }

    /// The init segment the last lines need.
    pub(crate) fn map(&self) -> Option<u32> {
        self.map
    }

    /// Wall clock of the end.
    pub(crate) fn ends_ms(&self) -> Option<i64> {
        self.starts_ms.map(|_| self.ends_ms)
    }

    fn count(&mut self, starts_ms: i64, length_us: i64) {
        self.starts_ms.get_or_insert(starts_ms);
        // A playlist from the store is not believed either.
        self.ends_ms = starts_ms.saturating_add(length_us / 1000);
        self.duration_us = self.duration_us.saturating_add(length_us);
    }
}

//! Playlists as text: the live one with its parts, the multivariant one, and the recording's.

use std::fmt::Write;
use std::time::Duration;

use crate::fmp4::VIDEO_SCALE;
use crate::rendition::{Film, Segment};

/// Parts are listed for this many target durations before the live edge, as the specification asks.
const PARTS_LISTED: f64 = 3.0;
/// The declared PART-TARGET is this much longer than the aim: frames do not end where parts should.
const PART_SLACK: f64 = 1.15;
/// Players stay this many parts behind the edge.
const HOLD_BACK: f64 = 3.0;

/// A timed mark: a pin, a poll.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub id: String,
    pub at_ms: i64,
    pub json: String,
}

/// The longest a segment may round to.
pub(crate) fn target(segment: Duration) -> u64 {
    (segment.as_secs_f64() + 1.0).round() as u64
}

/// The live playlist.
pub(crate) fn live(film: &Film, part: Duration, segment: Duration) -> String {
    let mut out = String::with_capacity(4096);
    let part_target = part.as_secs_f64() * PART_SLACK;
    let prefix = film.prefix;
    let target = target(segment);
    line(&mut out, format_args!("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:{target}"));
    line(
        &mut out,
        format_args!(
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={:.3}\n#EXT-X-PART-INF:PART-TARGET={part_target:.3}",
            part_target * HOLD_BACK,
        ),
    );
    let first = film.segments.front().map_or(film.next_segment, |segment| segment.msn);
    line(&mut out, format_args!("#EXT-X-MEDIA-SEQUENCE:{first}"));
    if film.discontinuities > 0 {
        line(&mut out, format_args!("#EXT-X-DISCONTINUITY-SEQUENCE:{}", film.discontinuities));
    }
    let mut rest: f64 = film.segments.iter().map(Segment::seconds).sum();
    let mut map = None;
    for segment in &film.segments {
        let starts_ms = segment.starts_ms(film.epoch_ms);
        let init = (film.prefix, segment.init);
        heading(&mut out, starts_ms, segment.discontinuity, init, &mut map);
        if rest <= target as f64 * PARTS_LISTED + segment.seconds() || !segment.closed() {
            for part in film.parts_of(segment) {
                let independent = if part.independent { ",INDEPENDENT=YES" } else { "" };
                let seconds = part.ticks as f64 / VIDEO_SCALE as f64;
                line(
                    &mut out,
                    format_args!(
                        "#EXT-X-PART:DURATION={seconds:.5},URI=\"{prefix}n{}.m4s\"{independent}",
                        part.n
                    ),
                );
            }
        }
        rest -= segment.seconds();
        if segment.closed() {
            line(&mut out, format_args!("#EXTINF:{:.5},\n{prefix}s{}.m4s", segment.seconds(), segment.msn));
        }
    }
    let oldest_ms = film.segments.front().map_or(i64::MAX, |first| first.starts_ms(film.epoch_ms));
    for mark in film.marks.iter().filter(|mark| mark.at_ms >= oldest_ms) {
        line(&mut out, format_args!("{}", date_range(mark)));
    }
    if film.ended {
        out.push_str("#EXT-X-ENDLIST\n");
    } else {
        // Flat numbers keep the hint right even when the next part turns out to open a segment early.
        line(&mut out, format_args!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{prefix}n{}.m4s\"", film.next_part));
    }
    out
}

/// Lines in front of a segment: discontinuity, init segment when it changes, wall clock.
pub(crate) fn heading(
    out: &mut String,
    starts_ms: i64,
    discontinuity: bool,
    (prefix, init): (&str, u32),
    map: &mut Option<u32>,
) {
    if discontinuity {
        out.push_str("#EXT-X-DISCONTINUITY\n");
    }
    if map.replace(init) != Some(init) {
        line(out, format_args!("#EXT-X-MAP:URI=\"{prefix}i{init}.mp4\""));
    }
    line(out, format_args!("#EXT-X-PROGRAM-DATE-TIME:{}", date(starts_ms)));
}

/// The multivariant playlist with these variants.
pub(crate) fn multivariant<'a>(variants: impl Iterator<Item = &'a str>) -> String {
    ["#EXTM3U\n#EXT-X-VERSION:9\n"].into_iter().chain(variants).collect()
}

/// What the multivariant playlist says of one variant.
pub(crate) fn variant(film: &Film, bits_per_second: u64) -> String {
    format!(
        "#EXT-X-STREAM-INF:BANDWIDTH={bits_per_second},CODECS=\"{}\",RESOLUTION={}x{}\n{}live.m3u8\n",
        film.codecs, film.width, film.height, film.prefix,
    )
}

/// Unix milliseconds as playlists write a date.
pub(crate) fn date(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map(|at| format!("{at:.3}")).unwrap_or_default()
}

/// A mark as one line. A quoted string of HLS takes no quotes or line ends, so those are percent-encoded.
pub(crate) fn date_range(mark: &Mark) -> String {
    let mut data = String::with_capacity(mark.json.len() + 16);
    for letter in mark.json.chars() {
        match letter {
            '"' | '%' | '\r' | '\n' => _ = write!(data, "%{:02X}", letter as u32),
            letter => data.push(letter),
        }
    }
    format!(
        "#EXT-X-DATERANGE:ID=\"{}\",CLASS=\"mark\",START-DATE=\"{}\",X-DATA=\"{data}\"",
        mark.id,
        date(mark.at_ms),
    )
}

pub(crate) fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a String has no way to fail.
    let _ = out.write_fmt(text);
    out.push('\n');
}

//! Calendars: shows as iCalendar (RFC 5545), one by one or all of the market, for the calendar people already look at.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::clock;
use shop::store;
use utoipa_axum::router::OpenApiRouter;
use web::{Problem, Ui};

use crate::broadcast::{self, Broadcast, Stage};
use crate::host::Shown;
use crate::{Error, Live, Result};

/// How long a show is expected to take.
const SHOW_MS: i64 = 3_600_000;
/// Octets of a line; a longer one goes on in the next (RFC 5545 §3.1).
const LINE: usize = 75;
/// Shows in the market's calendar.
const MOST: i64 = 100;
/// How long before its hour the calendar rings.
const ALARM: &str = "-PT10M";
/// How often a calendar that follows us may ask again.
const AGAIN: &str = "PT1H";

pub(crate) fn routes() -> OpenApiRouter<Live> {
    OpenApiRouter::new()
        .route("/live/calendar.ics", get(market))
        .route("/live/{broadcast}/calendar.ics", get(show))
}

/// One show, in the reader's words.
struct Entry {
    uid: String,
    starts_at_ms: i64,
    title: String,
    store: String,
    url: String,
}

/// `GET /live/{broadcast}/calendar.ics`
async fn show(ui: Ui, State(live): State<Live>, Shown(broadcast): Shown) -> Result<Response, Problem> {
    if matches!(broadcast.stage, Stage::Ended { .. }) {
        return Err(Error::Over.into());
    }
    let name = broadcast.title_in(ui.language()).to_owned();
    let entries = entries(&live, &ui, vec![broadcast]).await?;
    Ok(file(&ui, &name, &entries, live.base.clock.now_ms()))
}

/// `GET /live/calendar.ics`
async fn market(ui: Ui, State(live): State<Live>) -> Result<Response, Problem> {
    let (db, now_ms) = (&live.base.db, live.base.clock.now_ms());
    let mut found = broadcast::on_air(db, MOST).await?;
    found.extend(broadcast::upcoming(db, now_ms, MOST).await?);
    found.truncate(MOST as usize);
    let name = format!("{} {}", ui.market_name(), ui.t("live-calendar"));
    let entries = entries(&live, &ui, found).await?;
    Ok(file(&ui, name.trim(), &entries, now_ms))
}

async fn entries(live: &Live, ui: &Ui, broadcasts: Vec<Broadcast>) -> Result<Vec<Entry>> {
    let ids: Vec<_> = broadcasts.iter().map(|broadcast| broadcast.store.clone()).collect();
    let stores = store::by_ids(&live.base.db, &ids).await?;
    let name = |broadcast: &Broadcast| {
        let store = stores.iter().find(|store| store.id == broadcast.store);
        store.map(|store| store.name_in(ui.language()).to_owned()).unwrap_or_default()
    };
    let entry = |broadcast: &Broadcast| Entry {
        uid: broadcast.id.to_string(),
        starts_at_ms: broadcast.starts_at_ms,
        title: broadcast.title_in(ui.language()).to_owned(),
        store: name(broadcast),
        url: ui.absolute(&broadcast.path()),
    };
    Ok(broadcasts.iter().map(entry).collect())
}

fn file(ui: &Ui, name: &str, entries: &[Entry], now_ms: i64) -> Response {
    let described = |entry: &Entry| ui.t2("live-description", "store", &entry.store, "title", &entry.title);
    let text = written(name, ui.lang(), entries, now_ms, described);
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"live.ics\""),
        (header::CACHE_CONTROL, "private, max-age=300"),
        (header::VARY, "accept-language, cookie"),
    ];
    (headers, text).into_response()
}

fn written(
    name: &str,
    lang: &str,
    entries: &[Entry],
    now_ms: i64,
    described: impl Fn(&Entry) -> String,
) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| fold(&mut out, &format!("{name}:{value}"));
    line("BEGIN", "VCALENDAR");
    line("VERSION", "2.0");
    line("PRODID", &format!("-//Dangol//Live//{}", lang.to_uppercase()));
    line("METHOD", "PUBLISH");
    line("X-WR-CALNAME", &escaped(name));
    line("REFRESH-INTERVAL;VALUE=DURATION", AGAIN);
    for entry in entries {
        let summary = escaped(&format!("{} · {}", entry.title, entry.store));
        line("BEGIN", "VEVENT");
        line("UID", &entry.uid);
        line("DTSTAMP", &stamp(now_ms));
        line("DTSTART", &stamp(entry.starts_at_ms));
        line("DTEND", &stamp(entry.starts_at_ms + SHOW_MS));
        line("SUMMARY", &summary);
        line("DESCRIPTION", &escaped(&described(entry)));
        line("URL", &entry.url);
        line("BEGIN", "VALARM");
        line("ACTION", "DISPLAY");
        line("TRIGGER", ALARM);
        line("DESCRIPTION", &summary);
        line("END", "VALARM");
        line("END", "VEVENT");
    }
    line("END", "VCALENDAR");
    out
}

/// A moment, in UTC.
fn stamp(ms: i64) -> String {
    clock::at(ms).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Text as a value: nothing in it ends the line or the list (RFC 5545 §3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

/// Adds a line, broken so that no piece is longer than [`LINE`] octets and no letter is torn.
fn fold(out: &mut String, line: &str) {
    let mut used = 0;
    for letter in line.chars() {
        if used + letter.len_utf8() > LINE {
            // The space that marks a line going on is part of it.
            out.push_str("\r\n ");
            used = 1;
        }
        out.push(letter);
        used += letter.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_folded_by_octets_and_no_letter_is_torn() {
        for line in ["가".repeat(200), "a".repeat(75), "a".repeat(76), format!("ab{}", "👨‍👩‍👧".repeat(30))]
        {
            let mut out = String::new();
            fold(&mut out, &line);
            let pieces: Vec<&str> = out.strip_suffix("\r\n").unwrap().split("\r\n").collect();
            assert!(pieces.iter().all(|piece| piece.len() <= 75), "{out}");
            assert!(pieces[1..].iter().all(|piece| piece.starts_with(' ')));
            assert_eq!(out.replace("\r\n ", "").trim_end(), line);
        }
        let mut out = String::new();
        fold(&mut out, &"a".repeat(75));
        assert_eq!(out, format!("{}\r\n", "a".repeat(75)), "what fits is left alone");
    }

    #[test]
    fn a_text_cannot_end_its_line() {
        assert_eq!(escaped("a;b,c\\d\r\nEND:VEVENT"), "a\\;b\\,c\\\\d\\nEND:VEVENT");
    }

    #[test]
    fn a_show_is_written_as_the_standard_says() {
        let entry = Entry {
            uid: "u1".into(),
            starts_at_ms: 1_795_316_400_000,
            title: "고등어, 두 손; 오늘 아침에 들어온 싱싱한 자반고등어를 보여 드려요".into(),
            store: "파도네 생선".into(),
            url: "https://market.example/live/u1".into(),
        };
        let text = written("시장", "ko", &[entry], 1_795_316_400_000, |_| "와서 보세요".into());
        let wanted = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Dangol//Live//KO",
            "METHOD:PUBLISH",
            "X-WR-CALNAME:시장",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "BEGIN:VEVENT",
            "UID:u1",
            "DTSTAMP:20261122T030000Z",
            "DTSTART:20261122T030000Z",
            "DTEND:20261122T040000Z",
            "SUMMARY:고등어\\, 두 손\\; 오늘 아침에 들어온 싱싱한 자반",
            " 고등어를 보여 드려요 · 파도네 생선",
            "DESCRIPTION:와서 보세요",
            "URL:https://market.example/live/u1",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:-PT10M",
            "DESCRIPTION:고등어\\, 두 손\\; 오늘 아침에 들어온 싱싱한 자",
            " 반고등어를 보여 드려요 · 파도네 생선",
            "END:VALARM",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ];
        assert_eq!(text, wanted.join("\r\n"));
    }
}

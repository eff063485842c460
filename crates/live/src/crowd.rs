//! A crowd at the door: when this process can carry no more, whoever comes waits in a line, first in, first served,
//! and those inside keep a smooth picture.
//!
//! How much it can carry is not a number somebody guessed: a task sleeps for twenty milliseconds, over and over, and
//! looks how late it wakes. While half of a second's wakings are late, for some seconds in a row, nobody more is let
//! in; when they are punctual again, a few a second are. A small crowd is never held up.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use askama::Template;
use axum::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use people::cookies;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use web::{Problem, Ui};

use crate::{Broadcast, Live};

/// What holds a place in the line, or the way in.
const COOKIE: &str = "place";
/// The task's nap, and the naps in a second.
const NAP: Duration = Duration::from_millis(20);
const NAPS: usize = 50;
/// So late is too late: a part is due every 200 ms.
const LATE: Duration = Duration::from_millis(100);
/// …and so late is punctual.
const PUNCTUAL: Duration = Duration::from_millis(25);
/// Seconds in a row before the door shuts or opens.
const SECONDS: u32 = 3;
/// Fewer viewers than this are never held up, whatever else keeps the machine busy.
const FEW: usize = 100;
/// Let in each second while there is room: of those who wait, and at most this share of those inside.
const LET_IN: usize = 20;
/// Who does not ask for so long has gone, from the line or with the way in.
const GONE: Duration = Duration::from_secs(30);
const PASS: Duration = Duration::from_secs(600);
/// More never stand in line; the rest are told to come later.
const LONGEST: usize = 20_000;
/// How often a waiting page asks again.
const ASK_S: u64 = 5;

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Inside,
    /// So many are in front, and so long it will take at the pace of the last seconds.
    Waits {
        ahead: usize,
        seconds: i64,
    },
    /// The line itself is full.
    Later,
}

/// The door of this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Door {
    shut: Arc<AtomicBool>,
    line: Arc<Mutex<Line>>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    /// Where each token stands; right until the next second, in which alone somebody leaves.
    places: HashMap<String, usize>,
    passes: HashMap<String, Instant>,
}

struct Waiting {
    token: String,
    asked: Instant,
}

impl Line {
    fn number(&mut self) {
        let numbered = self.waiting.iter().enumerate().map(|(place, one)| (one.token.clone(), place));
        self.places = numbered.collect();
    }
}

impl Door {
    /// Somebody with this token asks to come in.
    pub fn ask(&self, token: &str, now: Instant) -> Place {
        let mut line = self.line();
        if let Some(pass) = line.passes.get_mut(token) {
            *pass = now;
            return Place::Inside;
        }
        if let Some(ahead) = line.places.get(token).copied() {
            line.waiting[ahead].asked = now;
            return waits(ahead);
        }
        if line.waiting.is_empty() && !self.is_shut() {
            return Place::Inside;
        }
        if line.waiting.len() >= LONGEST {
            return Place::Later;
        }
        let ahead = line.waiting.len();
        line.waiting.push_back(Waiting { token: token.to_owned(), asked: now });
        line.places.insert(token.to_owned(), ahead);
        waits(ahead)
    }

    /// A second has passed: who left is forgotten, and while there is room the first ones come in.
    pub fn second(&self, now: Instant) {
        let mut line = self.line();
        line.waiting.retain(|one| now.duration_since(one.asked) < GONE);
        line.passes.retain(|_, asked| now.duration_since(*asked) < PASS);
        if !self.is_shut() {
            let some = line.waiting.len().min(LET_IN);
            let admitted: Vec<Waiting> = line.waiting.drain(..some).collect();
            line.passes.extend(admitted.into_iter().map(|one| (one.token, now)));
        }
        line.number();
    }

    pub fn shut(&self, is: bool) {
        if self.shut.swap(is, Ordering::Relaxed) != is {
            tracing::warn!(
                shut = is,
                "The crowd's door is {}",
                if is { "shut: this process is busy" } else { "open" }
            );
        }
    }

    fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Relaxed)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While the door is shut nobody knows how long; at its pace it would take this.
fn waits(ahead: usize) -> Place {
    Place::Waits { ahead, seconds: (ahead as u64 / LET_IN as u64 + ASK_S) as i64 }
}

/// Judges seconds by how late their naps ended.
#[derive(Default)]
struct Judge {
    bad: u32,
    good: u32,
}

impl Judge {
    /// `Some`: the door should be shut, or open.
    fn second(&mut self, late: &mut [Duration], viewers: usize) -> Option<bool> {
        late.sort_unstable();
        let half = late.get(late.len() / 2).copied().unwrap_or_default();
        let (is_bad, is_good) = (half > LATE && viewers >= FEW, half < PUNCTUAL || viewers < FEW);
        self.bad = if is_bad { self.bad + 1 } else { 0 };
        self.good = if is_good { self.good + 1 } else { 0 };
        match (self.bad >= SECONDS, self.good >= SECONDS) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
}

/// Naps, judges, and lets people in, until `stop`.
pub(crate) async fn work(live: Live, stop: CancellationToken) {
    let mut judge = Judge::default();
    loop {
        let mut late = Vec::with_capacity(NAPS);
        for _ in 0..NAPS {
            let until = Instant::now() + NAP;
            tokio::select! {
                () = tokio::time::sleep_until(until) => late.push(until.elapsed()),
                () = stop.cancelled() => return,
            }
        }
        if let Some(shut) = judge.second(&mut late, live.rooms.viewers_here()) {
            live.door.shut(shut);
        }
        live.door.second(Instant::now());
    }
}

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    ui: Ui,
    title: String,
    /// Who stands in front; nothing: the line is full.
    ahead: Option<usize>,
    seconds: i64,
    again_s: u64,
}

/// The waiting page, for whoever cannot come in now; `None`: come in.
pub(crate) fn wait(
    live: &Live,
    headers: &HeaderMap,
    ui: Ui,
    broadcast: &Broadcast,
) -> Result<Result<Response, Ui>, Problem> {
    if !broadcast.stage.on_air() {
        return Ok(Err(ui));
    }
    let held = cookies::read(headers, COOKIE).filter(|held| held.len() == 32).map(str::to_owned);
    let token = held.clone().unwrap_or_else(|| live.base.random.token::<16>());
    let (ahead, seconds) = match live.door.ask(&token, Instant::now()) {
        Place::Inside => return Ok(Err(ui)),
        Place::Waits { ahead, seconds } => (Some(ahead), seconds),
        Place::Later => (None, 60),
    };
    let title = broadcast.title_in(ui.language()).to_owned();
    let page = web::page(&WaitingPage { ui, title, ahead, seconds, again_s: ASK_S })?;
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, page).into_response();
    let answer = response.headers_mut();
    answer.insert(RETRY_AFTER, HeaderValue::from(ASK_S));
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if held.is_none() {
        answer.append(SET_COOKIE, cookies::set(headers, COOKIE, &token, PASS.as_secs() as i64));
    }
    Ok(Ok(response))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        static BEGAN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        *BEGAN + Duration::from_secs(seconds)
    }

    #[test]
    fn first_in_is_first_served_and_nobody_jumps_the_line() {
        let door = Door::default();
        assert_eq!(door.ask("early", at(0)), Place::Inside);
        door.shut(true);
        for n in 0..50 {
            let place = door.ask(&format!("w{n}"), at(1));
            assert!(matches!(place, Place::Waits { ahead, .. } if ahead == n), "{place:?}");
        }
        // Asking again keeps the place.
        assert!(matches!(door.ask("w7", at(2)), Place::Waits { ahead: 7, .. }));
        door.second(at(2));
        assert!(matches!(door.ask("w0", at(3)), Place::Waits { ahead: 0, .. }), "the door is shut");
        door.shut(false);
        // The door is open, but a line stands before it: whoever comes now stands behind.
        assert!(matches!(door.ask("late", at(3)), Place::Waits { ahead: 50, .. }));
        door.second(at(3));
        assert_eq!(door.ask("w19", at(4)), Place::Inside);
        assert!(matches!(door.ask("w20", at(4)), Place::Waits { ahead: 0, .. }));
        assert_eq!(door.ask("w0", at(200)), Place::Inside, "the way in holds for a reload");
    }

    #[test]
    fn who_leaves_the_line_gives_up_the_place_and_the_line_has_an_end() {
        let door = Door::default();
        door.shut(true);
        door.ask("a", at(0));
        door.ask("b", at(20));
        door.second(at(31));
        assert!(matches!(door.ask("b", at(31)), Place::Waits { ahead: 0, .. }), "a has gone");
        for n in 0..LONGEST {
            door.ask(&format!("x{n}"), at(31));
        }
        assert_eq!(door.ask("one too many", at(31)), Place::Later);
        assert!(door.line().waiting.len() <= LONGEST);
    }

    #[test]
    fn a_busy_moment_shuts_nothing_and_busy_seconds_do() {
        let seconds = |judge: &mut Judge, late_ms: u64, viewers| {
            judge.second(&mut [Duration::from_millis(late_ms); NAPS], viewers)
        };
        let mut judge = Judge::default();
        assert_eq!(seconds(&mut judge, 500, 1_000), None);
        assert_eq!(seconds(&mut judge, 50, 1_000), None);
        assert_eq!(seconds(&mut judge, 500, 1_000), None);
        assert_eq!(seconds(&mut judge, 500, 1_000), None);
        assert_eq!(seconds(&mut judge, 500, 1_000), Some(true));
        assert_eq!(seconds(&mut judge, 60, 1_000), None, "neither busy nor punctual: as it is");
        for _ in 1..SECONDS {
            assert_eq!(seconds(&mut judge, 5, 1_000), None);
        }
        assert_eq!(seconds(&mut judge, 5, 1_000), Some(false));
        let mut judge = Judge::default();
        for _ in 0..10 {
            assert_ne!(seconds(&mut judge, 500, FEW - 1), Some(true), "a small crowd is never held up");
        }
    }
}

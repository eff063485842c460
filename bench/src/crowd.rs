//! A crowd: many people open the same show at once, while others watch it.
//!
//! Whoever comes does what the browser does up to its first picture: the page, and with what it says the one body that
//! holds the init segment and all parts since the newest key picture. The figures are how long that takes, how many
//! such arrivals one core of the server would carry in a second, and how much later than usual those inside get their
//! parts meanwhile. The reference is the same page asked for on kept-alive connections by a few, without a storm.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::{sync::Notify, task::JoinSet, time::Instant};

use crate::{
    figure::{Figure, Show, say},
    film,
    histogram::Histogram,
    http::{self, Connection},
    market::{Engine, Market},
    processor,
};

const PROMISED_FIRST_MS: f64 = 1_500.0;
/// Who watches already, and before and after the storm is watched over.
const INSIDE: usize = 100;
const CALM: Duration = Duration::from_secs(5);
/// Those inside have a part at hand for so long (`ui/src/lib/pace.ts` aims at 0.3 s): one that is later stalls them.
const SPARE: Duration = Duration::from_millis(300);
/// How often the reference asks.
const CALM_PAGES: usize = 400;

#[derive(Deserialize)]
struct Join {
    first: u64,
    part_ms: u64,
}

/// Runs the bench and prints its figures.
pub(crate) fn run(people: usize, show: Show) -> anyhow::Result<()> {
    processor::allow_many_files((people + INSIDE) as u64 + 1_024)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let film = folder.path().join("film.mp4");
    say("making a film of 1.6 Mbit/s");
    film::make(&film)?;
    say("starting a market with this film on air");
    let market = Market::start(Engine::Sqlite, Some(&film))?;
    let broadcast = market.on_air()?;
    let join = http::get_once(market.address, &format!("/media/{broadcast}/join"))?;
    let join: Join = serde_json::from_str(&join.body).context("unreadable join")?;
    let part = Duration::from_millis(join.part_ms);
    let met = runtime.block_on(storm(&market, &broadcast, part, people))?;

    if met.errors > 0 {
        bail!("{} of {people} could not come in: the figures mean nothing", met.errors);
    }
    Figure::new(
        "crowd.first_frame_p50",
        met.first.quantile_ms(0.5),
        "ms",
        PROMISED_FIRST_MS,
        "promise of p95",
    )
    .print(show)?;
    Figure::new("crowd.first_frame_p95", met.first.quantile_ms(0.95), "ms", PROMISED_FIRST_MS, "promise")
        .print(show)?;
    Figure::new(
        "crowd.joins_per_core",
        met.joins_per_core,
        "joins/s",
        met.pages_per_core,
        "pages alone, a few at a time",
    )
    .print(show)?;
    Figure::new("crowd.inside_late", met.late as f64, "parts", 1.0, "none should be; of all that came")
        .print(show)?;
    Figure::new(
        "crowd.inside_gap_p99",
        met.gaps.quantile_ms(0.99),
        "ms",
        met.calm_gaps.quantile_ms(0.99),
        "before the storm",
    )
    .print(show)
}

/// What the storm was like.
struct Met {
    first: Histogram,
    joins_per_core: f64,
    pages_per_core: f64,
    errors: u64,
    /// Parts that came too late for those inside.
    late: u64,
    gaps: Histogram,
    calm_gaps: Histogram,
}

async fn storm(market: &Market, broadcast: &str, part: Duration, people: usize) -> anyhow::Result<Met> {
    let (address, pid) = (market.address, market.pid());
    let page = format!("/live/{broadcast}");
    let inside: Arc<Inside> = Arc::default();
    // In a thread of their own: how late their parts come says nothing about this one, which the crowd keeps busy.
    let (over, watching) = (Arc::new(Notify::new()), format!("/media/{broadcast}"));
    let (ends, seen) = (over.clone(), inside.clone());
    let watching = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut all = JoinSet::new();
            for _ in 0..INSIDE {
                all.spawn(watch(address, watching.clone(), part, seen.clone()));
            }
            ends.notified().await;
        });
        std::io::Result::Ok(())
    });
    tokio::time::sleep(CALM).await;
    say("pages alone, a few at a time");
    let (before, idle) = (processor::used_by(pid)?, Instant::now());
    tokio::time::sleep(CALM).await;
    // What those inside cost is taken off below.
    let inside_share = (processor::used_by(pid)? - before).as_secs_f64() / idle.elapsed().as_secs_f64();
    let (before, began) = (processor::used_by(pid)?, Instant::now());
    let mut connection = Connection::open(address).await?;
    for _ in 0..CALM_PAGES {
        ask(&mut connection, address, &page).await?;
    }
    let pages =
        (processor::used_by(pid)? - before).as_secs_f64() - inside_share * began.elapsed().as_secs_f64();
    let calm_gaps = inside.take();

    say(&format!("{people} people at once, {INSIDE} inside"));
    let (before, began) = (processor::used_by(pid)?, Instant::now());
    let mut crowd = JoinSet::new();
    for _ in 0..people {
        let (page, media) = (page.clone(), format!("/media/{broadcast}"));
        crowd.spawn(async move {
            let began = Instant::now();
            arrive(address, &page, &media).await.map(|()| began.elapsed())
        });
    }
    let mut met = (Histogram::new(), 0);
    while let Some(arrived) = crowd.join_next().await {
        match arrived? {
            Ok(took) => met.0.add(took.as_micros() as u64),
            Err(_) => met.1 += 1,
        }
    }
    let joins =
        (processor::used_by(pid)? - before).as_secs_f64() - inside_share * began.elapsed().as_secs_f64();
    tokio::time::sleep(CALM).await;
    let (gaps, late) = (inside.take(), inside.late());
    over.notify_one();
    watching.join().map_err(|_| anyhow::anyhow!("those inside panicked"))??;
    Ok(Met {
        first: met.0,
        joins_per_core: people as f64 / joins.max(0.001),
        pages_per_core: CALM_PAGES as f64 / pages.max(0.001),
        errors: met.1,
        late,
        gaps,
        calm_gaps,
    })
}

/// From the tap to the first picture.
async fn arrive(address: SocketAddr, page: &str, media: &str) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let written = ask(&mut connection, address, page).await?;
    let next = written
        .split("/h")
        .nth(1)
        .and_then(|rest| rest.split_once(".mp4"))
        .context("no picture in the page")?
        .0;
    fetch(&mut connection, address, &format!("{media}/h{next}.mp4")).await.map(drop)
}

async fn ask(connection: &mut Connection, address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let answer = fetch(connection, address, path).await?;
    Ok(String::from_utf8_lossy(connection.body(&answer)).into_owned())
}

/// The answer with its body as it came: a film is not to be read as text.
async fn fetch(connection: &mut Connection, address: SocketAddr, path: &str) -> anyhow::Result<http::Answer> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/html\r\n\r\n");
    let answer = connection.send(request.as_bytes()).await?;
    if answer.status != 200 {
        bail!("{path} was answered with {}", answer.status);
    }
    Ok(answer)
}

/// What those inside have seen.
#[derive(Default)]
struct Inside(Mutex<Option<Seen>>);

struct Seen {
    gaps: Histogram,
    late: u64,
}

impl Inside {
    fn count(&self, gap: Duration, part: Duration) {
        // Counters are never left half-written.
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.get_or_insert_with(|| Seen { gaps: Histogram::new(), late: 0 });
        seen.gaps.add(gap.as_micros() as u64);
        seen.late += u64::from(gap > part + SPARE);
    }

    /// The gaps so far; counting begins anew, also of what was late.
    fn take(&self) -> Histogram {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let late = seen.as_ref().map_or(0, |seen| seen.late);
        let gaps = seen.take().map_or_else(Histogram::new, |seen| seen.gaps);
        *seen = Some(Seen { gaps: Histogram::new(), late });
        gaps
    }

    fn late(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |seen| seen.late)
    }
}

/// One part after the other, until stopped.
async fn watch(address: SocketAddr, base: String, part: Duration, inside: Arc<Inside>) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let join = ask(&mut connection, address, &format!("{base}/join")).await?;
    let mut number = serde_json::from_str::<Join>(&join)?.first;
    let mut before: Option<Instant> = None;
    loop {
        let request = format!("GET {base}/n{number}.m4s HTTP/1.1\r\nhost: {address}\r\n\r\n");
        connection.send(request.as_bytes()).await?;
        let now = Instant::now();
        if let Some(before) = before.replace(now) {
            inside.count(now - before, part);
        }
        number += 1;
    }
}

//! Video out: viewers who ask for one part after the other over kept-alive HTTP, as the chain player does.
//!
//! The figure is viewers per core: how many of them one core of the server would carry, from the CPU time the
//! server used while they watched. A viewer counts for what arrived: on a machine too busy to bring every part in
//! time, half a show is half a viewer. The reference is a bare tokio server that holds the same requests and answers
//! the same bytes with one `writev`, measured by the same client in the same run.

use std::{
    collections::HashMap,
    io::{IoSlice, Write},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, bail};
use bytes::Bytes;
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::Instant,
};

use crate::{
    figure::{Figure, Show, say},
    film,
    histogram::Histogram,
    http::{self, Connection},
    market::{Engine, Market},
    processor,
};

/// What the promise is written for; the rate that viewers really got is printed beside it.
const PROMISED_VIEWERS_PER_CORE: f64 = 6_000.0;
const PROMISED_MBIT: f64 = 1.6;
/// Viewers come within this time, then the measuring begins.
const ARRIVAL: Duration = Duration::from_secs(3);

/// What a viewer learns when joining.
#[derive(Deserialize)]
struct Join {
    first: u64,
    part_ms: u64,
}

/// What one run of viewers saw.
struct Watched {
    viewers_per_core: f64,
    /// Of the parts that the show had meanwhile.
    arrived_percent: f64,
    mbit_per_viewer: f64,
    part_bytes: usize,
    errors: u64,
    spread_p95_ms: f64,
}

/// Runs the bench and prints its figures.
pub(crate) fn run(viewers: usize, time: Duration, show: Show) -> anyhow::Result<()> {
    processor::allow_many_files(viewers as u64 + 1_024)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

    let folder = tempfile::tempdir()?;
    let film = folder.path().join("film.mp4");
    say("making a film of 1.6 Mbit/s");
    film::make(&film)?;
    say("starting a market with this film on air");
    let market = Market::start(Engine::Sqlite, Some(&film))?;
    let broadcast = market.on_air()?;
    let base = format!("/media/{broadcast}");
    let join: Join = serde_json::from_str(&http::get_once(market.address, &format!("{base}/join"))?.body)
        .context("unreadable join")?;
    say(&format!("{viewers} viewers for {} s", time.as_secs()));
    let part = Duration::from_millis(join.part_ms);
    let ours = runtime.block_on(watch(market.address, &base, market.pid(), part, viewers, time))?;
    drop(market);

    say("the same viewers at a bare server of the same bytes");
    let (mut child, address) = start_bare(ours.part_bytes, join.part_ms)?;
    let bare = runtime.block_on(watch(address, &base, child.id(), part, viewers, time));
    child.kill()?;
    child.wait()?;
    let bare = bare?;

    if ours.errors > 0 {
        bail!("{} requests failed: the figures mean nothing", ours.errors);
    }
    let bare_server = "bare tokio writev server";
    Figure::new(
        "egress.viewers_per_core",
        ours.viewers_per_core,
        "viewers",
        bare.viewers_per_core,
        bare_server,
    )
    .print(show)?;
    Figure::new("egress.promise", ours.viewers_per_core, "viewers", PROMISED_VIEWERS_PER_CORE, "promise")
        .print(show)?;
    Figure::new("egress.rate", ours.mbit_per_viewer, "Mbit/s", PROMISED_MBIT, "rate of the promise")
        .print(show)?;
    Figure::new("egress.arrived", ours.arrived_percent, "%", bare.arrived_percent, bare_server)
        .print(show)?;
    Figure::new("egress.spread_p95", ours.spread_p95_ms, "ms", bare.spread_p95_ms, bare_server).print(show)
}

/// Lets viewers watch, and counts what it costs the server.
async fn watch(
    address: SocketAddr,
    base: &str,
    pid: u32,
    part: Duration,
    viewers: usize,
    time: Duration,
) -> anyhow::Result<Watched> {
    let tally = Arc::new(Tally::default());
    let start = Instant::now() + ARRIVAL;
    let mut crowd = JoinSet::new();
    for index in 0..viewers {
        let (tally, base) = (tally.clone(), base.to_owned());
        let arrival = ARRIVAL / 2 * index as u32 / viewers as u32;
        crowd.spawn(async move {
            tokio::time::sleep(arrival).await;
            if view(address, &base, &tally, start, start + time).await.is_err() {
                tally.lock().errors += 1;
            }
        });
    }
    tokio::time::sleep_until(start).await;
    let before = processor::used_by(pid)?;
    tokio::time::sleep_until(start + time).await;
    let used = processor::used_by(pid)? - before;
    crowd.join_all().await;

    let seen = tally.lock();
    if seen.parts == 0 {
        bail!("nobody saw a single part");
    }
    let watched_s = seen.parts as f64 * part.as_secs_f64();
    Ok(Watched {
        viewers_per_core: watched_s / used.as_secs_f64(),
        arrived_percent: 100.0 * watched_s / (viewers as f64 * time.as_secs_f64()),
        mbit_per_viewer: seen.bytes as f64 * 8.0 / 1e6 / watched_s,
        part_bytes: (seen.bytes / seen.parts) as usize,
        errors: seen.errors,
        spread_p95_ms: seen.spread.quantile_ms(0.95),
    })
}

/// One viewer: join once, then part after part until the end.
async fn view(
    address: SocketAddr,
    base: &str,
    tally: &Tally,
    start: Instant,
    end: Instant,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let request = |path: &str| format!("GET {base}/{path} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes();
    let answer = connection.send(&request("join")).await?;
    let mut number = serde_json::from_slice::<Join>(connection.body(&answer))?.first;
    while Instant::now() < end {
        let answer = connection.send(&request(&format!("n{number}.m4s"))).await?;
        if answer.status != 200 {
            bail!("part {number} was answered with {}", answer.status);
        }
        let now = Instant::now();
        if now >= start && now < end {
            tally.count(number, connection.body(&answer).len(), now);
        }
        number += 1;
    }
    Ok(())
}

/// What all viewers together have seen.
#[derive(Default)]
struct Tally(Mutex<Seen>);

struct Seen {
    parts: u64,
    bytes: u64,
    errors: u64,
    /// When the first viewer had each part, and how much later the others had it.
    first: HashMap<u64, Instant>,
    spread: Histogram,
}

impl Default for Seen {
    fn default() -> Seen {
        Seen { parts: 0, bytes: 0, errors: 0, first: HashMap::new(), spread: Histogram::new() }
    }
}

impl Tally {
    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        // Counters are never left half-written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, number: u64, bytes: usize, now: Instant) {
        let mut seen = self.lock();
        seen.parts += 1;
        seen.bytes += bytes as u64;
        let first = *seen.first.entry(number).or_insert(now);
        seen.spread.add((now - first).as_micros() as u64);
    }
}

// ---- The bare server ---------------------------------------------------------------------------

fn start_bare(part_bytes: usize, part_ms: u64) -> anyhow::Result<(Child, SocketAddr)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["bare-egress", "--part-bytes", &part_bytes.to_string(), "--part-ms", &part_ms.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let out = child.stdout.take().context("no output")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
    Ok((child, line.trim().parse().context("the bare server did not say where it listens")?))
}

/// Serves one part every `part` until it is killed. Nothing is parsed beyond the number that is asked for.
pub(crate) fn bare(part_bytes: usize, part: Duration) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
        let body = Bytes::from(vec![0x5a; part_bytes]);
        let (newest, parts) = watch::channel(0_u64);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(part);
            loop {
                tick.tick().await;
                newest.send_modify(|number| *number += 1);
            }
        });
        loop {
            let (stream, _) = listener.accept().await?;
            let (parts, body) = (parts.clone(), body.clone());
            tokio::spawn(async move {
                // A viewer that leaves is no error.
                let _ = serve_bare(stream, parts, body, part).await;
            });
        }
    })
}

async fn serve_bare(
    mut stream: TcpStream,
    mut parts: watch::Receiver<u64>,
    body: Bytes,
    part: Duration,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = Vec::with_capacity(1_024);
    loop {
        request.clear();
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        let path = std::str::from_utf8(&request)?.split(' ').nth(1).context("no path")?;
        let wanted = path.rsplit_once("/n").and_then(|(_, rest)| rest.strip_suffix(".m4s"));
        if let Some(number) = wanted {
            let number = number.parse::<u64>()?;
            parts.wait_for(|newest| *newest >= number).await?;
            write_all(&mut stream, &body).await?;
        } else {
            let join = format!(r#"{{"first":{},"part_ms":{}}}"#, *parts.borrow(), part.as_millis());
            write_all(&mut stream, join.as_bytes()).await?;
        }
    }
}

async fn write_all(stream: &mut TcpStream, body: &[u8]) -> anyhow::Result<()> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: {}\r\n\r\n", body.len());
    let written = stream.write_vectored(&[IoSlice::new(head.as_bytes()), IoSlice::new(body)]).await?;
    if written < head.len() {
        stream.write_all(&head.as_bytes()[written..]).await?;
        stream.write_all(body).await?;
    } else {
        stream.write_all(&body[written - head.len()..]).await?;
    }
    Ok(())
}

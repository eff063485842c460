//! A product read by many: its page and its API answer, both read from the database at every request, over a few
//! kept-alive connections. The reference is a bare tokio server that answers the same bytes from memory, asked by the
//! same client in the same run.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
    time::Instant,
};

use crate::{
    figure::{Figure, Show, say},
    histogram::Histogram,
    http::{self, Connection},
    market::{Engine, Market},
    processor,
};

const PROMISED_PAGES: f64 = 5_000.0;
const PROMISED_ANSWERS: f64 = 12_000.0;

/// What one run of readers saw.
struct Read {
    per_second: f64,
    p99_ms: f64,
    /// Of the server's, for one answer.
    cpu_us: f64,
    bytes: usize,
}

/// Runs the bench and prints its figures.
pub(crate) fn run(connections: usize, time: Duration, engine: Engine, show: Show) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    say(&format!("starting a market on {engine}"));
    let market = Market::start(engine, None)?;
    let home = http::get_once(market.address, "/")?.body;
    let (_, rest) = home.split_once("href=\"/products/").context("no product on the first page")?;
    let product = rest.split('"').next().unwrap_or_default();

    for (names, path, promise) in [
        (
            ["reads.page", "reads.page_promise", "reads.page_p99", "reads.page_cpu"],
            format!("/products/{product}"),
            PROMISED_PAGES,
        ),
        (
            ["reads.api", "reads.api_promise", "reads.api_p99", "reads.api_cpu"],
            format!("/api/v1/products/{product}"),
            PROMISED_ANSWERS,
        ),
    ] {
        say(&format!("{connections} connections read {path} for {} s", time.as_secs()));
        let pid = market.pid();
        let ours = runtime.block_on(read(market.address, &path, connections, time, Some(pid)))?;
        let bare = bare(ours.bytes)?;
        let bare = runtime.block_on(read(bare, &path, connections, time, None))?;
        let against = "bare tokio server of the same bytes";
        Figure::new(names[0], ours.per_second, "a second", bare.per_second, against).print(show)?;
        Figure::new(names[1], ours.per_second, "a second", promise, "promise").print(show)?;
        Figure::new(names[2], ours.p99_ms, "ms", bare.p99_ms, against).print(show)?;
        Figure::new(names[3], ours.cpu_us, "us each", 1e6 / promise, "one core at the promise")
            .print(show)?;
    }
    Ok(())
}

async fn read(
    address: SocketAddr,
    path: &str,
    connections: usize,
    time: Duration,
    pid: Option<u32>,
) -> anyhow::Result<Read> {
    let used = |pid: Option<u32>| pid.map_or(Ok(Duration::ZERO), processor::used_by);
    let before = used(pid)?;
    let end = Instant::now() + time;
    let delays = Arc::new(Mutex::new(Histogram::new()));
    let mut readers = JoinSet::new();
    for _ in 0..connections {
        let delays = delays.clone();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/html,*/*\r\naccept-language: ko\r\n\r\n"
        );
        readers.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut bytes = 0;
            while Instant::now() < end {
                let asked = Instant::now();
                let answer = connection.send(request.as_bytes()).await?;
                if answer.status != 200 {
                    bail!("answered with {}", answer.status);
                }
                delays.lock().unwrap_or_else(PoisonError::into_inner).add(asked.elapsed().as_micros() as u64);
                bytes = connection.body(&answer).len();
            }
            Ok(bytes)
        });
    }
    let mut bytes = 0;
    while let Some(reader) = readers.join_next().await {
        bytes = reader??;
    }
    let delays = delays.lock().unwrap_or_else(PoisonError::into_inner);
    let answers = delays.total() as f64;
    Ok(Read {
        per_second: answers / time.as_secs_f64(),
        p99_ms: delays.quantile_ms(0.99),
        cpu_us: (used(pid)? - before).as_secs_f64() * 1e6 / answers,
        bytes,
    })
}

/// Starts the bare server on a thread of its own; it ends with the program.
fn bare(bytes: usize) -> anyhow::Result<SocketAddr> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            tell.send(listener.local_addr()?)?;
            let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").into_bytes();
            answer.resize(answer.len() + bytes, b' ');
            loop {
                let (mut stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        if stream.write_all(&answer).await.is_err() {
                            return;
                        }
                    }
                });
            }
        })
    });
    told.recv().context("the bare server did not start")
}

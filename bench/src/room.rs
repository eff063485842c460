//! Chat fan-out: thousands of sockets in one room, messages written by people through the real HTTP path.
//!
//! A message counts as delayed from the moment it was *due*, not from the moment it could be sent: a server that
//! makes writers wait does not look better for it. The CPU time is the whole server's: sessions, limits, the
//! database commit of each message and the broadcast that is on air all the while.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::bail;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    figure::{Figure, Show, say},
    http::Connection,
    market::{Engine, Market},
    processor,
    sockets::{DIGITS, MARK, Sockets},
    writers, writes,
};

/// Everybody writes once in two seconds, as an eager person does, so there are twice as many writers as messages.
const SECONDS_BETWEEN_MESSAGES: usize = 2;
/// Late deliveries still count for this long.
const DRAIN: Duration = Duration::from_secs(1);
const PROMISED_SHARE: f64 = 98.0;
const PROMISED_P99_MS: f64 = 150.0;
const PROMISED_PER_CORE: f64 = 1_000_000.0;
const REFERENCE_TIME: Duration = Duration::from_secs(3);

/// Runs the bench and prints its figures.
pub(crate) fn run(sockets: usize, rate: u32, time: Duration, show: Show) -> anyhow::Result<()> {
    let writer_count = rate as usize * SECONDS_BETWEEN_MESSAGES;
    processor::allow_many_files((sockets + writer_count) as u64 * 2 + 1_024)?;

    say(&format!("starting a market, and {writer_count} people who write"));
    let market = Market::start(Engine::Sqlite, None)?;
    let broadcast = market.on_air()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tokens = runtime.block_on(writers::sign_in(&market, writer_count))?;
    say(&format!("opening {sockets} sockets"));
    let listening = Sockets::open(market.address, &format!("/live/{broadcast}/socket"), sockets)?;

    say(&format!("{rate} messages a second for {} s", time.as_secs()));
    let over = Arc::new(AtomicBool::new(false));
    let listener = {
        let over = over.clone();
        std::thread::spawn(move || listening.listen(&over))
    };
    let before = processor::used_by(market.pid())?;
    let written = runtime.block_on(write(market.address, &broadcast, &tokens, rate, time))?;
    std::thread::sleep(DRAIN);
    let used = processor::used_by(market.pid())? - before;
    over.store(true, Ordering::Relaxed);
    let Ok(heard) = listener.join() else { bail!("the listening thread broke") };
    let heard = heard?;
    let memory = processor::memory_of(market.pid())? as f64 / f64::from(1 << 20);
    drop(market);

    say("the reference: one write(2) for each delivery");
    let bare = writes::per_core_second(sockets.min(1_000), heard.message_bytes.max(100), REFERENCE_TIME)?;

    let offered = f64::from(rate) * time.as_secs_f64() * sockets as f64;
    let delivered = heard.delays.total() as f64;
    say(&format!(
        "{written} messages accepted, {} bytes each on the wire, {} sockets closed by the server, {memory:.0} MiB",
        heard.message_bytes, heard.closed
    ));
    if heard.delays.quantile_ms(0.99) > PROMISED_P99_MS {
        say(
            "too late: a machine this busy gathers more messages in each write, which flatters the figures per core",
        );
    }
    let per_core = delivered / used.as_secs_f64();
    let print = |name, value, unit, reference, against| {
        Figure::new(name, value, unit, reference, against).print(show)
    };
    print("room.arrived", 100.0 * delivered / offered, "%", PROMISED_SHARE, "promise")?;
    print("room.p50", heard.delays.quantile_ms(0.5), "ms", PROMISED_P99_MS, "promise for p99")?;
    print("room.p99", heard.delays.quantile_ms(0.99), "ms", PROMISED_P99_MS, "promise")?;
    print("room.per_core_second", per_core, "deliveries", bare, "bare write(2) loop")?;
    print("room.promise", per_core, "deliveries", PROMISED_PER_CORE, "promise")
}

/// Writes messages at an even rate, each by another person, and tells how many were accepted.
async fn write(
    address: SocketAddr,
    broadcast: &str,
    tokens: &[String],
    rate: u32,
    time: Duration,
) -> anyhow::Result<u64> {
    let accepted = Arc::new(AtomicU64::new(0));
    let total = u64::from(rate) * time.as_secs();
    let start = Instant::now() + Duration::from_millis(500);
    let start_us = processor::now_us() + 500_000;
    let gap_us = 1_000_000 / u64::from(rate);
    let mut people = JoinSet::new();
    for (index, token) in tokens.iter().enumerate() {
        let (accepted, token, step) = (accepted.clone(), token.clone(), tokens.len());
        let path = format!("/live/{broadcast}/chat");
        people.spawn(async move {
            let mut connection = Connection::open(address).await?;
            for turn in (index as u64..total).step_by(step) {
                let after = turn * gap_us;
                tokio::time::sleep_until(start + Duration::from_micros(after)).await;
                let request = post(address, &path, &token, start_us + after);
                let answer = connection.send(&request).await?;
                if answer.status < 300 {
                    accepted.fetch_add(1, Ordering::Relaxed);
                } else if turn < step as u64 {
                    bail!(
                        "a message was answered with {}: {}",
                        answer.status,
                        String::from_utf8_lossy(connection.body(&answer))
                    );
                }
            }
            Ok(())
        });
    }
    while let Some(person) = people.join_next().await {
        person??;
    }
    Ok(accepted.load(Ordering::Relaxed))
}

fn post(address: SocketAddr, path: &str, token: &str, due_us: u64) -> Vec<u8> {
    let body =
        format!("text={}{due_us:0width$}+how+much+is+the+blue+one", MARK.replace(' ', "+"), width = DIGITS);
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\nsec-fetch-site: same-origin\r\n\
         accept: application/json\r\nauthorization: Bearer {token}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

//! How many WebRTC viewers one core serves: this process serves, a child of it films and watches by str0m over
//! loopback, and the kernel tells this process's CPU time. The reference, in the same run, is a bare loop that
//! sends datagrams of the same number and size to as many sockets, one `sendto` each.
//!
//! `cargo run --release -p media --example whep -- [viewers] [seconds]` needs ffmpeg and Linux.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use media::{Config, Origin, Record};
use object_store::memory::InMemory;
use serde::{Deserialize, Serialize};

mod audience;

/// Steps of the kernel's CPU time.
const TICKS_A_SECOND: f64 = 100.0;
const SETTLE: Duration = Duration::from_secs(4);
const PICTURES_A_SECOND: u32 = 30;

type Failure = Box<dyn std::error::Error>;

/// What the audience saw since it was last asked.
#[derive(Default, Serialize, Deserialize)]
struct Count {
    watching: usize,
    packets: u64,
    bytes: u64,
    /// From the phone's writing of a picture to its last packet at a viewer.
    late_ms_p50: f64,
    late_ms_p95: f64,
}

/// The process that films and watches; it answers a line for a line.
struct Audience {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Audience {
    fn start() -> Result<Audience, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg("audience").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        Ok(Audience { child, answers })
    }

    fn ask<T: for<'a> Deserialize<'a>>(&mut self, words: &[&str]) -> Result<T, Failure> {
        let pipe = self.child.stdin.as_mut().ok_or("no pipe")?;
        writeln!(pipe, "{}", serde_json::to_string(words)?)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Audience {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "audience") {
        return audience::run();
    }
    let number = |at: usize, usual| words.get(at).map_or(Ok(usual), |word| word.parse());
    let (viewers, seconds) = (number(0, 100)?, number(1, 10)? as u64);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(Box::pin(measure(viewers, Duration::from_secs(seconds))))
}

#[expect(clippy::print_stdout, reason = "it is what the program is for")]
async fn measure(viewers: usize, length: Duration) -> Result<(), Failure> {
    let udp = ([127, 0, 0, 1], 0).into();
    let config = Config { udp, whep_viewers: viewers, record: Record::Nothing, ..Config::default() };
    let origin = Origin::new(config, Arc::new(InMemory::new())).await?;
    let stream = origin.open("show").await?;
    let mut audience = Audience::start()?;
    let offer: String = audience.ask(&["film"])?;
    let answer = stream.publish(&offer).await?;
    let _: bool = audience.ask(&["answer", &answer.sdp])?;
    std::thread::sleep(SETTLE);
    let alone = spent(|| std::thread::sleep(length))?;

    for _ in 0..viewers {
        let offer: String = audience.ask(&["watch"])?;
        let answer = stream.view(&offer).await?;
        let _: bool = audience.ask(&["answer", &answer.sdp])?;
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(SETTLE);
    let _: Count = audience.ask(&["count"])?;
    let served = spent(|| std::thread::sleep(length))?;
    let count: Count = audience.ask(&["count"])?;
    stream.end().await?;

    let ports: Vec<u16> = audience.ask(&["sink", &viewers.to_string()])?;
    let bare = spent(|| send_bare(&ports, &count, length).unwrap_or_default())?;

    let watched = count.watching as f64 * length.as_secs_f64();
    let each = (served - alone) / watched * 1000.0;
    let bare = bare / watched * 1000.0;
    let rate = |n: u64| n as f64 / watched;
    println!("watching            {} of {viewers}", count.watching);
    println!(
        "each                {:.2} Mbit/s, {:.0} packets/s",
        rate(count.bytes) * 8e-6,
        rate(count.packets)
    );
    println!("phone to viewer     p50 {:.1} ms, p95 {:.1} ms", count.late_ms_p50, count.late_ms_p95);
    println!("publisher and parts {:.1} % of a core", alone / length.as_secs_f64() * 100.0);
    println!("a viewer's second   {each:.3} ms of CPU: {:.0} viewers per core", 1000.0 / each);
    println!(
        "reference: sendto   {bare:.3} ms of CPU: {:.0} per core; ratio {:.2}",
        1000.0 / bare,
        bare / each
    );
    Ok(())
}

/// Seconds of CPU that this process spends meanwhile.
fn spent(work: impl FnOnce()) -> Result<f64, Failure> {
    let used = || -> Result<f64, Failure> {
        let line = std::fs::read_to_string("/proc/self/stat")?;
        let fields: Vec<&str> = line.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).ok_or("no such field")?.parse::<f64>().map_err(Failure::from);
        Ok((ticks(11)? + ticks(12)?) / TICKS_A_SECOND)
    };
    let before = used()?;
    work();
    Ok(used()? - before)
}

/// The same packets in the same rhythm, without anything else.
fn send_bare(ports: &[u16], count: &Count, length: Duration) -> std::io::Result<()> {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    let pictures = length.as_secs() as u32 * PICTURES_A_SECOND;
    let each = count.packets as f64 / f64::from(pictures) / ports.len().max(1) as f64;
    let packet = vec![7; (count.bytes / count.packets.max(1)) as usize];
    let (begun, mut sent) = (Instant::now(), 0);
    for picture in 1..=pictures {
        let due = (f64::from(picture) * each) as u32;
        for port in ports {
            for _ in sent..due {
                let _ = socket.send_to(&packet, SocketAddr::from(([127, 0, 0, 1], *port)));
            }
        }
        sent = due;
        let next = begun + Duration::from_secs(1) / PICTURES_A_SECOND * picture;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

/// Delays of pictures, in microseconds.
type Delays = Arc<Mutex<Vec<u32>>>;

//! A bad line: two network namespaces joined by a program that delays and drops packets.
//!
//! The kernel's own `netem` would do, but not every machine has it. Each end is a TUN device, so real TCP and real
//! WebRTC meet real delay and loss. One thread a direction; a packet leaves when its time has come, in order.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tun::Device;

use crate::figure::say;

/// Packets that wait on the line at once: 60 ms of a gigabit; beyond that it drops, as a router does.
const WAITING: usize = 4_096;
const PACKET: usize = 65_536;
const NEAR: &str = "10.99.0.1/30";
const FAR: &str = "10.99.0.2/30";

/// How bad it is.
#[derive(Clone, Copy)]
pub(crate) struct Quality {
    /// One way.
    pub delay: Duration,
    /// Of all packets, each way, in percent.
    pub loss: f64,
}

/// Makes the far namespace `name`, joins it, and shuttles packets until standard input ends.
pub(crate) fn run(name: &str, quality: Quality) -> anyhow::Result<()> {
    ensure!(
        name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "a namespace's name is letters and digits"
    );
    let namespace = Namespace::make(name)?;
    let (near, far) = (device(&format!("{name}0"))?, device(&format!("{name}1"))?);
    ip(&["addr", "add", NEAR, "dev", &format!("{name}0")])?;
    ip(&["link", "set", &format!("{name}0"), "up"])?;
    ip(&["link", "set", &format!("{name}1"), "netns", name])?;
    namespace.ip(&["addr", "add", FAR, "dev", &format!("{name}1")])?;
    namespace.ip(&["link", "set", &format!("{name}1"), "up"])?;
    namespace.ip(&["link", "set", "lo", "up"])?;
    carry(near.clone(), far.clone(), quality, 0x9e37_79b9);
    carry(far, near, quality, 0x85eb_ca6b);
    say(&format!("the line {name} is up: {} ms and {} % each way", quality.delay.as_millis(), quality.loss));
    writeln!(std::io::stdout(), "up")?;
    // Whoever started us holds our input open for as long as the line is wanted.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    Ok(())
}

/// A namespace that goes when this does.
struct Namespace(String);

impl Namespace {
    fn make(name: &str) -> anyhow::Result<Namespace> {
        ip(&["netns", "add", name])?;
        Ok(Namespace(name.to_owned()))
    }

    fn ip(&self, words: &[&str]) -> anyhow::Result<()> {
        ip(&[&["-n", &self.0], words].concat())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.0]);
    }
}

fn ip(words: &[&str]) -> anyhow::Result<()> {
    let done = Command::new("ip").args(words).output().context("`ip` (package iproute2) is not there")?;
    if !done.status.success() {
        bail!("ip {}: {}", words.join(" "), String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}

/// A device of this name, which gives and takes one packet at a time.
fn device(name: &str) -> anyhow::Result<Arc<Device>> {
    let mut wanted = tun::Configuration::default();
    wanted.tun_name(name);
    Ok(Arc::new(tun::create(&wanted).with_context(|| format!("the device {name} could not be made"))?))
}

/// Two threads: one reads and throws the dice, the other lets packets go when their time has come.
fn carry(from: Arc<Device>, to: Arc<Device>, quality: Quality, seed: u64) {
    let (waits, comes) = mpsc::sync_channel::<(Instant, Vec<u8>)>(WAITING);
    std::thread::spawn(move || {
        let mut dice = Dice(seed);
        let mut packet = vec![0; PACKET];
        while let Ok(length) = from.recv(&mut packet) {
            if dice.percent() >= quality.loss {
                // A full line drops.
                let _ = waits.try_send((Instant::now() + quality.delay, packet[..length].to_vec()));
            }
        }
    });
    std::thread::spawn(move || {
        let mut line: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
        while let Some((due, packet)) = line.pop_front().or_else(|| comes.recv().ok()) {
            line.extend(comes.try_iter());
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let _ = to.send(&packet);
        }
    });
}

/// Numbers that are the same in every run (xorshift), so that two players meet the same losses on average.
struct Dice(u64);

impl Dice {
    fn percent(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 * 100.0
    }
}

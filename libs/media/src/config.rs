//! What an operator may set. Everything has a default that works on one machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// How an [`Origin`](crate::Origin) behaves; the same for all of its streams.
#[derive(Clone, Debug)]
pub struct Config {
    /// Aimed length of one part: half of what separates a viewer from the stall.
    pub part: Duration,
    /// Aimed length of one segment. A key frame is asked for shortly before each end.
    pub segment: Duration,
    /// How much of the past the live playlist lists and memory keeps.
    pub window: Duration,
    /// The one UDP address all publishers send to, and WebRTC viewers. Port 0 takes any free one.
    pub udp: SocketAddr,
    /// The TCP port that the caller listens on for phones whose network blocks UDP, and hands to
    /// [`Origin::take_tcp`](crate::Origin::take_tcp). `None`: they get no connection.
    pub tcp_port: Option<u16>,
    /// Addresses written into answers as candidates. Empty: the address of `udp`, or when that is a wildcard
    /// the address this machine reaches the world from, and loopback.
    pub advertise: Vec<IpAddr>,
    /// Bit rate at which Chromium's encoder starts; its own 300 kbit/s shows a blurred stall for ten seconds.
    pub start_kbps: u32,
    /// Largest bit rate asked of a publisher.
    pub max_kbps: u32,
    /// How long a vanished publisher may take to come back before the stream ends itself.
    pub reconnect_grace: Duration,
    /// How long a request for something that is about to exist is held.
    pub hold: Duration,
    /// What becomes of the show once it was seen.
    pub record: Record,
    /// How many streams one process carries. About 37 fit one core.
    pub max_streams: usize,
    /// How many viewers of one stream get its picture by WebRTC, within a quarter of a second; 0 turns that off.
    /// The others play parts.
    pub whep_viewers: usize,
    /// Where the time of day comes from; tests set their own.
    pub wall: Wall,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            part: Duration::from_millis(200),
            segment: Duration::from_secs(2),
            window: Duration::from_secs(32),
            udp: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
            tcp_port: None,
            advertise: Vec::new(),
            start_kbps: 2500,
            max_kbps: 3000,
            reconnect_grace: Duration::from_secs(30),
            hold: Duration::from_secs(6),
            record: Record::All,
            max_streams: 64,
            whep_viewers: 100,
            wall: Wall::system(),
        }
    }
}

/// Whether streams leave a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Every closed segment goes into the store, and its playlist grows with the show.
    All,
    /// Nothing is stored or remembered beyond the live window: for a show that never ends.
    Nothing,
}

/// The time of day in Unix milliseconds.
#[derive(Clone)]
pub struct Wall(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Wall {
    /// A clock of the caller's.
    pub fn new(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Wall {
        Wall(Arc::new(now_ms))
    }

    /// The clock of this machine.
    #[expect(
        clippy::disallowed_methods,
        reason = "a library of its own has no base::Clock; callers pass theirs"
    )]
    pub fn system() -> Wall {
        Wall::new(|| jiff::Timestamp::now().as_millisecond())
    }

    /// Now, in Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl std::fmt::Debug for Wall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wall")
    }
}

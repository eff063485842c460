//! One UDP port for all publishers and viewers, and a way in by TCP where UDP is blocked.
//!
//! A browser's first packets are STUN checks whose user name begins with the fragment we put into its answer:
//! that tells the session, and the sender's address is remembered for everything that follows. Whether the
//! check is genuine is str0m's to say; a forged one only costs its sender a wrong delivery.

use std::collections::{HashMap, VecDeque};
use std::io::IoSliceMut;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use quinn_udp::{RecvMeta, UdpSocketState};
use str0m::Candidate;
use str0m::error::IceError;
use str0m::net::{Protocol, TcpType, Transmit};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use crate::{Config, Error};

mod tcp;

/// Packets that may wait for one session: two key pictures' worth. Beyond that new ones are dropped, and
/// WebRTC asks for them again.
const MAX_WAITING: usize = 1024;
/// Addresses remembered for one session (a phone changes networks); beyond that the oldest is forgotten.
const MAX_ADDRESSES: usize = 8;
/// Larger than any packet on the internet's paths.
const MAX_PACKET: usize = 2048;
/// The kernel hands over a sender's packets together, up to this.
const MAX_READ: usize = 1 << 16;
/// The most bytes sent in one call; a UDP datagram's length field ends a little above.
const MAX_TOGETHER: usize = 60_000;

/// The socket and who is behind which address. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Net {
    socket: Arc<UdpSocket>,
    offload: Arc<UdpSocketState>,
    local: SocketAddr,
    candidates: Arc<Vec<SocketAddr>>,
    tcp_port: Option<u16>,
    routes: Arc<Mutex<Routes>>,
    _reader: Arc<Reader>,
}

/// The reading task; it goes when the last user of the port goes, and the port with it.
struct Reader(tokio::task::AbortHandle);

/// Packets to be sent together, in their order.
#[derive(Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    packets: Vec<(usize, SocketAddr)>,
}

/// A packet, when it came and how.
pub(crate) struct Packet {
    pub at: Instant,
    pub way: Protocol,
    pub from: SocketAddr,
    pub data: Bytes,
}

/// A session's place in the routes; dropped, the session gets no more packets.
pub(crate) struct Place {
    net: Net,
    name: String,
    pub packets: mpsc::Receiver<Packet>,
}

#[derive(Default)]
struct Routes {
    sessions: HashMap<String, Session>,
    addresses: HashMap<SocketAddr, String>,
    connections: HashMap<SocketAddr, tcp::Back>,
}

struct Session {
    packets: mpsc::Sender<Packet>,
    addresses: VecDeque<SocketAddr>,
    connections: VecDeque<SocketAddr>,
}

impl Net {
    /// Bind the port and start reading.
    pub(crate) async fn bind(config: &Config) -> Result<Net, Error> {
        let setup = |e: std::io::Error| Error::Setup { what: "the UDP port", reason: e.to_string() };
        let socket = Arc::new(UdpSocket::bind(config.udp).await.map_err(setup)?);
        let offload = Arc::new(UdpSocketState::new((&*socket).into()).map_err(setup)?);
        let local = socket.local_addr().map_err(setup)?;
        let candidates = Arc::new(candidates(local, &config.advertise));
        let routes = Arc::default();
        let task = tokio::spawn(read(socket.clone(), offload.clone(), Arc::clone(&routes)));
        let _reader = Arc::new(Reader(task.abort_handle()));
        let tcp_port = config.tcp_port;
        Ok(Net { socket, offload, local, candidates, tcp_port, routes, _reader })
    }

    /// The bound address.
    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Addresses to write into answers. Those by TCP have a lower priority of themselves.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = Result<Candidate, IceError>> {
        let by_udp = self.candidates.iter().map(|at| Candidate::builder().udp().host(*at).build());
        let by_tcp = self.candidates.iter().filter_map(|at| {
            let at = SocketAddr::new(at.ip(), self.tcp_port?);
            Some(Candidate::builder().tcp().host(at).tcptype(TcpType::Passive).build())
        });
        by_udp.chain(by_tcp)
    }

    /// The candidate that a packet from this address is taken to have come to. One socket cannot tell, and
    /// since we only answer checks it does not matter, as long as the family is right.
    pub(crate) fn candidate_for(&self, way: Protocol, from: SocketAddr) -> SocketAddr {
        let family = |at: &&SocketAddr| at.is_ipv4() == from.is_ipv4();
        let near = |at: &&SocketAddr| at.ip().is_loopback() == from.ip().is_loopback();
        let all = self.candidates.iter();
        let best = all.clone().find(|at| family(at) && near(at)).or_else(|| all.clone().find(family));
        let best = best.copied().unwrap_or(self.local);
        match (way, self.tcp_port) {
            (Protocol::Tcp, Some(port)) => SocketAddr::new(best.ip(), port),
            _ => best,
        }
    }

    /// Make a place for a session whose answer carries this user fragment.
    pub(crate) fn place(&self, fragment: &str) -> Place {
        let (packets, receive) = mpsc::channel(MAX_WAITING);
        let session = Session { packets, addresses: VecDeque::new(), connections: VecDeque::new() };
        lock(&self.routes).sessions.insert(fragment.to_owned(), session);
        Place { net: self.clone(), name: fragment.to_owned(), packets: receive }
    }

    /// Send, or drop when the kernel's buffer is full: WebRTC expects that.
    pub(crate) fn send(&self, packet: &Transmit) {
        if packet.proto == Protocol::Tcp {
            return self.send_by_tcp(&packet.contents, packet.destination);
        }
        let to = self.mapped(packet.destination);
        if let Err(error) = self.socket.try_send_to(&packet.contents, to) {
            tracing::debug!("A packet to {to} was not sent: {error}");
        }
    }

    /// Send by TCP at once, and put into the batch what goes by UDP.
    pub(crate) fn collect(&self, packet: &Transmit, batch: &mut Batch) {
        match packet.proto {
            Protocol::Tcp => self.send_by_tcp(&packet.contents, packet.destination),
            _ => batch.add(&packet.contents, packet.destination),
        }
    }

    /// Send all of a batch, waiting while the kernel's buffer is full. Packets of one size go in one call.
    pub(crate) async fn send_all(&self, batch: &mut Batch) {
        let (mut bytes, mut packets) = (batch.bytes.as_slice(), batch.packets.as_slice());
        let most = self.offload.max_gso_segments();
        while let Some((size, to)) = packets.first() {
            let (count, length) = together(packets, most);
            let (contents, after) = bytes.split_at(length);
            (bytes, packets) = (after, &packets[count..]);
            let transmit = quinn_udp::Transmit {
                destination: self.mapped(*to),
                ecn: None,
                contents,
                segment_size: (count > 1).then_some(*size),
                src_ip: None,
            };
            let send = || self.offload.send((&*self.socket).into(), &transmit);
            if let Err(error) = self.socket.async_io(Interest::WRITABLE, send).await {
                tracing::debug!("Packets to {to} were not sent: {error}");
            }
        }
        batch.bytes.clear();
        batch.packets.clear();
    }

    fn mapped(&self, to: SocketAddr) -> SocketAddr {
        match (self.local, to.ip()) {
            (SocketAddr::V6(_), IpAddr::V4(ip)) => (ip.to_ipv6_mapped(), to.port()).into(),
            _ => to,
        }
    }
}

impl Batch {
    pub(crate) fn add(&mut self, data: &[u8], to: SocketAddr) {
        self.bytes.extend_from_slice(data);
        self.packets.push((data.len(), to));
    }
}

/// How many packets from the first on may go in one call, and their bytes: all of one size and to one
/// address; the last may be smaller.
fn together(packets: &[(usize, SocketAddr)], most: usize) -> (usize, usize) {
    let Some(&(size, to)) = packets.first() else { return (0, 0) };
    let (mut count, mut length) = (0, 0);
    for &(next, address) in packets.iter().take(most.max(1)) {
        if count > 0 && (next > size || address != to || length + next > MAX_TOGETHER) {
            break;
        }
        (count, length) = (count + 1, length + next);
        if next < size {
            break;
        }
    }
    (count, length)
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut routes = lock(&self.net.routes);
        let Some(session) = routes.sessions.remove(&self.name) else { return };
        session.addresses.iter().for_each(|address| _ = routes.addresses.remove(address));
        session.connections.iter().for_each(|address| _ = routes.connections.remove(address));
    }
}

impl Routes {
    fn find(&mut self, from: SocketAddr, data: &[u8]) -> Option<&Session> {
        if let Some(fragment) = stun_user(data) {
            self.learn(from, fragment);
        }
        self.sessions.get(self.addresses.get(&from)?)
    }

    fn learn(&mut self, from: SocketAddr, fragment: &str) {
        if self.addresses.get(&from).is_some_and(|known| known == fragment) {
            return;
        }
        let Some(session) = self.sessions.get_mut(fragment) else { return };
        session.addresses.push_back(from);
        let oldest =
            (session.addresses.len() > MAX_ADDRESSES).then(|| session.addresses.pop_front()).flatten();
        if let Some(oldest) = oldest {
            self.addresses.remove(&oldest);
        }
        self.addresses.insert(from, fragment.to_owned());
    }
}

async fn read(socket: Arc<UdpSocket>, offload: Arc<UdpSocketState>, routes: Arc<Mutex<Routes>>) {
    let mut buffer = vec![0; MAX_READ];
    let mut about = [RecvMeta::default()];
    loop {
        let read =
            || offload.recv((&*socket).into(), &mut [IoSliceMut::new(&mut buffer)], &mut about).map(drop);
        if socket.async_io(Interest::READABLE, read).await.is_err() {
            continue;
        }
        let [RecvMeta { addr, len, stride, .. }] = about;
        let from = SocketAddr::new(addr.ip().to_canonical(), addr.port());
        let mut routes = lock(&routes);
        for data in buffer[..len].chunks(stride.max(1)).filter(|data| data.len() <= MAX_PACKET) {
            let Some(session) = routes.find(from, data) else { continue };
            let packet =
                Packet { at: Instant::now(), way: Protocol::Udp, from, data: Bytes::copy_from_slice(data) };
            if session.packets.try_send(packet).is_err() {
                tracing::debug!("A packet from {from} was dropped: its session is busy");
            }
        }
    }
}

/// The part of a STUN check's user name that we chose.
pub(crate) fn stun_user(data: &[u8]) -> Option<&str> {
    const BINDING_REQUEST: &[u8] = &[0, 1];
    const COOKIE: &[u8] = &[0x21, 0x12, 0xa4, 0x42];
    const USERNAME: u16 = 6;
    if data.get(..2)? != BINDING_REQUEST || data.get(4..8)? != COOKIE {
        return None;
    }
    let mut rest = data.get(20..)?;
    while let Some((head, after)) = rest.split_first_chunk::<4>() {
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = after.get(..length)?;
        if kind == USERNAME {
            return std::str::from_utf8(value).ok()?.split(':').next();
        }
        rest = after.get(length.next_multiple_of(4)..)?;
    }
    None
}

fn candidates(local: SocketAddr, advertise: &[IpAddr]) -> Vec<SocketAddr> {
    let ips = match (advertise, local.ip()) {
        ([], ip) if !ip.is_unspecified() => vec![ip],
        ([], _) => own_addresses(),
        (ips, _) => ips.to_vec(),
    };
    ips.into_iter().map(|ip| SocketAddr::new(ip, local.port())).collect()
}

/// The address the system would use towards the internet (no packet is sent to ask), and loopback.
fn own_addresses() -> Vec<IpAddr> {
    let towards = |from: IpAddr, to: IpAddr| {
        let socket = std::net::UdpSocket::bind((from, 0)).ok()?;
        socket.connect((to, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
    };
    let documentation = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let documentation_v6 = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
    let mut ips: Vec<IpAddr> = towards(Ipv4Addr::UNSPECIFIED.into(), documentation).into_iter().collect();
    ips.extend(towards(Ipv6Addr::UNSPECIFIED.into(), documentation_v6));
    if !ips.contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)) {
        ips.push(Ipv4Addr::LOCALHOST.into());
    }
    ips
}

fn lock(routes: &Mutex<Routes>) -> MutexGuard<'_, Routes> {
    routes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(user: &str) -> Vec<u8> {
        let mut data = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        data.extend([7; 12]);
        data.extend([0x80, 0x22, 0, 2, 9, 9, 0, 0]);
        data.extend([0, 6, 0, user.len() as u8]);
        data.extend(user.as_bytes());
        data
    }

    #[test]
    fn a_check_names_its_session() {
        assert_eq!(stun_user(&check("ours:theirs")), Some("ours"));
        assert_eq!(stun_user(&[0x16, 0xfe, 0xff]), None);
    }

    #[test]
    fn a_session_keeps_few_addresses() {
        let mut routes = Routes::default();
        let (packets, _receive) = mpsc::channel(1);
        let session = Session { packets, addresses: VecDeque::new(), connections: VecDeque::new() };
        routes.sessions.insert("ours".into(), session);
        for port in 1..100 {
            assert!(routes.find(([10, 0, 0, 1], port).into(), &check("ours:x")).is_some());
        }
        assert_eq!(routes.addresses.len(), MAX_ADDRESSES);
        assert!(routes.find(([10, 0, 0, 1], 1).into(), b"media").is_none());
        assert!(routes.find(([10, 0, 0, 1], 99).into(), b"media").is_some());
    }

    proptest! {
        #[test]
        fn no_packet_makes_it_panic(data in proptest::collection::vec(any::<u8>(), 0..100), cut in 0usize..60) {
            stun_user(&data);
            let check = check("abc:def");
            stun_user(&check[..cut.min(check.len())]);
        }
    }
}

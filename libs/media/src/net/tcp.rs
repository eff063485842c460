//! WebRTC over TCP, for a phone whose network lets no UDP out (RFC 6544). The phone connects, and every packet has its
//! length in two bytes in front (RFC 4571).
//!
//! The first packet must be a check that names a session, as over UDP; until then nothing is kept of a connection but
//! that packet. Whoever does not read what is sent loses packets, and then the connection.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use str0m::net::Protocol;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{MAX_PACKET, Net, Packet, Routes, lock, stun_user};

/// How long the first packet may take.
const FIRST_WITHIN: Duration = Duration::from_secs(10);
/// Browsers check every few seconds: a connection without a packet for this long is over.
const SILENT_FOR: Duration = Duration::from_secs(30);
/// Nobody has read for this long: nobody will.
const STUCK_FOR: Duration = Duration::from_secs(10);
/// Packets that may wait to be read by the other side; beyond that new ones are dropped, as UDP would.
const MAX_UNREAD: usize = 512;
/// Connections of one session (a phone changes networks); beyond that the oldest is closed.
const MAX_CONNECTIONS: usize = 4;
/// Bytes written in one call.
const MAX_WRITE: usize = 32 << 10;
/// Bytes read in one call.
const MAX_READ: usize = 16 << 10;

/// The way back to who connected.
pub(super) type Back = mpsc::Sender<Bytes>;

impl Net {
    /// Carry the packets of one connection, until one side is done with it.
    pub(crate) async fn take_tcp<I: AsyncRead + AsyncWrite>(&self, io: I, from: SocketAddr) {
        let (read, write) = tokio::io::split(io);
        let mut read = BufReader::with_capacity(MAX_READ, read);
        let Ok(Some(first)) = timeout(FIRST_WITHIN, next(&mut read)).await else { return };
        let Some((session, back, packets)) = lock(&self.routes).connect(from, &first) else {
            tracing::debug!("A connection from {from} names no session");
            return;
        };
        tokio::select! {
            () = carry(read, first, from, session) => {}
            () = write_all(write, packets) => {}
        }
        if let Some(back) = back.upgrade() {
            lock(&self.routes).disconnect(from, &back);
        }
    }

    pub(super) fn send_by_tcp(&self, data: &[u8], to: SocketAddr) {
        let sent = match lock(&self.routes).connections.get(&to) {
            Some(back) => back.try_send(Bytes::copy_from_slice(data)).is_ok(),
            None => false,
        };
        if !sent {
            tracing::debug!("A packet to {to} was dropped: its connection is busy or gone");
        }
    }
}

impl Routes {
    /// The session that a first packet names, and a way back to its sender. Only the routes hold that open: when the
    /// session is over, so is the writing, and with it the connection.
    fn connect(
        &mut self,
        from: SocketAddr,
        first: &[u8],
    ) -> Option<(mpsc::Sender<Packet>, mpsc::WeakSender<Bytes>, mpsc::Receiver<Bytes>)> {
        let session = self.sessions.get_mut(stun_user(first)?)?;
        session.connections.push_back(from);
        let oldest =
            (session.connections.len() > MAX_CONNECTIONS).then(|| session.connections.pop_front()).flatten();
        let packets = session.packets.clone();
        if let Some(oldest) = oldest {
            self.connections.remove(&oldest);
        }
        let (back, receive) = mpsc::channel(MAX_UNREAD);
        let weak = back.downgrade();
        self.connections.insert(from, back);
        Some((packets, weak, receive))
    }

    fn disconnect(&mut self, from: SocketAddr, back: &Back) {
        if self.connections.get(&from).is_some_and(|now| now.same_channel(back)) {
            self.connections.remove(&from);
            self.sessions.values_mut().for_each(|session| session.connections.retain(|at| *at != from));
        }
    }
}

async fn carry(
    mut read: impl AsyncRead + Unpin,
    first: Bytes,
    from: SocketAddr,
    session: mpsc::Sender<Packet>,
) {
    let mut data = first;
    loop {
        // A busy session is waited for: TCP slows its sender down.
        let packet = Packet { at: Instant::now(), way: Protocol::Tcp, from, data };
        if session.send(packet).await.is_err() {
            return;
        }
        data = match timeout(SILENT_FOR, next(&mut read)).await {
            Ok(Some(next)) => next,
            _ => return,
        };
    }
}

/// The next packet; `None` when there is none or it is too large to be one. Empty ones only keep a connection open.
async fn next(read: &mut (impl AsyncRead + Unpin)) -> Option<Bytes> {
    let mut data = [0; MAX_PACKET];
    loop {
        let length = usize::from(read.read_u16().await.ok()?);
        let data = data.get_mut(..length)?;
        if length > 0 {
            read.read_exact(data).await.ok()?;
            return Some(Bytes::copy_from_slice(data));
        }
    }
}

async fn write_all(mut write: impl AsyncWrite + Unpin, mut packets: mpsc::Receiver<Bytes>) {
    let mut buffer = Vec::with_capacity(MAX_WRITE + MAX_PACKET);
    while let Some(packet) = packets.recv().await {
        buffer.clear();
        put(&mut buffer, &packet);
        while buffer.len() < MAX_WRITE
            && let Ok(packet) = packets.try_recv()
        {
            put(&mut buffer, &packet);
        }
        let written = async {
            write.write_all(&buffer).await?;
            write.flush().await
        };
        let Ok(Ok(())) = timeout(STUCK_FOR, written).await else { return };
    }
}

fn put(buffer: &mut Vec<u8>, packet: &[u8]) {
    let Ok(length) = u16::try_from(packet.len()) else { return };
    buffer.extend_from_slice(&length.to_be_bytes());
    buffer.extend_from_slice(packet);
}

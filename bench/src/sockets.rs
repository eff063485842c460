//! Thousands of listening WebSockets on one thread, by epoll: cheap enough to share the machine with the server.
//!
//! Only what the bench needs of RFC 6455: the handshake, whole frames, pongs. A message of the bench carries the
//! time it was due in its text; everything else that the room says is passed over.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, bail};
use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, CreateFlags, EventData, EventFlags},
    },
};

use crate::{histogram::Histogram, processor};

/// Stands before the time in the text of every message of the bench.
pub(crate) const MARK: &str = "bench ";
/// Digits of the time after the mark, in microseconds.
pub(crate) const DIGITS: usize = 16;
/// How long the thread sleeps when nothing comes, before it looks whether it is over.
const NAP: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// The server may need a moment for a handshake while it takes thousands.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(20);
const PING: u8 = 0x89;
const TEXT: u8 = 0x81;

/// What all sockets heard together.
pub(crate) struct Heard {
    /// From the moment a message was due to be written to its arrival, for each delivery.
    pub(crate) delays: Histogram,
    /// Bytes of one message on the wire, as it came last.
    pub(crate) message_bytes: usize,
    /// Sockets that the server closed.
    pub(crate) closed: usize,
}

/// Sockets that listen to one room.
pub(crate) struct Sockets {
    all: Vec<Socket>,
}

struct Socket {
    stream: TcpStream,
    /// The beginning of a frame whose end has not come yet.
    rest: Vec<u8>,
}

impl Sockets {
    /// Opens them one after the other.
    pub(crate) fn open(address: SocketAddr, path: &str, count: usize) -> anyhow::Result<Sockets> {
        let all = (0..count)
            .map(|index| handshake(address, path).with_context(|| format!("socket {index}")))
            .collect::<anyhow::Result<_>>()?;
        Ok(Sockets { all })
    }

    /// Listens until it is over and nothing more comes.
    pub(crate) fn listen(mut self, over: &AtomicBool) -> anyhow::Result<Heard> {
        let poll = epoll::create(CreateFlags::CLOEXEC)?;
        for (index, socket) in self.all.iter().enumerate() {
            let flags = EventFlags::IN | EventFlags::ET;
            epoll::add(&poll, &socket.stream, EventData::new_u64(index as u64), flags)?;
        }
        let mut heard = Heard { delays: Histogram::new(), message_bytes: 0, closed: 0 };
        let mut buffer = vec![0; 256 * 1024];
        let mut events = Vec::with_capacity(1_024);
        // Where the mark stood in the message before: nearly always where it stands in the next.
        let mut usual = 0;
        loop {
            events.clear();
            let count = epoll::wait(&poll, spare_capacity(&mut events), Some(&NAP))?;
            if count == 0 && over.load(Ordering::Relaxed) {
                return Ok(heard);
            }
            for event in &events {
                let socket = &mut self.all[event.data.u64() as usize];
                socket.read(&mut buffer, &mut usual, &mut heard)?;
            }
        }
    }
}

fn handshake(address: SocketAddr, path: &str) -> anyhow::Result<Socket> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(HANDSHAKE_WITHIN))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\nupgrade: websocket\r\n\
         connection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )?;
    let (mut answer, mut chunk) = (Vec::new(), [0; 4_096]);
    let end = loop {
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            bail!("closed during the handshake");
        }
        answer.extend_from_slice(&chunk[..read]);
        if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    if !answer.starts_with(b"HTTP/1.1 101") {
        bail!("refused: {}", String::from_utf8_lossy(&answer));
    }
    stream.set_nonblocking(true)?;
    Ok(Socket { stream, rest: answer.split_off(end) })
}

impl Socket {
    /// Reads all there is, as edge-triggered polling asks for.
    fn read(&mut self, buffer: &mut [u8], usual: &mut usize, heard: &mut Heard) -> anyhow::Result<()> {
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => {
                    heard.closed += 1;
                    return Ok(());
                }
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    heard.closed += 1;
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            };
            let now = processor::now_us();
            let mut pings = 0;
            if self.rest.is_empty() {
                let used = frames(&buffer[..read], now, usual, heard, &mut pings);
                self.rest.extend_from_slice(&buffer[used..read]);
            } else {
                self.rest.extend_from_slice(&buffer[..read]);
                let used = frames(&self.rest, now, usual, heard, &mut pings);
                self.rest.drain(..used);
            }
            for _ in 0..pings {
                // An empty pong with a zero mask.
                self.stream.write_all(&[0x8a, 0x80, 0, 0, 0, 0])?;
            }
        }
    }
}

/// Goes through the whole frames in `bytes` and tells where the first half one begins.
fn frames(bytes: &[u8], now: u64, usual: &mut usize, heard: &mut Heard, pings: &mut usize) -> usize {
    let mut at = 0;
    while let Some((head, length)) = frame_at(&bytes[at..]) {
        let Some(payload) = bytes.get(at + head..at + head + length) else { break };
        match bytes[at] {
            TEXT => {
                if let Some(due) = due(payload, usual) {
                    heard.delays.add(now.saturating_sub(due));
                    heard.message_bytes = head + length;
                }
            }
            PING => *pings += 1,
            _ => {}
        }
        at += head + length;
    }
    at
}

/// Length of the head and of the payload of the frame that begins here, when the head is whole.
fn frame_at(bytes: &[u8]) -> Option<(usize, usize)> {
    match bytes.get(1)? & 0x7f {
        126 => Some((4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)))),
        127 => Some((10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?)),
        short => Some((2, usize::from(short))),
    }
}

/// The time in a message of the bench.
fn due(payload: &[u8], usual: &mut usize) -> Option<u64> {
    let mark = MARK.as_bytes();
    if payload.get(*usual..*usual + mark.len()) != Some(mark) {
        *usual = payload.windows(mark.len()).position(|window| window == mark)?;
    }
    let start = *usual + mark.len();
    std::str::from_utf8(payload.get(start..start + DIGITS)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_frame(text: &str) -> Vec<u8> {
        let mut frame = vec![TEXT];
        if text.len() < 126 {
            frame.push(text.len() as u8);
        } else {
            frame.push(126);
            frame.extend_from_slice(&(text.len() as u16).to_be_bytes());
        }
        frame.extend_from_slice(text.as_bytes());
        frame
    }

    #[test]
    fn whole_frames_are_counted_and_half_ones_wait() {
        let mut bytes = text_frame(r#"{"type":"chat","text":"bench 0000000000001000"}"#);
        bytes.extend(text_frame(r#"{"type":"viewers","count":3}"#));
        bytes.extend([PING, 0]);
        let whole = bytes.len();
        bytes.extend(
            &text_frame(&format!(r#"{{"type":"chat","text":"bench 0000000000001000{:>200}"}}"#, ""))[..40],
        );
        let mut heard = Heard { delays: Histogram::new(), message_bytes: 0, closed: 0 };
        let (mut usual, mut pings) = (0, 0);
        assert_eq!(frames(&bytes, 3_000, &mut usual, &mut heard, &mut pings), whole);
        assert_eq!((heard.delays.total(), pings), (1, 1));
        assert_eq!(heard.delays.quantile_ms(0.5), 2.1);
    }
}

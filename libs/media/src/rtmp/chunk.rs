//! Messages in chunks, as RTMP carries them (Adobe's specification 1.0, section 5.3).
//!
//! A stranger writes these bytes: nothing is set aside for what was only announced, and whatever is begun on
//! many chunk streams at once is bounded.

use std::collections::HashMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::Broken;

/// The size of chunks before anybody says otherwise.
const FIRST_CHUNK: usize = 128;
/// Larger chunks are of no use to anybody; encoders ask for 4 to 64 KiB.
const MAX_CHUNK: usize = 1 << 24;
/// Chunk streams of one connection; encoders use four.
const MAX_STREAMS: usize = 32;
/// What one connection may have begun and not finished, all chunk streams together.
const MAX_BEGUN: usize = 8 << 20;
/// A time that does not fit into three bytes follows in four.
const EXTENDED: u32 = 0x00ff_ffff;

/// One whole message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub kind: u8,
    pub stream: u32,
    /// Milliseconds, with the wrap of 32 bits.
    pub at_ms: u32,
    pub body: Bytes,
}

/// Chunks in, messages out.
pub(super) struct Reader {
    buffer: BytesMut,
    chunk: usize,
    streams: HashMap<u32, Track>,
    begun: usize,
}

/// What later chunks of one chunk stream leave out.
#[derive(Default)]
struct Track {
    at_ms: u32,
    delta: u32,
    extended: bool,
    length: usize,
    kind: u8,
    stream: u32,
    body: BytesMut,
}

/// The head of one chunk.
struct Head {
    format: u8,
    id: u32,
    size: usize,
}

impl Reader {
    pub(super) fn new() -> Reader {
        Reader { buffer: BytesMut::new(), chunk: FIRST_CHUNK, streams: HashMap::new(), begun: 0 }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(super) fn set_chunk(&mut self, size: u32) -> Result<(), Broken> {
        let size = size as usize;
        if !(1..=MAX_CHUNK).contains(&size) {
            return Err(Broken::Protocol("a chunk size out of bounds"));
        }
        self.chunk = size;
        Ok(())
    }

    /// The next message that is complete; `None`: more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Broken> {
        while let Some(head) = head(&self.buffer) {
            match self.chunk(&head)? {
                Chunk::Short => return Ok(None),
                Chunk::Part => {}
                Chunk::Last(message) => return Ok(Some(message)),
            }
        }
        Ok(None)
    }

    fn chunk(&mut self, head: &Head) -> Result<Chunk, Broken> {
        let Some(mut rest) = self.buffer.get(head.size..) else { return Ok(Chunk::Short) };
        let known = self.streams.get(&head.id);
        if known.is_none() && (head.format != 0 || self.streams.len() >= MAX_STREAMS) {
            return Err(Broken::Protocol("a chunk of a stream that never began"));
        }
        let goes_on = known.is_some_and(|track| !track.body.is_empty());
        if goes_on && head.format != 3 {
            return Err(Broken::Protocol("a message that was never finished"));
        }
        let fields = [11, 7, 3, 0][usize::from(head.format)];
        if rest.len() < fields {
            return Ok(Chunk::Short);
        }
        let mut next = known.map(Track::header).unwrap_or_default();
        let mut said = next.delta;
        if head.format < 3 {
            said = rest.get_uint(3) as u32;
            next.extended = said == EXTENDED;
        }
        if head.format < 2 {
            next.length = rest.get_uint(3) as usize;
            next.kind = rest.get_u8();
        }
        if head.format == 0 {
            next.stream = rest.get_u32_le();
        }
        let mut used = head.size + fields;
        if next.extended {
            if rest.len() < 4 {
                return Ok(Chunk::Short);
            }
            let full = rest.get_u32();
            // What goes on repeats the time of its beginning.
            said = if goes_on { said } else { full };
            used += 4;
        }
        let done = known.map_or(0, |track| track.body.len());
        let size = next.length.saturating_sub(done).min(self.chunk);
        if rest.len() < size {
            return Ok(Chunk::Short);
        }
        if !goes_on {
            next.delta = said;
            next.at_ms = if head.format == 0 { said } else { next.at_ms.wrapping_add(said) };
        }
        self.take(head.id, next, used, size)
    }

    fn take(&mut self, id: u32, next: Track, used: usize, size: usize) -> Result<Chunk, Broken> {
        self.buffer.advance(used);
        let payload = self.buffer.split_to(size);
        let track = self.streams.entry(id).or_default();
        let body = std::mem::take(&mut track.body);
        *track = Track { body, ..next };
        if track.body.is_empty() && size == track.length {
            return Ok(Chunk::Last(track.message(payload.freeze())));
        }
        self.begun += size;
        if self.begun > MAX_BEGUN {
            return Err(Broken::Protocol("more begun than one connection may"));
        }
        track.body.extend_from_slice(&payload);
        if track.body.len() < track.length {
            return Ok(Chunk::Part);
        }
        let body = track.body.split().freeze();
        self.begun -= body.len();
        Ok(Chunk::Last(track.message(body)))
    }
}

enum Chunk {
    Short,
    Part,
    Last(Message),
}

impl Track {
    /// The same without what was begun.
    fn header(&self) -> Track {
        Track { body: BytesMut::new(), ..*self }
    }

    fn message(&self, body: Bytes) -> Message {
        Message { kind: self.kind, stream: self.stream, at_ms: self.at_ms, body }
    }
}

fn head(bytes: &[u8]) -> Option<Head> {
    let first = *bytes.first()?;
    let format = first >> 6;
    Some(match first & 0x3f {
        0 => Head { format, id: u32::from(*bytes.get(1)?) + 64, size: 2 },
        1 => {
            let (low, high) = (*bytes.get(1)?, *bytes.get(2)?);
            Head { format, id: u32::from(high) * 256 + u32::from(low) + 64, size: 3 }
        }
        id => Head { format, id: id.into(), size: 1 },
    })
}

/// One message, in chunks of the size a receiver expects from the first.
pub(super) fn write(out: &mut BytesMut, id: u8, kind: u8, stream: u32, body: &[u8]) {
    out.put_u8(id);
    out.put_uint(0, 3);
    out.put_uint(body.len() as u64, 3);
    out.put_u8(kind);
    out.put_u32_le(stream);
    for (n, part) in body.chunks(FIRST_CHUNK).enumerate() {
        if n > 0 {
            out.put_u8(0xc0 | id);
        }
        out.put_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(reader: &mut Reader) -> Vec<Message> {
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    #[test]
    fn what_is_written_is_read_whatever_the_cuts() {
        let body: Vec<u8> = (0..1000u32).map(|n| n as u8).collect();
        let mut out = BytesMut::new();
        write(&mut out, 3, 20, 1, &body);
        write(&mut out, 3, 20, 1, &body[..128]);
        for cut in [1, 7, 130, 5000] {
            let mut reader = Reader::new();
            let mut messages = Vec::new();
            for part in out.chunks(cut) {
                reader.push(part);
                messages.extend(all(&mut reader));
            }
            let bodies: Vec<_> = messages.iter().map(|message| message.body.clone()).collect();
            assert_eq!(bodies, [&body[..], &body[..128]]);
        }
    }

    #[test]
    fn messages_of_two_chunk_streams_may_alternate_and_times_add_up() {
        let mut reader = Reader::new();
        let full = |id: u8, at: u32, kind: u8, part: &[u8]| {
            let mut out = vec![id];
            out.extend(&at.to_be_bytes()[1..]);
            out.extend([0, 0, 200, kind, 1, 0, 0, 0]);
            out.extend(part);
            out
        };
        reader.push(&full(4, 1000, 9, &[1; 128]));
        reader.push(&full(5, 990, 8, &[2; 128]));
        reader.push(&[&[0xc4][..], &[1; 72]].concat());
        reader.push(&[&[0xc5][..], &[2; 72]].concat());
        // Only the time since the one before.
        reader.push(&[&[0x84, 0, 0, 33][..], &[3; 128]].concat());
        reader.push(&[&[0xc4][..], &[3; 72]].concat());
        // Nothing at all: the same time again.
        reader.push(&[&[0xc4][..], &[4; 128]].concat());
        reader.push(&[&[0xc4][..], &[4; 72]].concat());
        let seen: Vec<_> =
            all(&mut reader).iter().map(|m| (m.kind, m.at_ms, m.body.len(), m.body[0])).collect();
        assert_eq!(seen, [(9, 1000, 200, 1), (8, 990, 200, 2), (9, 1033, 200, 3), (9, 1066, 200, 4)]);
    }

    #[test]
    fn a_time_that_needs_four_bytes_is_read() {
        let mut reader = Reader::new();
        reader.push(&[4, 255, 255, 255, 0, 0, 130, 9, 1, 0, 0, 0, 1, 2, 3, 4]);
        reader.push(&[7; 128]);
        reader.push(&[0xc4, 1, 2, 3, 4, 7, 7]);
        let message = reader.next().unwrap().unwrap();
        assert_eq!((message.at_ms, message.body.len()), (0x0102_0304, 130));
    }

    #[test]
    fn whoever_begins_much_and_finishes_nothing_is_cut_off() {
        let mut reader = Reader::new();
        reader.set_chunk(1 << 20).unwrap();
        let mut refused = false;
        for id in 2..20u8 {
            let mut chunk = vec![id, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0];
            chunk.resize(12 + (1 << 20), 0);
            reader.push(&chunk);
            refused |= reader.next().is_err();
        }
        assert!(refused);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
            cut in 1usize..100,
            chunk in 1u32..300,
        ) {
            let mut reader = Reader::new();
            reader.set_chunk(chunk).unwrap();
            for part in bytes.chunks(cut) {
                reader.push(part);
                while let Ok(Some(message)) = reader.next() {
                    prop_assert!(message.body.len() <= bytes.len());
                }
            }
        }
    }
}

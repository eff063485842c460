//! The parsers that strangers reach, opened for `fuzz/` alone.

use bytes::Bytes;

use crate::h264::Reader;
use crate::{Clip, fmp4, net, offer, recording, rtmp};

/// What an encoder sends after its handshake, whole, and cut where `cut` says.
pub fn rtmp(bytes: &[u8], cut: usize) {
    rtmp::read_all(bytes, cut.clamp(1, 4096));
}

/// Access units, and the parameter sets before them.
pub fn picture(bytes: &[u8]) {
    let mut reader = Reader::default();
    let (sets, unit) = bytes.split_at(bytes.len() / 3);
    let (sps, pps) = sets.split_at(sets.len() / 2);
    reader.learn(vec![Bytes::copy_from_slice(sps)], vec![Bytes::copy_from_slice(pps)]);
    reader.annexb(unit);
    reader.prefixed(unit);
}

/// A datagram at the open UDP port.
pub fn datagram(bytes: &[u8]) {
    net::stun_user(bytes);
}

/// The body of a WHIP or WHEP request.
pub fn offer(text: &str) {
    offer::read(text);
}

/// A film for the demo, and segments and playlists as a store gives them back after a crash.
pub fn stored(bytes: &[u8]) {
    let _ = Clip::read(Bytes::copy_from_slice(bytes));
    fmp4::measure(bytes);
    recording::Book::read(&String::from_utf8_lossy(bytes));
}

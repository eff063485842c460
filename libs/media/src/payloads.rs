//! A picture cut into RTP payloads (RFC 6184, packetization mode 1), once for all viewers.

use std::sync::Arc;

/// Largest payload: with headers, retransmission and encryption it stays below 1,200 bytes, which every path
/// carries.
pub(crate) const MAX_PAYLOAD: usize = 1_150;

const TOGETHER: u8 = 24;
const FRAGMENT: u8 = 28;
const FIRST: u8 = 0x80;
const LAST: u8 = 0x40;

/// The payloads of one picture whose units have four-byte lengths in front. All but the last of a large
/// unit's are of one size, so that the kernel may send them in one call.
pub(crate) fn cut(picture: &[u8]) -> Vec<Arc<[u8]>> {
    let (mut payloads, mut small) = (Vec::new(), Vec::new());
    for unit in crate::h264::prefixed(picture) {
        let room = MAX_PAYLOAD - together_size(&small);
        if unit.len() + 2 > room {
            flush(&mut small, &mut payloads);
        }
        if unit.len() + 3 > MAX_PAYLOAD {
            fragment(unit, &mut payloads);
        } else {
            small.push(unit);
        }
    }
    flush(&mut small, &mut payloads);
    payloads
}

fn together_size(units: &[&[u8]]) -> usize {
    1 + units.iter().map(|unit| unit.len() + 2).sum::<usize>()
}

/// Small units (parameter sets, thin slices) share a payload.
fn flush(units: &mut Vec<&[u8]>, payloads: &mut Vec<Arc<[u8]>>) {
    match units.as_slice() {
        [] => {}
        [unit] => payloads.push(Arc::from(*unit)),
        _ => {
            let importance = units.iter().map(|unit| unit[0] & 0x60).max().unwrap_or_default();
            let mut payload = Vec::with_capacity(together_size(units));
            payload.push(importance | TOGETHER);
            for unit in units.iter() {
                payload.extend((unit.len() as u16).to_be_bytes());
                payload.extend_from_slice(unit);
            }
            payloads.push(payload.into());
        }
    }
    units.clear();
}

/// A large unit goes in pieces; its header byte is split over two in front of each.
fn fragment(unit: &[u8], payloads: &mut Vec<Arc<[u8]>>) {
    let (header, body) = (unit[0], &unit[1..]);
    let pieces = body.chunks(MAX_PAYLOAD - 2);
    let last = pieces.len() - 1;
    for (n, piece) in pieces.enumerate() {
        let first = if n == 0 { FIRST } else { 0 };
        let end = if n == last { LAST } else { 0 };
        let mut payload = Vec::with_capacity(piece.len() + 2);
        payload.extend([header & 0x60 | FRAGMENT, first | end | header & 0x1f]);
        payload.extend_from_slice(piece);
        payloads.push(payload.into());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a receiver makes of the payloads: the units again.
    fn join(payloads: &[Arc<[u8]>]) -> Vec<Vec<u8>> {
        let mut units: Vec<Vec<u8>> = Vec::new();
        for payload in payloads {
            assert!(payload.len() <= MAX_PAYLOAD);
            match payload[0] & 0x1f {
                TOGETHER => {
                    let mut rest = &payload[1..];
                    while let Some((length, after)) = rest.split_first_chunk::<2>() {
                        let (unit, after) = after.split_at(u16::from_be_bytes(*length).into());
                        units.push(unit.to_vec());
                        rest = after;
                    }
                }
                FRAGMENT => {
                    if payload[1] & FIRST != 0 {
                        units.push(vec![payload[0] & 0x60 | payload[1] & 0x1f]);
                    }
                    units.last_mut().unwrap().extend(&payload[2..]);
                }
                _ => units.push(payload.to_vec()),
            }
        }
        units
    }

    proptest! {
        #[test]
        fn a_picture_survives_the_cut(
            sizes in proptest::collection::vec(prop_oneof![0usize..40, 1100usize..1200, 2000usize..5000], 0..6)
        ) {
            let units: Vec<Vec<u8>> =
                sizes.iter().map(|size| (0..=*size).map(|at| if at == 0 { 0x65 } else { at as u8 }).collect()).collect();
            let mut picture = Vec::new();
            for unit in &units {
                picture.extend((unit.len() as u32).to_be_bytes());
                picture.extend(unit);
            }
            prop_assert_eq!(join(&cut(&picture)), units);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            cut(&bytes);
        }
    }
}

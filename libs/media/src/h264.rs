//! H.264 as it comes from a publisher: pictures cut out of a byte stream, and what their parameter sets say.
//!
//! Everything here reads bytes a stranger sent, so nothing indexes without a check and nothing panics: a
//! picture that makes no sense is dropped, and the next key picture starts afresh.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::nal::{Nal, RefNal};

/// Larger pictures than this are dropped: ten times a key picture of 720p at the bit rates we ask for.
const MAX_PICTURE: usize = 4 << 20;
/// More parameter sets than this in one picture are ignored; encoders of phones send one of each.
const MAX_SETS: usize = 8;
/// Wider or higher pictures than this are refused; Level 5.2 ends at 4096×2304.
const MAX_SIDE: u32 = 4096;

const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const DELIMITER: u8 = 9;
const FILLER: u8 = 12;

/// What a decoder must know before the first picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub sps: Vec<Bytes>,
    pub pps: Vec<Bytes>,
    pub width: u16,
    pub height: u16,
}

/// One coded picture, its units prefixed by their lengths as MP4 wants them.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub data: Bytes,
    pub key: bool,
    /// How much later than its turn to be decoded it is shown, in 90 kHz ticks: not nothing around B-frames.
    pub offset: i32,
    pub parameters: Arc<Parameters>,
}

/// Turns access units into pictures, remembering the parameter sets last seen.
#[derive(Default)]
pub(crate) struct Reader {
    current: Option<Arc<Parameters>>,
}

impl Reader {
    /// One access unit in Annex B form. `None` when nothing in it can be shown yet.
    pub(crate) fn annexb(&mut self, unit: &[u8]) -> Option<Picture> {
        self.read(split(unit), unit.len())
    }

    /// One access unit whose parts have four-byte lengths, as in MP4.
    pub(crate) fn prefixed(&mut self, unit: &[u8]) -> Option<Picture> {
        self.read(prefixed(unit), unit.len())
    }

    /// Learn parameter sets sent outside the pictures (an MP4's `avcC`).
    pub(crate) fn learn(&mut self, sps: Vec<Bytes>, pps: Vec<Bytes>) -> bool {
        self.current = Parameters::read(sps, pps).map(Arc::new).or(self.current.take());
        self.current.is_some()
    }

    fn read<'a>(&mut self, nals: impl Iterator<Item = &'a [u8]>, size: usize) -> Option<Picture> {
        if size > MAX_PICTURE {
            return None;
        }
        let mut data = BytesMut::with_capacity(size + 64);
        let (mut sps, mut pps) = (Vec::new(), Vec::new());
        let (mut key, mut shown) = (false, false);
        for nal in nals {
            match nal.first().map_or(0, |header| header & 0x1f) {
                0 | DELIMITER | FILLER => continue,
                SPS if sps.len() < MAX_SETS => sps.push(Bytes::copy_from_slice(nal)),
                PPS if pps.len() < MAX_SETS => pps.push(Bytes::copy_from_slice(nal)),
                IDR => (key, shown) = (true, true),
                1..=4 => shown = true,
                _ => {}
            }
            put(&mut data, nal);
        }
        if !shown {
            self.learn_if_whole(sps, pps);
            return None;
        }
        let in_band = !sps.is_empty() && !pps.is_empty();
        if key && in_band {
            self.learn_if_whole(sps, pps);
        }
        let parameters = self.current.clone()?;
        let data = if key && !in_band { parameters.before(&data) } else { data.freeze() };
        Some(Picture { data, key, offset: 0, parameters })
    }

    fn learn_if_whole(&mut self, sps: Vec<Bytes>, pps: Vec<Bytes>) {
        let known = self.current.as_ref().is_some_and(|now| now.sps == sps && now.pps == pps);
        if !known && !sps.is_empty() && !pps.is_empty() {
            self.learn(sps, pps);
        }
    }
}

impl Parameters {
    fn read(sps: Vec<Bytes>, pps: Vec<Bytes>) -> Option<Parameters> {
        let first = sps.first()?;
        if first.len() < 4 || pps.first()?.is_empty() {
            return None;
        }
        let parsed = SeqParameterSet::from_bits(RefNal::new(first, &[], true).rbsp_bits()).ok()?;
        let (width, height) = parsed.pixel_dimensions().ok()?;
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
            return None;
        }
        Some(Parameters { width: width as u16, height: height as u16, sps, pps })
    }

    /// The codec as MIME types name it.
    pub(crate) fn codec(&self) -> String {
        let sps = &self.sps[0];
        format!("avc1.{:02X}{:02X}{:02X}", sps[1], sps[2], sps[3])
    }

    /// A key picture with the sets in front: decoders that missed an init segment (ffmpeg's HLS reader after a
    /// change of size) find them there.
    fn before(&self, picture: &[u8]) -> Bytes {
        let mut data = BytesMut::with_capacity(picture.len() + 128);
        self.sps.iter().chain(&self.pps).for_each(|nal| put(&mut data, nal));
        data.put_slice(picture);
        data.freeze()
    }
}

fn put(data: &mut BytesMut, nal: &[u8]) {
    data.put_u32(nal.len() as u32);
    data.put_slice(nal);
}

/// The units between start codes.
fn split(unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start(unit);
    std::iter::from_fn(move || {
        let unit = rest?;
        let end = find_start(unit).unwrap_or(unit.len());
        rest = after_start(&unit[end..]);
        let mut nal = &unit[..end];
        while let [before @ .., 0] = nal {
            nal = before;
        }
        Some(nal)
    })
    .filter(|nal| !nal.is_empty())
}

fn find_start(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|window| window == [0, 0, 1])
}

fn after_start(bytes: &[u8]) -> Option<&[u8]> {
    find_start(bytes).map(|at| &bytes[at + 3..])
}

/// The units behind four-byte lengths; stops at the first length that leads outside.
pub(crate) fn prefixed(mut unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = unit.split_first_chunk::<4>()?;
        let (nal, after) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        unit = after;
        Some(nal)
    })
    .filter(|nal| !nal.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Baseline 640×360 as Chromium sends it.
    const SPS_360P: &[u8] =
        &[0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40, 0x50, 0x17, 0xfc, 0xb0, 0x0f, 0x08, 0x84, 0x6a];
    const PPS_ANY: &[u8] = &[0x68, 0xce, 0x3c, 0x80];

    fn unit(nals: &[&[u8]]) -> Vec<u8> {
        nals.iter().flat_map(|nal| [&[0, 0, 0, 1][..], nal].concat()).collect()
    }

    #[test]
    fn a_key_picture_carries_its_parameter_sets() {
        let mut reader = Reader::default();
        assert!(reader.annexb(&unit(&[&[0x41, 9, 9]])).is_none(), "nothing to decode it with");
        let key = reader.annexb(&unit(&[&[9, 16], SPS_360P, PPS_ANY, &[0x65, 1, 2, 3]])).unwrap();
        assert!(key.key);
        assert_eq!((key.parameters.width, key.parameters.height), (640, 360));
        assert_eq!(key.parameters.codec(), "avc1.42C01F");
        let nals: Vec<_> = prefixed(&key.data).collect();
        assert_eq!(nals, [SPS_360P, PPS_ANY, &[0x65, 1, 2, 3]], "the delimiter is dropped");
        let bare = reader.annexb(&unit(&[&[0x65, 7, 7]])).unwrap();
        assert_eq!(prefixed(&bare.data).count(), 3, "sets are put back in front");
        assert!(!reader.annexb(&unit(&[&[0x41, 9, 9]])).unwrap().key);
    }

    #[test]
    fn parameter_sets_may_come_ahead_of_the_picture() {
        let mut reader = Reader::default();
        assert!(reader.annexb(&unit(&[SPS_360P, PPS_ANY])).is_none());
        assert!(reader.annexb(&unit(&[&[0x65, 1]])).is_some());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut reader = Reader::default();
            reader.annexb(&bytes);
            reader.prefixed(&bytes);
        }

        #[test]
        fn no_parameter_set_makes_it_panic(
            tail in proptest::collection::vec(any::<u8>(), 0..80),
            profile in prop::sample::select(vec![66u8, 77, 88, 100, 110, 122, 244, 44, 118]),
        ) {
            let mut sps = vec![0x67, profile, 0, 31];
            sps.extend(tail);
            let _ = Parameters::read(vec![sps.into()], vec![Bytes::from_static(PPS_ANY)]);
        }

        #[test]
        fn what_was_joined_is_split_again(nals in proptest::collection::vec(
            proptest::collection::vec(1u8..=255, 1..40), 1..8))
        {
            let joined = unit(&nals.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let back: Vec<_> = split(&joined).map(<[u8]>::to_vec).collect();
            prop_assert_eq!(back, nals);
        }
    }
}

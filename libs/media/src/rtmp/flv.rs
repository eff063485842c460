//! What stands in front of each picture and each frame of sound (FLV's tags, annex E of Adobe's specification
//! 10.1, and ISO 14496-15 for the descriptions of H.264).

use bytes::{Buf, Bytes};

use super::Broken;
use crate::aac::Sound;

const AVC: u8 = 7;
const AAC: u8 = 10;
/// A frame type that is no picture but a word to players.
const COMMAND: u8 = 5;
/// Sets of parameters in one description.
const MAX_SETS: u8 = 8;
/// Further from its turn than this no picture is shown.
const MAX_OFFSET_MS: i32 = 2_000;

/// A video message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Video {
    /// What a decoder must know first.
    Parameters { sps: Vec<Bytes>, pps: Vec<Bytes> },
    /// A picture, and how much later than its turn it is shown.
    Picture { offset_ms: i32, unit: Bytes },
    /// A word to players.
    Nothing,
}

/// An audio message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Audio {
    Description(Sound),
    Frame(Bytes),
    Nothing,
}

pub(super) fn video(mut tag: Bytes) -> Result<Video, Broken> {
    let Some(first) = tag.first().copied() else { return Ok(Video::Nothing) };
    // Enhanced RTMP sets the highest bit and names a newer codec.
    if first & 0x80 != 0 || first & 0x0f != AVC {
        return Err(Broken::Codec("the picture must be H.264"));
    }
    if first >> 4 == COMMAND || tag.len() < 5 {
        return Ok(Video::Nothing);
    }
    let kind = tag[1];
    let offset = (i32::from(tag[2] as i8) << 16) | (i32::from(tag[3]) << 8) | i32::from(tag[4]);
    tag.advance(5);
    match kind {
        0 => parameters(&tag).ok_or(Broken::Codec("its parameter sets cannot be read")),
        1 => Ok(Video::Picture { offset_ms: offset.clamp(-MAX_OFFSET_MS, MAX_OFFSET_MS), unit: tag }),
        _ => Ok(Video::Nothing),
    }
}

/// An `AVCDecoderConfigurationRecord` whose pictures have four-byte lengths.
fn parameters(record: &[u8]) -> Option<Video> {
    let mut rest = record.get(4..)?;
    if rest.try_get_u8().ok()? & 3 != 3 {
        return None;
    }
    let count = rest.try_get_u8().ok()? & 0x1f;
    let sps = sets(&mut rest, count)?;
    let count = rest.try_get_u8().ok()?;
    let pps = sets(&mut rest, count)?;
    Some(Video::Parameters { sps, pps })
}

fn sets(rest: &mut &[u8], count: u8) -> Option<Vec<Bytes>> {
    if count > MAX_SETS {
        return None;
    }
    let one = |_| {
        let length = rest.try_get_u16().ok()?.into();
        let (set, after) = rest.split_at_checked(length)?;
        *rest = after;
        Some(Bytes::copy_from_slice(set))
    };
    (0..count).map(one).collect()
}

pub(super) fn audio(mut tag: Bytes) -> Result<Audio, Broken> {
    let Some(first) = tag.first().copied() else { return Ok(Audio::Nothing) };
    if first >> 4 != AAC {
        return Err(Broken::Codec("the sound must be AAC"));
    }
    if tag.len() < 3 {
        return Ok(Audio::Nothing);
    }
    let kind = tag[1];
    tag.advance(2);
    match kind {
        0 => description(tag)
            .map(Audio::Description)
            .ok_or(Broken::Codec("the sound must be AAC-LC, mono or stereo, at 44.1 or 48 kHz")),
        1 => Ok(Audio::Frame(tag)),
        _ => Ok(Audio::Nothing),
    }
}

/// An `AudioSpecificConfig` (ISO 14496-3, 1.6.2.1) of what every phone plays.
fn description(config: Bytes) -> Option<Sound> {
    const LOW_COMPLEXITY: u8 = 2;
    let (first, second) = (*config.first()?, *config.get(1)?);
    let rate = match (first & 7) << 1 | second >> 7 {
        3 => 48_000,
        4 => 44_100,
        _ => return None,
    };
    let channels = second >> 3 & 0x0f;
    let short = second & 4 == 0;
    let fits = first >> 3 == LOW_COMPLEXITY && (1..=2).contains(&channels) && short && config.len() <= 64;
    fits.then_some(Sound { config, channels, rate })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_picture_has_its_place_in_time() {
        let tag = Bytes::from_static(&[0x27, 1, 0, 0, 66, 1, 2, 3]);
        let Ok(Video::Picture { offset_ms, unit }) = video(tag) else { panic!("a picture") };
        assert_eq!((offset_ms, &unit[..]), (66, &[1, 2, 3][..]));
        let early = video(Bytes::from_static(&[0x27, 1, 0xff, 0xff, 0xde, 1]));
        assert!(matches!(early, Ok(Video::Picture { offset_ms: -34, .. })));
    }

    #[test]
    fn other_codecs_are_named_and_refused() {
        assert!(matches!(video(Bytes::from_static(b"\x90hvc1")), Err(Broken::Codec(_))));
        assert!(matches!(video(Bytes::from_static(&[0x14, 0, 0, 0, 0])), Err(Broken::Codec(_))));
        assert!(matches!(audio(Bytes::from_static(&[0x2f, 0, 0])), Err(Broken::Codec(_))));
        // HE-AAC, five channels, 22.05 kHz.
        for config in [[0x2b, 0x92], [0x11, 0xa8], [0x13, 0x90]] {
            let tag = Bytes::from([&[0xaf, 0][..], &config].concat());
            assert!(matches!(audio(tag), Err(Broken::Codec(_))), "{config:?}");
        }
    }

    #[test]
    fn the_sounds_of_encoders_are_known() {
        for (config, rate, channels) in
            [([0x11, 0x90], 48_000, 2), ([0x12, 0x10], 44_100, 2), ([0x11, 0x88], 48_000, 1)]
        {
            let tag = Bytes::from([&[0xaf, 0][..], &config].concat());
            let Ok(Audio::Description(sound)) = audio(tag) else { panic!("{config:?}") };
            assert_eq!((sound.rate, sound.channels), (rate, channels));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = video(Bytes::from(bytes.clone()));
            let _ = audio(Bytes::from(bytes));
        }
    }
}

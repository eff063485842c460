//! Fragmented MP4: one init segment per set of codecs, and parts of one `moof` and one `mdat`.
//!
//! Picture and sound are muxed: half the requests of separate tracks, and legal in HLS. The box layout is
//! mp4-atom's; this file only says what goes into the boxes.

use bytes::Bytes;
use mp4_atom::{
    Any, Audio, Avc1, Avcc, AvccExt, Codec, DecodeMaybe, Dinf, Dref, DrefEntry, Encode, Esds, FourCC, Ftyp,
    Hdlr, Mdhd, Mdia, Mfhd, Minf, Moof, Moov, Mp4a, Mvex, Mvhd, Smhd, Stbl, Stco, Stsd, Tfdt, Tfhd, Tkhd,
    Traf, Trak, Trex, Trun, TrunEntry, TrunSamples, Url, Visual, Vmhd, esds,
};

use crate::aac::Sound;
use crate::h264::Parameters;

/// Ticks a second of the picture's timeline, as in RTP.
pub(crate) const VIDEO_SCALE: i64 = 90_000;
/// Ticks a second of the sound's timeline: one per sample.
pub(crate) const AUDIO_SCALE: i64 = 48_000;

pub(crate) const VIDEO_TRACK: u32 = 1;
pub(crate) const AUDIO_TRACK: u32 = 2;
/// "Depends on nothing" and "depends on others, not a sync sample" in a sample's flags.
pub(crate) const KEY: u32 = 0x0200_0000;
const DELTA: u32 = 0x0101_0000;
pub(crate) const NEVER_FAILS: &str = "a Vec takes every box, and no box here is larger than 4 GiB";

/// One picture or one frame of sound inside a part.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub data: Bytes,
    pub duration: u32,
    pub key: bool,
    /// From its turn to be decoded to the moment it is shown, in ticks.
    pub offset: i32,
}

/// Consecutive samples of one track.
pub(crate) struct Run<'a> {
    pub starts: i64,
    pub samples: &'a [Sample],
}

/// The init segment for these codecs.
pub(crate) fn init(picture: &Parameters, sound: &Sound) -> Bytes {
    let mut out: Vec<u8> = Vec::with_capacity(1024);
    let ftyp = Ftyp {
        major_brand: b"iso6".into(),
        minor_version: 0,
        compatible_brands: vec![b"iso6".into(), b"cmfc".into(), b"mp41".into()],
    };
    ftyp.encode(&mut out).expect(NEVER_FAILS);
    let extends = |track_id, flags| Trex {
        track_id,
        default_sample_description_index: 1,
        default_sample_duration: 0,
        default_sample_size: 0,
        default_sample_flags: flags,
    };
    let moov = Moov {
        mvhd: Mvhd {
            timescale: 1000,
            rate: 1.into(),
            volume: 1.into(),
            next_track_id: 3,
            ..Default::default()
        },
        mvex: Some(Mvex { mehd: None, trex: vec![extends(VIDEO_TRACK, DELTA), extends(AUDIO_TRACK, KEY)] }),
        trak: vec![video_track(picture), audio_track(sound)],
        ..Default::default()
    };
    moov.encode(&mut out).expect(NEVER_FAILS);
    out.into()
}

/// One part. A track without samples gets no `traf`.
pub(crate) fn part(sequence: u32, video: Run<'_>, audio: Run<'_>) -> Bytes {
    let size = |run: &Run<'_>| run.samples.iter().map(|sample| sample.data.len()).sum::<usize>();
    let (video_size, audio_size) = (size(&video), size(&audio));
    // Offsets count from the start of the moof, whose length does not depend on them: encode, measure, encode.
    let head = |video_at: usize, audio_at: usize| {
        let runs = [(VIDEO_TRACK, &video, video_at), (AUDIO_TRACK, &audio, audio_at)];
        let traf = runs.into_iter().filter(|(_, run, _)| !run.samples.is_empty()).map(fragment).collect();
        let mut out = Vec::new();
        Moof { mfhd: Mfhd { sequence_number: sequence }, traf }.encode(&mut out).expect(NEVER_FAILS);
        out
    };
    let body_at = head(0, 0).len() + 8;
    let moof = head(body_at, body_at + video_size);
    let mut out = Vec::with_capacity(body_at + video_size + audio_size);
    out.extend_from_slice(&moof);
    out.extend_from_slice(&((8 + video_size + audio_size) as u32).to_be_bytes());
    out.extend_from_slice(b"mdat");
    for sample in video.samples.iter().chain(audio.samples) {
        out.extend_from_slice(&sample.data);
    }
    out.into()
}

/// Start and length, in ticks, of the pictures in stored parts; `None` when the bytes are not ours.
pub(crate) fn measure(mut body: &[u8]) -> Option<(i64, i64)> {
    let (mut starts, mut ends) = (None, 0);
    while let Some(atom) = Any::decode_maybe(&mut body).ok()? {
        let Any::Moof(moof) = atom else { continue };
        for traf in moof.traf.iter().filter(|traf| traf.tfhd.track_id == VIDEO_TRACK) {
            let at = traf.tfdt.as_ref()?.base_media_decode_time as i64;
            let samples = traf.trun.iter().flat_map(|run| match &run.samples {
                TrunSamples::Explicit(samples) => samples.as_slice(),
                _ => &[],
            });
            starts.get_or_insert(at);
            ends = at + samples.map(|sample| i64::from(sample.duration.unwrap_or_default())).sum::<i64>();
        }
    }
    Some((starts?, ends - starts?))
}

fn fragment((track_id, run, at): (u32, &Run<'_>, usize)) -> Traf {
    let reorders = run.samples.iter().any(|sample| sample.offset != 0);
    let entry = |sample: &Sample| TrunEntry {
        duration: Some(sample.duration),
        size: Some(sample.data.len() as u32),
        flags: (track_id == VIDEO_TRACK).then_some(if sample.key { KEY } else { DELTA }),
        cts: reorders.then_some(sample.offset.into()),
    };
    Traf {
        tfhd: Tfhd { track_id, default_base_is_moof: true, ..Default::default() },
        tfdt: Some(Tfdt { base_media_decode_time: run.starts.max(0) as u64 }),
        trun: vec![Trun {
            data_offset: Some(at as i32),
            samples: TrunSamples::Explicit(run.samples.iter().map(entry).collect()),
        }],
        ..Default::default()
    }
}

fn video_track(picture: &Parameters) -> Trak {
    let first = &picture.sps[0];
    let bytes = |sets: &[Bytes]| sets.iter().map(|set| set.to_vec()).collect();
    let codec = Codec::Avc1(Avc1 {
        visual: Visual {
            data_reference_index: 1,
            width: picture.width,
            height: picture.height,
            ..Default::default()
        },
        avcc: Avcc {
            configuration_version: 1,
            avc_profile_indication: first[1],
            profile_compatibility: first[2],
            avc_level_indication: first[3],
            length_size: 4,
            sequence_parameter_sets: bytes(&picture.sps),
            picture_parameter_sets: bytes(&picture.pps),
            ext: (first[1] >= 100).then(AvccExt::default),
        },
        ..Default::default()
    });
    let header = Tkhd {
        track_id: VIDEO_TRACK,
        width: picture.width.into(),
        height: picture.height.into(),
        ..Default::default()
    };
    track(header, VIDEO_SCALE, b"vide".into(), codec)
}

fn audio_track(sound: &Sound) -> Trak {
    let codec = Codec::Mp4a(Mp4a {
        audio: Audio {
            data_reference_index: 1,
            channel_count: sound.channels.into(),
            sample_size: 16,
            sample_rate: (sound.rate as u16).into(),
        },
        esds: Esds {
            es_desc: esds::EsDescriptor {
                es_id: AUDIO_TRACK as u16,
                depends_on_es_id: None,
                url: None,
                ocr_es_id: None,
                stream_priority: 0,
                dec_config: esds::DecoderConfig {
                    object_type_indication: 0x40,
                    stream_type: 5,
                    up_stream: 0,
                    buffer_size_db: Default::default(),
                    max_bitrate: 128_000,
                    avg_bitrate: 128_000,
                    dec_specific: Some(esds::DecoderSpecific {
                        profile: 2,
                        freq_index: if sound.rate == AUDIO_SCALE as u32 { 3 } else { 4 },
                        chan_conf: sound.channels,
                        raw: sound.config.to_vec(),
                    }),
                },
                sl_config: esds::SLConfig {},
            },
        },
        btrt: None,
        taic: None,
    });
    let header = Tkhd { track_id: AUDIO_TRACK, volume: 1.into(), ..Default::default() };
    track(header, AUDIO_SCALE, b"soun".into(), codec)
}

fn track(header: Tkhd, scale: i64, handler: FourCC, codec: Codec) -> Trak {
    let video = header.track_id == VIDEO_TRACK;
    Trak {
        tkhd: Tkhd { enabled: true, in_movie: true, ..header },
        mdia: Mdia {
            mdhd: Mdhd { timescale: scale as u32, language: "und".into(), ..Default::default() },
            hdlr: Hdlr { handler, name: String::new() },
            minf: Minf {
                vmhd: video.then(Vmhd::default),
                smhd: (!video).then(Smhd::default),
                dinf: Dinf { dref: Dref { entries: vec![DrefEntry::Url(Url { location: String::new() })] } },
                stbl: Stbl {
                    stsd: Stsd { codecs: vec![codec] },
                    stco: Some(Stco::default()),
                    ..Default::default()
                },
                ..Default::default()
            },
        },
        ..Default::default()
    }
}

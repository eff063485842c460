//! Sound: WebRTC's Opus becomes AAC-LC, the one codec every phone plays from MP4.
//!
//! The AAC timeline is a count of samples and never has a seam: packets that were lost are concealed, a
//! silent microphone is filled, and when the publisher's sound clock runs faster or slower than its picture
//! clock (crystals differ by 50 ppm: 60 ms in a show of twenty minutes) a few samples a packet are squeezed
//! or stretched until both agree again. About one percent of a core per stream.

use bytes::Bytes;
use fdk_aac::enc::{AudioObjectType, BitRate, ChannelMode, Encoder, EncoderParams, Transport};

use crate::Error;
use crate::fmp4::AUDIO_SCALE;

/// Samples in one AAC frame.
pub(crate) const FRAME: usize = 1024;
pub(crate) const CHANNELS: usize = 2;
const BITS_PER_SECOND: u32 = 96_000;
/// The longest Opus packet, 120 ms.
const MAX_PACKET: usize = 5760;
/// The largest AAC frame: 6144 bits a channel.
const MAX_FRAME_BYTES: usize = 2048;
/// Lost sound is guessed by Opus for this long, then becomes silence.
const CONCEAL: i64 = AUDIO_SCALE / 10;
/// A longer gap than this is not filled: the timeline gets a hole.
const MAX_FILL: i64 = AUDIO_SCALE * 2;
/// Below this difference to the target the sound is left alone.
const TOLERANCE: i64 = AUDIO_SCALE * 4 / 1000;
/// Stretch at most one part in 160: too little to hear, enough to correct 6 ms a second.
const MAX_STRETCH: usize = 160;

/// What a decoder must know of the sound before the first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sound {
    pub config: Bytes,
    pub channels: u8,
    /// Samples a second. The timeline counts 48,000 whatever this says.
    pub rate: u32,
}

/// One AAC frame on the 48 kHz timeline.
#[derive(Clone, Debug)]
pub(crate) struct SoundFrame {
    pub at: i64,
    pub length: u32,
    pub data: Bytes,
}

/// Opus packets in, AAC frames out.
pub(crate) struct Transcoder {
    decoder: opus::Decoder,
    encoder: Encoder,
    sound: Sound,
    delay: i64,
    /// Samples waiting for a full frame: always less than one frame and one packet.
    waiting: Vec<i16>,
    timeline: Option<Timeline>,
    loudest: i16,
}

/// Where the next sample goes.
struct Timeline {
    /// Position of the next sample appended.
    next: i64,
    /// Position of the next frame that comes out.
    out: i64,
    /// The publisher's count of the next packet.
    rtp: i64,
}

/// Encodes sound that was decoded: what comes out stands in the place of what went in, two frames late.
pub(crate) struct Recoder {
    encoder: Encoder,
    /// Frames that come out before the first one that went in.
    early: i64,
}

impl Recoder {
    pub(crate) fn new() -> Result<Recoder, Error> {
        let made = Transcoder::new()?;
        Ok(Recoder { encoder: made.encoder, early: made.delay / FRAME as i64 })
    }

    /// One frame of samples.
    pub(crate) fn encode(&mut self, pcm: &[i16]) -> Option<Bytes> {
        let mut data = [0; MAX_FRAME_BYTES];
        let size = self.encoder.encode(pcm, &mut data).map_or(0, |info| info.output_size);
        if size == 0 {
            return None;
        }
        self.early -= 1;
        (self.early < 0).then(|| Bytes::copy_from_slice(&data[..size]))
    }
}

/// A frame of silence in the sound we make.
pub(crate) fn silent_frame() -> Result<(Sound, Bytes), Error> {
    let mut silent = Transcoder::new()?;
    silent.silence(0);
    let last = silent.silence(MAX_FILL).pop();
    let last = last.ok_or_else(|| Error::Setup { what: "the sound encoder", reason: "no frame".into() })?;
    Ok((silent.sound, last.data))
}

impl Transcoder {
    pub(crate) fn new() -> Result<Transcoder, Error> {
        let setup = |reason: String| Error::Setup { what: "the sound encoder", reason };
        let encoder = Encoder::new(EncoderParams {
            bit_rate: BitRate::Cbr(BITS_PER_SECOND),
            sample_rate: AUDIO_SCALE as u32,
            transport: Transport::Raw,
            channels: ChannelMode::Stereo,
            audio_object_type: AudioObjectType::Mpeg4LowComplexity,
        })
        .map_err(|e| setup(e.to_string()))?;
        let info = encoder.info().map_err(|e| setup(e.to_string()))?;
        let config = info.confBuf.get(..info.confSize as usize).unwrap_or_default();
        let sound = Sound {
            config: Bytes::copy_from_slice(config),
            channels: CHANNELS as u8,
            rate: AUDIO_SCALE as u32,
        };
        let decoder = opus::Decoder::new(AUDIO_SCALE as u32, opus::Channels::Stereo)
            .map_err(|e| setup(e.to_string()))?;
        let delay = i64::from(info.nDelay);
        Ok(Transcoder { decoder, encoder, sound, delay, waiting: Vec::new(), timeline: None, loudest: 0 })
    }

    /// What comes out.
    pub(crate) fn sound(&self) -> &Sound {
        &self.sound
    }

    /// Loudness since it was last asked, 0 to 100 on a scale of decibels.
    pub(crate) fn loudness(&mut self) -> u8 {
        let peak = f32::from(std::mem::take(&mut self.loudest)) / f32::from(i16::MAX);
        (100.0 + 20.0 * peak.max(1e-5).log10() / 0.6).clamp(0.0, 100.0) as u8
    }

    /// One Opus packet: `rtp` is the publisher's count of samples, `target` where the clocks say it belongs.
    pub(crate) fn packet(&mut self, rtp: i64, target: i64, packet: &[u8]) -> Vec<SoundFrame> {
        let mut pcm = [0; MAX_PACKET * CHANNELS];
        let mut line =
            self.timeline.take().unwrap_or(Timeline { next: target, out: target - self.delay, rtp });
        let missing = rtp - line.rtp;
        if missing < 0 && missing > -MAX_FILL && target + FRAME as i64 <= line.next {
            self.timeline = Some(line);
            return Vec::new();
        }
        if target - line.next > MAX_FILL {
            self.waiting.clear();
            line = Timeline { next: target, out: target - self.delay, rtp };
        } else if missing > 0 {
            let missing = missing.min(target - line.next);
            self.conceal(&mut line, missing);
        }
        // A packet the decoder cannot read is a lost packet: its place is concealed.
        let length = match self.decoder.decode(packet, &mut pcm, false) {
            Ok(length) if length > 0 => length,
            _ => self.decoder.decode(&[], &mut pcm[..MAX_PACKET / 6 * CHANNELS], false).unwrap_or(0),
        };
        let samples = &pcm[..length.min(MAX_PACKET) * CHANNELS];
        self.loudest = samples.iter().fold(self.loudest, |peak, s| peak.max(s.saturating_abs()));
        line.rtp = rtp + length as i64;
        line.next += self.append(samples, target - line.next) as i64;
        let frames = self.encode(&mut line);
        self.timeline = Some(line);
        frames
    }

    /// Silence up to `until`, for a microphone that sends nothing.
    pub(crate) fn silence(&mut self, until: i64) -> Vec<SoundFrame> {
        let mut line =
            self.timeline.take().unwrap_or(Timeline { next: until, out: until - self.delay, rtp: 0 });
        let mut frames = Vec::new();
        if until - line.next > MAX_FILL {
            self.waiting.clear();
            line = Timeline { next: until, out: until - self.delay, rtp: line.rtp };
        }
        while line.next < until {
            let length = (until - line.next).min(FRAME as i64);
            self.waiting.resize(self.waiting.len() + length as usize * CHANNELS, 0);
            line.next += length;
            line.rtp += length;
            frames.extend(self.encode(&mut line));
        }
        self.timeline = Some(line);
        frames
    }

    /// Where the sound has got to.
    pub(crate) fn position(&self) -> Option<i64> {
        self.timeline.as_ref().map(|line| line.next)
    }

    fn conceal(&mut self, line: &mut Timeline, missing: i64) {
        let mut left = missing;
        let mut guessed = 0;
        while left > 0 {
            let length = left.min(960) as usize;
            let mut pcm = [0; 960 * CHANNELS];
            if guessed < CONCEAL && length == 960 {
                // An empty packet asks the decoder to guess; when it will not, silence stays.
                let _ = self.decoder.decode(&[], &mut pcm, false);
            }
            self.waiting.extend_from_slice(&pcm[..length * CHANNELS]);
            guessed += length as i64;
            left -= length as i64;
        }
        line.next += missing.max(0);
    }

    /// Append a packet, squeezed or stretched a little when `behind` says the timeline has drifted.
    fn append(&mut self, samples: &[i16], behind: i64) -> usize {
        let length = samples.len() / CHANNELS;
        let limit = (length / MAX_STRETCH) as i64;
        let change = if behind.abs() > TOLERANCE { behind.clamp(-limit, limit) } else { 0 };
        let wanted = (length as i64 + change) as usize;
        if wanted == length || length < 2 || wanted < 2 {
            self.waiting.extend_from_slice(samples);
            return length;
        }
        for at in 0..wanted {
            let from = at as f32 * (length - 1) as f32 / (wanted - 1) as f32;
            let (left, part) = (from as usize, from.fract());
            let right = (left + 1).min(length - 1);
            for channel in 0..CHANNELS {
                let a = f32::from(samples[left * CHANNELS + channel]);
                let b = f32::from(samples[right * CHANNELS + channel]);
                self.waiting.push((a + (b - a) * part) as i16);
            }
        }
        wanted
    }

    fn encode(&mut self, line: &mut Timeline) -> Vec<SoundFrame> {
        let mut frames = Vec::new();
        let mut used = 0;
        while self.waiting.len() - used >= FRAME * CHANNELS {
            let mut data = [0; MAX_FRAME_BYTES];
            let pcm = &self.waiting[used..used + FRAME * CHANNELS];
            used += FRAME * CHANNELS;
            let size = self.encoder.encode(pcm, &mut data).map_or(0, |info| info.output_size);
            if size > 0 && line.out >= 0 {
                let data = Bytes::copy_from_slice(&data[..size]);
                frames.push(SoundFrame { at: line.out, length: FRAME as u32, data });
            }
            if size > 0 {
                line.out += FRAME as i64;
            }
        }
        self.waiting.drain(..used);
        frames
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PACKET: i64 = 960;

    fn tone(packets: i64) -> Vec<Vec<u8>> {
        let mut opus = opus::Encoder::new(48_000, opus::Channels::Mono, opus::Application::Audio).unwrap();
        let wave = |n: i64| (f64::sin(n as f64 * 0.0576) * 9000.0) as i16;
        let pcm = |packet: i64| (0..PACKET).map(|n| wave(packet * PACKET + n)).collect::<Vec<_>>();
        (0..packets).map(|packet| opus.encode_vec(&pcm(packet), 400).unwrap()).collect()
    }

    fn seamless(frames: &[SoundFrame]) {
        for pair in frames.windows(2) {
            assert_eq!(pair[1].at - pair[0].at, FRAME as i64);
        }
    }

    #[test]
    fn lost_packets_leave_no_seam_and_no_drift() {
        let mut sound = Transcoder::new().unwrap();
        let mut frames = Vec::new();
        for (n, packet) in (0i64..).zip(tone(198)) {
            if n % 7 != 3 && !(100..140).contains(&n) {
                frames.extend(sound.packet(n * PACKET, 5000 + n * PACKET, &packet));
            }
        }
        seamless(&frames);
        assert_eq!(sound.position(), Some(5000 + 198 * PACKET));
        assert_eq!(frames[0].at, 5000 - sound.delay);
        assert!(sound.loudness() > 80 && sound.loudness() == 0);
    }

    #[test]
    fn a_microphone_whose_crystal_is_off_is_followed() {
        for off in [0.9997, 1.0003] {
            let mut sound = Transcoder::new().unwrap();
            let mut frames = Vec::new();
            let mut apart = 0;
            for (n, packet) in (0i64..).zip(tone(750)) {
                let target = (n as f64 * PACKET as f64 * off) as i64;
                frames.extend(sound.packet(n * PACKET, target, &packet));
                apart = target + PACKET - sound.position().unwrap();
            }
            seamless(&frames);
            assert!(apart.abs() <= TOLERANCE + PACKET / 100, "{apart} samples apart after 15 s");
        }
    }

    #[test]
    fn silence_fills_and_late_sound_is_left_out() {
        let mut sound = Transcoder::new().unwrap();
        let packets = tone(30);
        let mut frames = sound.packet(0, 0, &packets[0]);
        frames.extend(sound.silence(20 * PACKET));
        for n in 10..30 {
            frames.extend(sound.packet(n * PACKET, n * PACKET, &packets[n as usize]));
        }
        seamless(&frames);
        assert!((sound.position().unwrap() - 30 * PACKET).abs() < PACKET);
    }

    #[test]
    fn a_long_hole_stays_a_hole() {
        let mut sound = Transcoder::new().unwrap();
        let packets = tone(2);
        sound.packet(0, 0, &packets[0]);
        sound.packet(960, 60 * AUDIO_SCALE, &packets[1]);
        assert_eq!(sound.position(), Some(60 * AUDIO_SCALE + PACKET));
        assert!(sound.waiting.len() <= FRAME * CHANNELS + MAX_PACKET * CHANNELS);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_packet_makes_it_panic(packets in proptest::collection::vec(
            (any::<u32>(), -100_000i64..100_000, proptest::collection::vec(any::<u8>(), 0..200)), 1..10))
        {
            let mut sound = Transcoder::new().unwrap();
            let mut at = 10 * AUDIO_SCALE;
            for (rtp, step, packet) in packets {
                at += step;
                sound.packet(i64::from(rtp), at, &packet);
                prop_assert!(sound.waiting.len() <= (FRAME + MAX_PACKET) * CHANNELS);
            }
        }
    }
}

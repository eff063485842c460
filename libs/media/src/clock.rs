//! From a publisher's RTP counts to our own wall clock.
//!
//! A phone's clock may be wrong by minutes, so the moment a frame *arrives* here is the truth, and RTP counts
//! say how frames lie between each other. Two slow corrections keep that true for hours. Sender reports tell
//! how sound and picture belong together on the publisher's clock: the first one for the sound comes after
//! about 2.5 s and moves it at once, later ones wobble by tens of milliseconds and are followed by an eighth.
//! And when the publisher's crystal drifts from ours, both follow by at most 0.4 ms a second.

use crate::layer::Layer;

/// A count this far ahead of its arrival has leapt: the track is anchored anew.
const LEAP_US: i64 = 1_500_000;
/// When even the quickest frame of a window is later than this, the count stood still for a while (a
/// microphone taken by a phone call). A single late burst is not that: it keeps its true place.
const LATE_US: i64 = 500_000;
/// Reports that disagree more than this are garbage.
const MAX_LAG_US: i64 = 10_000_000;
/// How long the quickest arrival is looked for before the clock is moved after it.
const DRIFT_WINDOW_US: i64 = 5_000_000;
/// How far one such move goes at most.
const DRIFT_STEP_US: i64 = 2_000;

/// The tracks of one publisher, in microseconds of our wall clock.
pub(crate) struct Clock {
    video: Track,
    low: Track,
    audio: Track,
    reported: bool,
    low_reported: bool,
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Video,
    /// The same picture, smaller, with a count of its own.
    Low,
    Audio,
}

impl Kind {
    /// The track of a layer.
    pub(crate) fn of(layer: Layer) -> Kind {
        match layer {
            Layer::High => Kind::Video,
            Layer::Low => Kind::Low,
        }
    }
}

/// A frame's place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The publisher's count, without the wrap of 32 bits.
    pub rtp: i64,
    /// Our wall clock.
    pub us: i64,
}

struct Track {
    rate: i64,
    last: Option<i64>,
    /// Wall clock of count zero.
    zero_us: i64,
    /// The publisher's own clock of count zero.
    sender_zero_us: Option<i64>,
    quickest_us: i64,
    window_ends_us: i64,
}

impl Clock {
    pub(crate) fn new(video_rate: i64, audio_rate: i64) -> Clock {
        Clock {
            video: Track::new(video_rate),
            low: Track::new(video_rate),
            audio: Track::new(audio_rate),
            reported: false,
            low_reported: false,
        }
    }

    /// Where a frame with this count belongs that arrived just now.
    pub(crate) fn place(&mut self, kind: Kind, rtp: u32, arrived_us: i64) -> Moment {
        let follows_arrivals = kind != Kind::Audio || !self.reported;
        self.track(kind).place(rtp, arrived_us, follows_arrivals)
    }

    /// A sender report: at `sender_us` of the publisher's clock its count was `rtp`.
    pub(crate) fn report(&mut self, kind: Kind, rtp: u32, sender_us: i64) {
        self.track(kind).report(rtp, sender_us);
        let Some(video) = self.video.lag_us().or(self.low.lag_us()) else { return };
        if kind != Kind::Low {
            self.audio.join(video, &mut self.reported);
        }
        if kind != Kind::Audio {
            self.low.join(video, &mut self.low_reported);
        }
    }

    fn track(&mut self, kind: Kind) -> &mut Track {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Low => &mut self.low,
            Kind::Audio => &mut self.audio,
        }
    }
}

impl Track {
    fn new(rate: i64) -> Track {
        Track { rate, last: None, zero_us: 0, sender_zero_us: None, quickest_us: i64::MAX, window_ends_us: 0 }
    }

    fn place(&mut self, rtp: u32, arrived_us: i64, follows_arrivals: bool) -> Moment {
        let count = self.unwrap(rtp);
        let us = self.zero_us + self.length_us(count);
        if self.last.is_none() || us - arrived_us > LEAP_US {
            self.last = Some(count);
            self.anchor(count, arrived_us);
            return Moment { rtp: count, us: arrived_us };
        }
        self.last = self.last.max(Some(count));
        self.quickest_us = self.quickest_us.min(arrived_us - us);
        if arrived_us > self.window_ends_us {
            if self.quickest_us > LATE_US {
                self.anchor(count, arrived_us);
            } else if follows_arrivals {
                self.zero_us += self.quickest_us.clamp(-DRIFT_STEP_US, DRIFT_STEP_US);
            }
            self.window_ends_us = arrived_us + DRIFT_WINDOW_US;
            self.quickest_us = i64::MAX;
        }
        Moment { rtp: count, us }
    }

    fn anchor(&mut self, count: i64, arrived_us: i64) {
        self.zero_us = arrived_us - self.length_us(count);
        self.sender_zero_us = None;
        self.window_ends_us = arrived_us + DRIFT_WINDOW_US;
        self.quickest_us = i64::MAX;
    }

    fn report(&mut self, rtp: u32, sender_us: i64) {
        if self.last.is_some() {
            self.sender_zero_us = Some(sender_us - self.length_us(self.unwrap(rtp)));
        }
    }

    /// Move to where the picture is, which is ahead of the publisher's clock by so much: at once, then slowly.
    fn join(&mut self, video_us: i64, reported: &mut bool) {
        let Some(apart) = self.lag_us().map(|lag| video_us - lag) else { return };
        if apart.abs() < MAX_LAG_US {
            self.zero_us += if *reported { apart / 8 } else { apart };
            *reported = true;
        }
    }

    /// How far our clock is ahead of the publisher's, as this track sees it.
    fn lag_us(&self) -> Option<i64> {
        self.sender_zero_us.map(|zero| self.zero_us - zero)
    }

    /// The count nearest to the last one that ends in these 32 bits.
    fn unwrap(&self, rtp: u32) -> i64 {
        self.last.map_or(i64::from(rtp), |last| last + i64::from(rtp.wrapping_sub(last as u32) as i32))
    }

    fn length_us(&self, count: i64) -> i64 {
        count * 1_000_000 / self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: i64 = 1_700_000_000_000_000;

    #[test]
    fn counts_wrap_without_a_jump() {
        let mut clock = Clock::new(90_000, 48_000);
        let first = clock.place(Kind::Video, u32::MAX - 1500, NOW_US);
        let next = clock.place(Kind::Video, 1499, NOW_US + 40_000);
        assert!((next.us - first.us - 33_333).abs() <= 1);
        assert_eq!(next.rtp - first.rtp, 3000);
    }

    #[test]
    fn the_first_report_of_both_moves_the_sound_and_a_wrong_phone_clock_does_not_matter() {
        let mut clock = Clock::new(90_000, 48_000);
        let phone_us = 12_345_678;
        clock.place(Kind::Video, 9_000, NOW_US);
        clock.place(Kind::Audio, 480, NOW_US + 50_000);
        clock.report(Kind::Video, 9_000, phone_us);
        assert_eq!(clock.place(Kind::Audio, 480, NOW_US + 50_000).us, NOW_US + 50_000);
        clock.report(Kind::Audio, 480, phone_us + 20_000);
        assert_eq!(clock.place(Kind::Audio, 480, NOW_US + 50_000).us, NOW_US + 20_000);
        clock.report(Kind::Audio, 480, phone_us + 28_000);
        assert_eq!(clock.place(Kind::Audio, 480, NOW_US + 50_000).us, NOW_US + 21_000, "an eighth");
    }

    #[test]
    fn a_fast_crystal_is_followed_slowly() {
        let mut clock = Clock::new(90_000, 48_000);
        let mut apart = 0;
        for frame in 0..30 * 60 * 20i64 {
            let real_us = frame * 1_000_000 / 30;
            let count = (real_us as f64 * 0.09 * 1.000_05) as u32;
            apart = clock.place(Kind::Video, count, NOW_US + real_us).us - NOW_US - real_us;
        }
        assert!(apart.abs() < 3_000, "{apart} µs after twenty minutes of 50 ppm");
    }

    #[test]
    fn a_count_that_leaps_is_anchored_anew() {
        let mut clock = Clock::new(90_000, 48_000);
        clock.place(Kind::Audio, 0, NOW_US);
        assert_eq!(clock.place(Kind::Audio, 1 << 30, NOW_US + 20_000).us, NOW_US + 20_000);
    }
}

//! The two sizes in which a phone may send its picture at once, and which of them a viewer sees.
//!
//! A phone that finds too little room stops sending the high one, and starts again when there is more. Nobody should see
//! a picture that stands still for that: where the own size stays away the other one takes its place, at a key picture,
//! until the own has come back to stay.

/// Another layer takes the place of one that is silent for this long: well before the picture is held to stand still.
const ABSENT_US: i64 = 350_000;
/// So many pictures of a slow camera may be missing before it counts as silent…
const MISSING: i64 = 3;
/// …and none is taken to be slower than this.
const SLOWEST_US: i64 = 300_000;
/// A layer that came back takes its place again after this long.
const STEADY_US: i64 = 1_000_000;

/// One of the sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The only one of most publishers, and the one that is recorded.
    High,
    /// For thin lines.
    Low,
}

/// How steadily a layer comes in.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pulse {
    since_us: i64,
    heard_us: i64,
    /// How far its pictures are usually apart.
    apart_us: i64,
}

impl Layer {
    pub(crate) const ALL: [Layer; 2] = [Layer::High, Layer::Low];

    pub(crate) fn other(self) -> Layer {
        match self {
            Layer::High => Layer::Low,
            Layer::Low => Layer::High,
        }
    }
}

impl Pulse {
    /// A picture came.
    pub(crate) fn beat(&mut self, now_us: i64) {
        if !self.beats(now_us) {
            self.since_us = now_us;
        }
        if self.heard_us != 0 {
            let apart = (now_us - self.heard_us).min(SLOWEST_US);
            self.apart_us += (apart - self.apart_us) / 8;
        }
        self.heard_us = now_us;
    }

    /// Whether pictures come.
    pub(crate) fn beats(&self, now_us: i64) -> bool {
        self.heard_us != 0 && now_us - self.heard_us <= ABSENT_US.max(self.apart_us * MISSING)
    }

    /// Whether they have come for so long.
    fn beats_for(&self, long_us: i64, now_us: i64) -> bool {
        self.beats(now_us) && now_us - self.since_us >= long_us
    }
}

/// What those should see who watch `own` and are shown `shown`.
pub(crate) fn wish(own: Layer, shown: Layer, pulses: [Pulse; 2], now_us: i64) -> Layer {
    let (mine, others) = (pulses[own as usize], pulses[own.other() as usize]);
    match shown == own {
        // The other one may only be the first to come back after both stood still.
        true if !mine.beats(now_us) && others.beats_for(ABSENT_US, now_us) => own.other(),
        false if mine.beats_for(STEADY_US, now_us) || (mine.beats(now_us) && !others.beats(now_us)) => own,
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_US: i64 = 33_000;

    /// What is wished at every step, when both layers come as the text says: `2` both, `h`, `l`, ` ` none.
    fn wishes(comes: &str) -> String {
        let (mut pulses, mut shown, mut out) = ([Pulse::default(); 2], Layer::High, String::new());
        for (step, what) in comes.chars().enumerate() {
            let now_us = (step as i64 + 1) * STEP_US;
            for layer in Layer::ALL {
                if what == '2' || what == ['h', 'l'][layer as usize] {
                    pulses[layer as usize].beat(now_us);
                }
            }
            shown = wish(Layer::High, shown, pulses, now_us);
            out.push(['H', 'L'][shown as usize]);
        }
        out
    }

    #[test]
    fn the_low_layer_takes_over_before_the_picture_stands_still_and_gives_back() {
        let seen = wishes(&["2222222222", &"l".repeat(20), &"2".repeat(40)].concat());
        assert_eq!(seen, ["H".repeat(20), "L".repeat(41), "H".repeat(9)].concat());
    }

    #[test]
    fn a_camera_that_comes_back_with_both_shows_the_high_one_at_once() {
        let seen = wishes(&["2222", &" ".repeat(60), "ll", &"2".repeat(30)].concat());
        assert_eq!(seen, "H".repeat(96));
    }

    #[test]
    fn a_phone_that_starts_with_the_low_one_alone_is_seen() {
        assert!(wishes(&"l".repeat(20)).ends_with("LLLL"));
    }

    #[test]
    fn a_layer_that_comes_and_goes_is_not_followed() {
        let flapping = ["l".repeat(12), "2".repeat(12)].concat().repeat(8);
        let seen = wishes(&["2".repeat(10), flapping].concat());
        assert!(seen.matches("LH").count() == 0, "{seen}");
    }

    #[test]
    fn a_slow_camera_is_no_absent_one() {
        // Three pictures a second of the high one, ten of the low one.
        let slow = "2  l  l  ".repeat(40);
        assert!(wishes(&slow)[60..].chars().all(|shown| shown == 'H'), "{}", wishes(&slow));
    }
}

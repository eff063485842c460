//! The chart of a show: lanes above each other on one time axis, drawn on the server. Only geometry; the
//! words are the page's.

use super::{Band, Fall, Minute};

/// The chart's own width; it grows with the page. On a phone one unit is about a pixel.
pub const WIDTH: f64 = 328.0;
/// Columns that can still be told apart.
const COLUMNS: usize = 60;
/// Minutes a column may stand for.
const STEPS: [usize; 7] = [1, 2, 5, 10, 15, 30, 60];
/// Room for the words above a lane, and the heights of the first lane and the others.
const WORDS: f64 = 26.0;
const TALL: f64 = 90.0;
const LOW: f64 = 38.0;
const PINS: f64 = 28.0;

/// A show, drawn.
pub struct Chart {
    pub height: f64,
    /// Where the lanes end and the axis begins.
    pub foot: f64,
    /// Minutes in one column.
    pub step: usize,
    pub columns: Vec<Column>,
    pub lanes: Vec<Lane>,
    pub pins: Vec<Pinned>,
    /// Where the cards' lane begins.
    pub pins_top: f64,
    pub marks: Vec<Mark>,
    /// Where people left.
    pub fall: Option<f64>,
}

/// Some minutes of the show, drawn as one.
#[derive(Clone, Debug, Default)]
pub struct Column {
    pub x: f64,
    pub width: f64,
    pub minute: Minute,
    /// Minutes since the show's first.
    pub after: i64,
}

/// What is counted in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Viewers,
    Chat,
    Reactions,
    Taps,
    Orders,
}

impl What {
    const ALL: [What; 5] = [What::Viewers, What::Chat, What::Reactions, What::Taps, What::Orders];

    /// The end of its words' key, and its class.
    pub fn slug(self) -> &'static str {
        match self {
            What::Viewers => "viewers",
            What::Chat => "chat",
            What::Reactions => "reactions",
            What::Taps => "taps",
            What::Orders => "orders",
        }
    }

    fn of(self, minute: &Minute) -> i64 {
        match self {
            What::Viewers => minute.viewers,
            What::Chat => minute.chat,
            What::Reactions => minute.reactions,
            What::Taps => minute.taps,
            What::Orders => minute.orders,
        }
    }
}

/// One kind of number over time.
pub struct Lane {
    pub what: What,
    pub top: f64,
    pub base: f64,
    /// The largest column, which fills the lane.
    pub most: i64,
    /// What is drawn: an area of steps for viewers, bars for the others.
    pub path: String,
}

/// A card that was up: its place, and its number in the list of products.
pub struct Pinned {
    pub x: f64,
    pub width: f64,
    pub number: usize,
}

/// A word on the time axis.
pub struct Mark {
    pub x: f64,
    pub after: i64,
    pub anchor: &'static str,
}

/// Draws a show. `number` gives a card its number.
pub fn draw(
    minutes: &[Minute],
    pinned: &[Band],
    fall: Option<Fall>,
    to_ms: i64,
    number: impl Fn(&Band) -> usize,
) -> Chart {
    let step = STEPS.into_iter().find(|step| minutes.len().div_ceil(*step) <= COLUMNS).unwrap_or(60);
    let from_ms = minutes.first().map_or(to_ms, |minute| minute.at_ms);
    let x = |ms: i64| WIDTH * (ms - from_ms) as f64 / (to_ms - from_ms).max(1) as f64;
    let columns = columns(minutes, step, to_ms, x);
    let mut top = 0.0;
    let mut lanes = Vec::new();
    for what in What::ALL {
        let base = top + WORDS + if what == What::Viewers { TALL } else { LOW };
        lanes.push(lane(what, &columns, top + WORDS, base));
        top = base;
    }
    let pins_top = top + WORDS;
    let foot = pins_top + if pinned.is_empty() { -WORDS } else { PINS };
    let pins = pinned
        .iter()
        .map(|band| Pinned {
            x: x(band.from_ms),
            width: (x(band.to_ms) - x(band.from_ms)).max(2.0),
            number: number(band),
        })
        .collect();
    let fall = fall.map(|fall| x(fall.at_ms));
    Chart {
        fall,
        height: foot + WORDS,
        foot,
        step,
        marks: marks(&columns, (to_ms - from_ms + 30_000) / 60_000),
        columns,
        lanes,
        pins,
        pins_top,
    }
}

/// Sums of as many minutes as make a column; of viewers the fullest one.
fn columns(minutes: &[Minute], step: usize, to_ms: i64, x: impl Fn(i64) -> f64) -> Vec<Column> {
    let column = |(index, some): (usize, &[Minute])| {
        let sum = |of: fn(&Minute) -> i64| some.iter().map(of).sum::<i64>();
        let most = |of: fn(&Minute) -> i64| some.iter().map(of).max().unwrap_or_default();
        let end_ms = minutes.get((index + 1) * step).map_or(to_ms, |next| next.at_ms);
        let minute = Minute {
            at_ms: some[0].at_ms,
            whole: some.iter().all(|minute| minute.whole),
            viewers: most(|minute| minute.viewers),
            peak: most(|minute| minute.peak),
            viewer_seconds: sum(|minute| minute.viewer_seconds),
            chat: sum(|minute| minute.chat),
            reactions: sum(|minute| minute.reactions),
            taps: sum(|minute| minute.taps),
            orders: sum(|minute| minute.orders),
            sold_won: sum(|minute| minute.sold_won),
        };
        let (x, end) = (x(minute.at_ms), x(end_ms));
        Column { x, width: end - x, minute, after: (index * step) as i64 }
    };
    minutes.chunks(step).enumerate().map(column).collect()
}

fn lane(what: What, columns: &[Column], top: f64, base: f64) -> Lane {
    let most = columns.iter().map(|column| what.of(&column.minute)).max().unwrap_or_default();
    let mut path = String::new();
    for column in columns {
        let count = what.of(&column.minute);
        if count == 0 {
            continue;
        }
        let y = base - (base - top) * count as f64 / most as f64;
        // Steps touch each other, bars do not.
        let gap = if what == What::Viewers { 0.0 } else { (column.width * 0.2).min(3.0) };
        let (left, right) = (column.x + gap / 2.0, column.x + column.width - gap / 2.0);
        path.push_str(&format!("M{left:.1} {base:.1}V{y:.1}H{right:.1}V{base:.1}Z"));
    }
    Lane { what, top, base, most, path }
}

/// The beginning, the middle and the end, as far as there is room.
fn marks(columns: &[Column], length: i64) -> Vec<Mark> {
    let at = |place: usize, anchor| {
        columns.get(place).map(|column| Mark { x: column.x, after: column.after, anchor })
    };
    let middle = (columns.len() > 4).then_some(columns.len() / 2);
    let end = (columns.len() > 1).then_some(Mark { x: WIDTH, after: length, anchor: "end" });
    at(0, "start").into_iter().chain(middle.and_then(|place| at(place, "middle"))).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(count: i64) -> Vec<Minute> {
        (0..count)
            .map(|index| Minute { at_ms: index * 60_000, viewers: index % 7, chat: 1, ..Minute::default() })
            .collect()
    }

    #[test]
    fn a_long_show_has_wider_columns_and_the_same_sums() {
        for (count, step) in [(1, 1), (60, 1), (61, 2), (121, 5), (720, 15)] {
            let chart = draw(&minutes(count), &[], None, count * 60_000, |_| 0);
            assert_eq!(chart.step, step, "{count} minutes");
            assert!(chart.columns.len() <= COLUMNS);
            assert_eq!(chart.columns.iter().map(|column| column.minute.chat).sum::<i64>(), count);
        }
    }

    #[test]
    fn nobody_draws_nothing() {
        let chart = draw(&[Minute::default()], &[], None, 0, |_| 0);
        assert!(chart.lanes.iter().all(|lane| lane.path.is_empty()));
    }
}

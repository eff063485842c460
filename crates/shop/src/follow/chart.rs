//! The chart of followers: one line over the months. Only geometry; the words are the page's.

use super::Month;

/// The chart's own width; it grows with the page. On a phone one unit is about a pixel.
pub(crate) const WIDTH: f64 = 328.0;
pub(crate) const HEIGHT: f64 = 190.0;
/// Where the months are written, and room for the numbers above and beside the points.
pub(crate) const FOOT: f64 = 160.0;
const TOP: f64 = 34.0;
const EDGE: f64 = 22.0;
/// Months that have their name written: more would stand in each other's way.
const NAMED: usize = 4;

pub(crate) struct Chart {
    /// The line, and the ground beneath it.
    pub(crate) line: String,
    pub(crate) ground: String,
    pub(crate) points: Vec<Point>,
}

pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) month: Month,
    /// Whether its month is written beneath it.
    pub(crate) is_named: bool,
}

/// Draws the months; the scale begins at nothing, so that a small change looks small.
pub(crate) fn draw(months: &[Month]) -> Chart {
    let most = months.iter().map(|month| month.followers).max().unwrap_or(0).max(1);
    let step = (WIDTH - 2.0 * EDGE) / (months.len().max(2) - 1) as f64;
    let every = months.len().div_ceil(NAMED).max(1);
    let points: Vec<Point> = months
        .iter()
        .enumerate()
        .map(|(at, month)| Point {
            x: EDGE + step * at as f64,
            y: FOOT - (FOOT - TOP) * month.followers.max(0) as f64 / most as f64,
            month: month.clone(),
            is_named: (months.len() - 1 - at).is_multiple_of(every),
        })
        .collect();
    let along: Vec<String> = points.iter().map(|point| format!("{:.1} {:.1}", point.x, point.y)).collect();
    let line = if along.is_empty() { String::new() } else { format!("M{}", along.join("L")) };
    let ground = format!("{line}L{:.1} {FOOT}L{EDGE} {FOOT}Z", WIDTH - EDGE);
    Chart { line, ground, points }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_begins_at_nothing_and_ends_at_the_most() {
        let month = |followers| Month { month: jiff::civil::date(2026, 11, 1), followers };
        let chart = draw(&[month(0), month(587), month(802)]);
        assert_eq!((chart.points[0].y, chart.points[2].y), (FOOT, TOP));
        assert!(chart.points[1].y > TOP && chart.points[1].y < FOOT);
        assert!(chart.points[2].is_named && chart.line.starts_with("M22.0 160.0L"));
        assert!(draw(&[]).line.is_empty());
    }
}

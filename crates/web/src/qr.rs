//! The picture of squares (QR): on a screen one path of an SVG, with no script and no request, sharp at any size; on
//! paper bars, with so much to spare that it is read when it is worn.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// White squares around it, without which cameras do not find it.
const QUIET: usize = 4;

/// A picture for paper, which gets torn and wet.
pub struct Squares {
    width: usize,
    dark: Vec<bool>,
}

/// The squares of `text` for paper; `None`: it is too long for a picture.
pub fn squares(text: &str) -> Option<Squares> {
    let code = QrCode::with_error_correction_level(text, EcLevel::Q).ok()?;
    let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
    Some(Squares { width: code.width(), dark })
}

impl Squares {
    /// Squares from edge to edge, the white around them counted.
    pub fn side(&self) -> usize {
        self.width + 2 * QUIET
    }

    /// The dark bars of each row: where they begin, in which row, and how long they are.
    pub fn bars(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.dark.chunks(self.width).enumerate().flat_map(|(row, squares)| {
            let mut x = 0;
            std::iter::from_fn(move || {
                x += squares.get(x..)?.iter().take_while(|dark| !**dark).count();
                let run = squares.get(x..)?.iter().take_while(|dark| **dark).count();
                let bar = (x + QUIET, row + QUIET, run);
                x += run;
                (run > 0).then_some(bar)
            })
        })
    }
}

/// Draws `text`; nothing when it is too long for a picture.
pub fn draw(text: &str, label: &str) -> String {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else { return String::new() };
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    let side = width + 2 * QUIET;
    let label = label.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" width=\"240\" height=\"240\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path fill=\"#000\" \
         d=\"{path}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_a_quiet_edge_and_as_many_squares_as_the_code() {
        let svg = draw("HELLO", "\"code\"");
        let code = QrCode::with_error_correction_level("HELLO", EcLevel::M).unwrap();
        let dark = code.to_colors().into_iter().filter(|color| *color == Color::Dark).count();
        let drawn: usize = svg
            .split('h')
            .filter_map(|part| part.split_once('v')?.0.parse::<usize>().ok())
            .filter(|run| *run < code.width() + 1)
            .sum();
        assert_eq!(drawn, dark);
        assert!(svg.contains("aria-label=\"&quot;code&quot;\"") && svg.contains("viewBox=\"0 0 29 29\""));
        assert!(draw(&"x".repeat(9_000), "").is_empty());
    }
}

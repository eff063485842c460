//! The picture of squares (QR), drawn as one path of an SVG: no script, no request, sharp at any size.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// White squares around it, without which cameras do not find it.
const QUIET: usize = 4;

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

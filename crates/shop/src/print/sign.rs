//! Signs on paper: one to an A4 sheet, one to an A6 card, or twenty-four labels to a sheet. A quarter of the squares is
//! there for the others' sake, so that they are read with a corner torn off or under fish scales.

use web::{Lang, Ui};

use super::paper::{Flow, Format, Letters, Strip, Weight, pages};
use crate::sign::{Kind, Sign};
use crate::store::Store;
use crate::text::read;

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;
const A4: Format = Format { width: 595.28, height: 841.89, margin: 48.0 };
const A6: Format = Format { width: 297.64, height: 419.53, margin: 20.0 };
/// A sheet of labels, three times eight of 64 × 33.9 mm, as every stationer sells it.
const LABELS: Format = Format { width: 595.28, height: 841.89, margin: 12.9 * MM };
const ACROSS: usize = 3;
const LABEL: (f32, f32) = (64.0 * MM, 33.9 * MM);
const GAP: f32 = 2.54 * MM;
const LEFT: f32 = 7.2 * MM;

/// The paper that is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    A4,
    A6,
    Label,
}

impl Size {
    /// Reads it as a form writes it.
    pub(super) fn of(slug: &str) -> Option<Size> {
        match slug {
            "a4" => Some(Size::A4),
            "a6" => Some(Size::A6),
            "label" => Some(Size::Label),
            _ => None,
        }
    }
}

/// What stands on a sign.
pub(super) struct Words {
    pub(super) lang: Lang,
    /// The whole address, as the squares say it.
    pub(super) address: String,
    /// What it is the sign of: the product, the shelf, or where it hangs.
    pub(super) of: String,
    pub(super) kind: Kind,
}

impl Words {
    pub(super) fn of(ui: &Ui, sign: &Sign) -> Words {
        let lang = ui.language();
        Words {
            lang,
            address: ui.absolute(&sign.path()),
            of: read(lang, &sign.name, &sign.name_en).to_owned(),
            kind: sign.kind,
        }
    }
}

/// Draws the signs. `None`: the document could not be made.
pub(super) fn draw(letters: &Letters, ui: &Ui, store: &Store, signs: &[Sign], size: Size) -> Option<Vec<u8>> {
    let signs: Vec<Words> = signs.iter().map(|sign| Words::of(ui, sign)).collect();
    let title = ui.t("sign-title");
    let (format, scale) = match size {
        Size::A4 => (A4, 1.0),
        Size::A6 => (A6, 0.5),
        Size::Label => {
            let rows: Option<Vec<Strip>> =
                signs.chunks(ACROSS).map(|row| labels(letters, store, row)).collect();
            return pages(letters, &title, LABELS, Flow::Alone, vec![rows?]);
        }
    };
    let hint = ui.t("sign-hint");
    let pieces: Option<Vec<Vec<Strip>>> =
        signs.iter().map(|sign| poster(letters, store, sign, &hint, format, scale)).collect();
    pages(letters, &title, format, Flow::Alone, pieces?)
}

/// A sheet for one sign: the stall's name, what it is of, the squares as large as they fit, and what to do.
fn poster(
    letters: &Letters,
    store: &Store,
    sign: &Words,
    hint: &str,
    format: Format,
    scale: f32,
) -> Option<Vec<Strip>> {
    let (left, right) = format.sides();
    let whole = (left, right - left);
    let text =
        |size: f32, weight, text: &str| Strip::default().text(letters, whole, size * scale, weight, text);
    let mut strips = vec![text(44.0, Weight::Bold, store.name_in(sign.lang))];
    if !sign.of.is_empty() {
        strips.push(text(30.0, Weight::Bold, &sign.of));
    }
    let side = (right - left) * if sign.kind == Kind::Stall { 0.86 } else { 0.8 };
    strips.push(Strip::gap(14.0 * scale));
    strips.push(Strip::default().squares(left + (right - left - side) / 2.0, side, &sign.address)?);
    strips.push(Strip::gap(14.0 * scale));
    strips.push(text(26.0, Weight::Bold, hint));
    strips.push(Strip::gap(6.0 * scale));
    strips.push(text(14.0, Weight::Plain, &sign.address));
    Some(strips)
}

/// A row of labels: the squares on the left of each, what they are of on the right.
fn labels(letters: &Letters, store: &Store, row: &[Words]) -> Option<Strip> {
    let (width, height) = LABEL;
    let side = height - 3.0 * MM;
    let mut strip = Strip::gap(height);
    for (place, sign) in row.iter().enumerate() {
        let x = LEFT + (width + GAP) * place as f32;
        strip = strip.squares(x + MM, side, &sign.address)?;
        let beside = (x + side + 2.0 * MM, width - side - 3.0 * MM);
        let name = store.name_in(sign.lang);
        let of = if sign.of.is_empty() { name } else { &sign.of };
        strip = strip.text(letters, beside, 10.0, Weight::Bold, of);
        strip = strip.text_from(letters, beside, side - 10.0, 7.5, Weight::Plain, name);
    }
    Some(strip.no_higher_than(height))
}

#[cfg(test)]
mod tests;

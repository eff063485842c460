//! Paper: text of a size and a weight at a place, broken where a line ends, on pages of a size. Lengths are points,
//! from the upper left corner.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::face::{Face, Used};

/// A line's height beside its letters'.
const LEADING: f32 = 1.35;
/// The names of the two fonts within the document.
const PLAIN: Name<'static> = Name(b"P");
const BOLD: Name<'static> = Name(b"B");
/// How far beneath a line's top its letters stand.
const ASCENT: f32 = 1.0;

/// How heavy letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Plain,
    Bold,
}

/// The letters that are printed with.
pub(super) struct Letters {
    plain: Face,
    bold: Face,
}

impl Letters {
    /// Takes the letters out of the program; `None`: they were not built in.
    pub(super) fn load() -> Option<Letters> {
        Some(Letters { plain: Face::load("print-plain.ttf")?, bold: Face::load("print-bold.ttf")? })
    }

    pub(super) fn face(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Plain => &self.plain,
            Weight::Bold => &self.bold,
        }
    }

    /// How wide a text is.
    pub(super) fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        self.face(weight).width(text, size)
    }

    /// Breaks a text into lines: between words, and inside a word only where it fills a line alone.
    pub(super) fn lines(&self, text: &str, size: f32, weight: Weight, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&longer, size, weight) <= width {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                for one in word.chars() {
                    line.push(one);
                    if self.width(&line, size, weight) > width && line.chars().count() > 1 {
                        line.pop();
                        lines.push(std::mem::replace(&mut line, one.to_string()));
                    }
                }
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
        lines
    }
}

/// Something at a place of a page.
enum Mark {
    Text {
        x: f32,
        y: f32,
        size: f32,
        weight: Weight,
        text: String,
    },
    Line {
        x: f32,
        y: f32,
        to: f32,
        dashed: bool,
    },
    /// Black bars of one square's height: where each begins, and how long it is.
    Squares {
        one: f32,
        bars: Vec<(f32, f32, f32)>,
    },
}

/// A strip of a page: things side by side that are not torn apart.
#[derive(Default)]
pub(super) struct Strip {
    marks: Vec<Mark>,
    height: f32,
}

impl Strip {
    /// An empty strip.
    pub(super) fn gap(height: f32) -> Strip {
        Strip { height, ..Strip::default() }
    }

    /// A line from `x` to `to`, with room around it.
    pub(super) fn rule(x: f32, to: f32, dashed: bool) -> Strip {
        Strip { marks: vec![Mark::Line { x, y: 6.0, to, dashed }], height: 12.0 }
    }

    /// Adds a text that is broken within `width`; the strip grows with it.
    pub(super) fn text(
        mut self,
        letters: &Letters,
        (x, width): (f32, f32),
        size: f32,
        weight: Weight,
        text: &str,
    ) -> Strip {
        let lines = letters.lines(text, size, weight, width);
        for (place, text) in lines.iter().enumerate() {
            let y = size * (LEADING * place as f32 + ASCENT);
            self.marks.push(Mark::Text { x, y, size, weight, text: text.clone() });
        }
        self.height = self.height.max(size * LEADING * lines.len() as f32);
        self
    }

    /// Adds a text that begins so far beneath the strip's top; the strip does not grow with it.
    pub(super) fn text_from(
        mut self,
        letters: &Letters,
        (x, width): (f32, f32),
        top: f32,
        size: f32,
        weight: Weight,
        text: &str,
    ) -> Strip {
        // One line: what is longer ends where the room does.
        if let Some(line) = letters.lines(text, size, weight, width).into_iter().next() {
            self.marks.push(Mark::Text { x, y: top + size * ASCENT, size, weight, text: line });
        }
        self
    }

    /// Adds the squares that a phone reads as `text`, `side` wide with the white around them. `None`: too long.
    pub(super) fn squares(mut self, x: f32, side: f32, text: &str) -> Option<Strip> {
        let code = web::qr::squares(text)?;
        let one = side / code.side() as f32;
        let bars =
            code.bars().map(|(from, row, run)| (x + from as f32 * one, row as f32 * one, run as f32 * one));
        self.marks.push(Mark::Squares { one, bars: bars.collect() });
        self.height = self.height.max(side);
        Some(self)
    }

    /// The same, so high and no higher, whatever stands on it: a label's edge is cut already.
    pub(super) fn no_higher_than(self, height: f32) -> Strip {
        let marks = self
            .marks
            .into_iter()
            .filter(|mark| !matches!(mark, Mark::Text { y, .. } if *y > height))
            .collect();
        Strip { marks, height }
    }

    /// Adds a text that ends at `to`.
    pub(super) fn text_to(
        mut self,
        letters: &Letters,
        to: f32,
        size: f32,
        weight: Weight,
        text: &str,
    ) -> Strip {
        let x = to - letters.width(text, size, weight);
        self.marks.push(Mark::Text { x, y: size * ASCENT, size, weight, text: text.to_owned() });
        self.height = self.height.max(size * LEADING);
        self
    }
}

/// Pages of one size.
#[derive(Clone, Copy)]
pub(super) struct Format {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) margin: f32,
}

impl Format {
    /// Where lines begin and end.
    pub(super) fn sides(&self) -> (f32, f32) {
        (self.margin, self.width - self.margin)
    }

    fn inside(&self) -> f32 {
        self.height - 2.0 * self.margin
    }
}

/// Whether pieces may share a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// A piece that fits beneath the last one goes there, behind a line to cut along.
    Shared,
    /// Every piece has pages of its own.
    Alone,
}

/// Sets pieces, each of them strips, on pages. `None`: the document could not be made.
pub(super) fn pages(
    letters: &Letters,
    title: &str,
    format: Format,
    flow: Flow,
    pieces: Vec<Vec<Strip>>,
) -> Option<Vec<u8>> {
    let mut pdf = Pdf::new();
    let mut last = 0;
    let mut next = || {
        last += 1;
        Ref::new(last)
    };
    let (catalog, tree, about, plain, bold) = (next(), next(), next(), next(), next());
    let mut used = Inks::default();
    let mut kids = Vec::new();
    for strips in divide(format, flow, pieces) {
        let (page, content) = (next(), next());
        kids.push(page);
        let mut open = pdf.page(page);
        open.parent(tree).media_box(Rect::new(0.0, 0.0, format.width, format.height)).contents(content);
        open.resources().fonts().pair(PLAIN, plain).pair(BOLD, bold);
        open.finish();
        let drawn = draw(letters, &mut used, format, &strips);
        pdf.stream(content, &packed(&drawn)).filter(Filter::FlateDecode);
    }
    pdf.catalog(catalog).pages(tree).lang(TextStr("ko"));
    pdf.pages(tree).count(kids.len() as i32).kids(kids);
    pdf.document_info(about).title(TextStr(title)).producer(TextStr("Dangol"));
    letters.plain.embed(&mut pdf, plain, "NanumGothic", &used.plain, &mut next)?;
    letters.bold.embed(&mut pdf, bold, "NanumGothicBold", &used.bold, &mut next)?;
    Some(pdf.finish())
}

/// The letters used so far, of each weight.
#[derive(Default)]
struct Inks {
    plain: Used,
    bold: Used,
}

/// A page's strips as the document's own commands. There the height is counted from below.
fn draw(letters: &Letters, used: &mut Inks, format: Format, strips: &[Strip]) -> Vec<u8> {
    let mut content = Content::new();
    content.set_line_width(0.75);
    let mut top = format.height - format.margin;
    for strip in strips {
        for mark in &strip.marks {
            match mark {
                Mark::Text { x, y, size, weight, text } => {
                    let (name, face, ink) = match weight {
                        Weight::Plain => (PLAIN, &letters.plain, &mut used.plain),
                        Weight::Bold => (BOLD, &letters.bold, &mut used.bold),
                    };
                    content.begin_text().set_font(name, *size).next_line(*x, top - y);
                    content.show(Str(&face.written(text, ink))).end_text();
                }
                Mark::Squares { one, bars } => {
                    for (x, y, width) in bars {
                        content.rect(*x, top - y - one, *width, *one);
                    }
                    content.fill_nonzero();
                }
                Mark::Line { x, y, to, dashed } => {
                    let dash: &[f32] = if *dashed { &[4.0, 4.0] } else { &[] };
                    content.set_dash_pattern(dash.iter().copied(), 0.0);
                    content.move_to(*x, top - y).line_to(*to, top - y).stroke();
                }
            }
        }
        top -= strip.height;
    }
    content.finish().to_vec()
}

/// Bytes as they stand in the document.
pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::default());
    let written = packer.write_all(bytes).and_then(|()| packer.finish());
    written.expect("writing into memory cannot fail")
}

/// Which strips stand on which page.
fn divide(format: Format, flow: Flow, pieces: Vec<Vec<Strip>>) -> Vec<Vec<Strip>> {
    let (x, to) = format.sides();
    let mut all: Vec<Vec<Strip>> = Vec::new();
    let mut left = 0.0;
    for piece in pieces {
        let height: f32 = piece.iter().map(|strip| strip.height).sum();
        let cut = Strip::rule(x - format.margin / 2.0, to + format.margin / 2.0, true);
        match all.last_mut() {
            Some(page) if flow == Flow::Shared && cut.height + height <= left => {
                left -= cut.height;
                page.push(cut);
            }
            _ => {
                all.push(Vec::new());
                left = format.inside();
            }
        }
        for strip in piece {
            if strip.height > left {
                all.push(Vec::new());
                left = format.inside();
            }
            left -= strip.height;
            if let Some(page) = all.last_mut() {
                page.push(strip);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(heights: &[f32]) -> Vec<Strip> {
        heights.iter().map(|height| Strip::gap(*height)).collect()
    }

    #[test]
    fn a_piece_stays_whole_where_it_can_and_nothing_is_lost() {
        let format = Format { width: 200.0, height: 120.0, margin: 10.0 };
        let counts = |flow, pieces: &[&[f32]]| -> Vec<usize> {
            let pieces = pieces.iter().map(|heights| piece(heights)).collect();
            divide(format, flow, pieces).iter().map(Vec::len).collect()
        };
        // The third of a page each, with the line to cut along between them.
        assert_eq!(counts(Flow::Shared, &[&[40.0], &[40.0], &[40.0]]), [3, 1]);
        assert_eq!(counts(Flow::Alone, &[&[40.0], &[40.0]]), [1, 1]);
        // Longer than a page: it goes on on the next.
        assert_eq!(counts(Flow::Shared, &[&[60.0, 60.0, 60.0]]), [1, 1, 1]);
        assert_eq!(counts(Flow::Alone, &[]), [] as [usize; 0]);
    }
}

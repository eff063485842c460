//! A face: the shapes of letters, how wide they are, and the part of them that a document carries along.
//!
//! Hangul as people type it is one shape a syllable, so a text needs no shaping: each character is looked up, and
//! its width is the face's own.

use std::collections::BTreeMap;

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use bytes::Bytes;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;
use ttf_parser::GlyphId;

use super::paper::packed;

/// Stands where the letters have no shape: a face somebody typed.
const UNKNOWN: char = '□';
/// Widths in a document are thousandths of the size.
const UNIT: f32 = 1000.0;

/// The letters of one weight.
pub(super) struct Face {
    bytes: Bytes,
}

/// The letters of a face that a document uses, under the numbers they have there.
#[derive(Default)]
pub(super) struct Used {
    shapes: GlyphRemapper,
    letters: BTreeMap<u16, char>,
}

impl Face {
    /// Takes a face out of the program; `None`: it was not built in.
    pub(super) fn load(name: &str) -> Option<Face> {
        let bytes = web::assets::bytes(name)?;
        ttf_parser::Face::parse(&bytes, 0).ok()?;
        Some(Face { bytes })
    }

    fn open(&self) -> Option<ttf_parser::Face<'_>> {
        ttf_parser::Face::parse(&self.bytes, 0).ok()
    }

    /// How wide a text is.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let Some(face) = self.open() else { return 0.0 };
        let shapes = text.chars().filter_map(|one| shape(&face, one));
        let units: f32 = shapes.map(|(shape, _)| f32::from(face.glyph_hor_advance(shape).unwrap_or(0))).sum();
        units * size / f32::from(face.units_per_em())
    }

    /// Draws a text on a grid, from `x` on, standing on the line `y`.
    pub(super) fn draw(&self, text: &str, (x, y): (f32, f32), size: f32, grid: &mut Rasterizer) {
        let Some(face) = self.open() else { return };
        let scale = size / f32::from(face.units_per_em());
        let mut pen = Pen { grid, x, y, scale, at: point(x, y), start: point(x, y) };
        for (shape, _) in text.chars().filter_map(|one| shape(&face, one)) {
            face.outline_glyph(shape, &mut pen);
            pen.x += f32::from(face.glyph_hor_advance(shape).unwrap_or(0)) * scale;
        }
    }

    /// A text as the document writes it, and its letters noted as used.
    pub(super) fn written(&self, text: &str, used: &mut Used) -> Vec<u8> {
        let Some(face) = self.open() else { return Vec::new() };
        let mut bytes = Vec::with_capacity(text.len());
        for (shape, letter) in text.chars().filter_map(|one| shape(&face, one)) {
            let number = used.shapes.remap(shape.0);
            used.letters.insert(number, letter);
            bytes.extend(number.to_be_bytes());
        }
        bytes
    }

    /// Puts the letters that were used into the document, as the font `id`; `next` gives free places.
    pub(super) fn embed(
        &self,
        pdf: &mut Pdf,
        id: Ref,
        name: &str,
        used: &Used,
        mut next: impl FnMut() -> Ref,
    ) -> Option<()> {
        let face = self.open()?;
        let (cid, descriptor, file, map) = (next(), next(), next(), next());
        let scale = UNIT / f32::from(face.units_per_em());
        // The tag says that it is a part; readers want one.
        let name = format!("DANGOL+{name}");
        let name = Name(name.as_bytes());
        let adobe = |ordering: &'static [u8]| SystemInfo {
            registry: Str(b"Adobe"),
            ordering: Str(ordering),
            supplement: 0,
        };
        pdf.type0_font(id)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(map);
        let mut font = pdf.cid_font(cid);
        font.subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(adobe(b"Identity"))
            .font_descriptor(descriptor);
        font.default_width(UNIT).cid_to_gid_map_predefined(Name(b"Identity"));
        let widths =
            used.shapes.remapped_gids().map(|shape| face.glyph_hor_advance(GlyphId(shape)).unwrap_or(0));
        font.widths().consecutive(0, widths.map(|width| f32::from(width) * scale));
        font.finish();
        let around = face.global_bounding_box();
        let [left, bottom, right, top] =
            [around.x_min, around.y_min, around.x_max, around.y_max].map(|side| f32::from(side) * scale);
        pdf.font_descriptor(descriptor)
            .name(name)
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(left, bottom, right, top))
            .italic_angle(0.0)
            .ascent(f32::from(face.ascender()) * scale)
            .descent(f32::from(face.descender()) * scale)
            .cap_height(f32::from(face.capital_height().unwrap_or(face.ascender())) * scale)
            .stem_v(80.0)
            .font_file2(file);
        let part = subsetter::subset(&self.bytes, 0, &used.shapes).ok()?;
        pdf.stream(file, &packed(&part))
            .filter(Filter::FlateDecode)
            .pair(Name(b"Length1"), part.len() as i32);
        let mut letters = UnicodeCmap::new(Name(b"Dangol"), adobe(b"UCS"));
        used.letters.iter().for_each(|(number, letter)| letters.pair(*number, *letter));
        pdf.stream(map, &packed(&letters.finish())).filter(Filter::FlateDecode);
        Some(())
    }
}

/// Draws a letter's outline where it stands. A font counts its height upwards.
struct Pen<'g> {
    grid: &'g mut Rasterizer,
    x: f32,
    y: f32,
    scale: f32,
    at: Point,
    start: Point,
}

impl Pen<'_> {
    fn place(&self, x: f32, y: f32) -> Point {
        point(self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl ttf_parser::OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = self.place(x, y);
        self.start = self.at;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.place(x, y);
        self.grid.draw_line(self.at, to);
        self.at = to;
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (bend, to) = (self.place(x1, y1), self.place(x, y));
        self.grid.draw_quad(self.at, bend, to);
        self.at = to;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (one, other, to) = (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.grid.draw_cubic(self.at, one, other, to);
        self.at = to;
    }

    fn close(&mut self) {
        self.grid.draw_line(self.at, self.start);
        self.at = self.start;
    }
}

/// The shape of a character; what has none is said so, and what only joins or colours others is left out.
fn shape(face: &ttf_parser::Face<'_>, one: char) -> Option<(GlyphId, char)> {
    let is_silent =
        one.is_control() || matches!(one, '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    if is_silent {
        return None;
    }
    let known = face.glyph_index(one).map(|shape| (shape, one));
    known.or_else(|| face.glyph_index(UNKNOWN).map(|shape| (shape, UNKNOWN)))
}

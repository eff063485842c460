//! The picture that messengers and social networks show of a product: its photo, its name, its price, its stall.

use std::io::Cursor;

use ab_glyph_rasterizer::Rasterizer;
use image::codecs::png::{CompressionType, FilterType as Filter, PngEncoder};
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, ImageEncoder, ImageFormat, ImageReader, Rgb, RgbImage};

use super::paper::{Letters, Weight};
use crate::{Result, Shop};

/// Which edition of this drawing it is: a new one draws every card anew.
pub(crate) const DRAWING: &str = "1";
/// The size that networks ask for.
pub(crate) const WIDTH: u32 = 1200;
pub(crate) const HEIGHT: u32 = 630;
/// Where the words begin, and how wide they may be.
const LEFT: f32 = 680.0;
const WIDE: f32 = 470.0;
/// Colours of the market: paper, ink, its softer sister, cabbage, persimmon.
const PAPER: Rgb<u8> = Rgb([253, 250, 243]);
const INK: Rgb<u8> = Rgb([33, 26, 20]);
const SOFT: Rgb<u8> = Rgb([90, 78, 68]);
const CABBAGE: Rgb<u8> = Rgb([28, 101, 56]);
const PRICE: Rgb<u8> = Rgb([176, 59, 12]);

/// What a card says.
pub(crate) struct Said {
    pub(crate) name: String,
    pub(crate) price: String,
    pub(crate) origin: String,
    pub(crate) store: String,
    pub(crate) market: String,
}

/// Draws a card as PNG; without a photo the words stand alone.
pub(crate) async fn draw(shop: &Shop, said: Said, photo: Option<bytes::Bytes>) -> Result<Vec<u8>> {
    super::draw(shop, move |letters| drawn(letters, &said, photo.as_deref())).await
}

fn drawn(letters: &Letters, said: &Said, photo: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut card = RgbImage::from_pixel(WIDTH, HEIGHT, PAPER);
    let square = photo.and_then(square);
    let (left, wide) = if square.is_some() { (LEFT, WIDE) } else { (80.0, 1040.0) };
    if let Some(square) = square {
        imageops::replace(&mut card, &square, 0, 0);
    }
    awning(&mut card, left as u32 - 50);
    let mut top = 92.0;
    let mut write = |text: &str, size: f32, weight: Weight, colour: Rgb<u8>, most: usize| {
        let mut lines = letters.lines(text, size, weight, wide);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                while !last.is_empty() && letters.width(&format!("{last}…"), size, weight) > wide {
                    last.pop();
                }
                last.push('…');
            }
        }
        for line in lines {
            top += size * 1.3;
            letter(&mut card, letters, &line, (left, top), size, weight, colour);
        }
        top += size * 0.35;
    };
    write(&said.store, 34.0, Weight::Bold, CABBAGE, 1);
    write(&said.name, 62.0, Weight::Bold, INK, 3);
    write(&said.price, 68.0, Weight::Bold, PRICE, 1);
    write(&said.origin, 32.0, Weight::Plain, SOFT, 2);
    letter(&mut card, letters, &said.market, (left, HEIGHT as f32 - 44.0), 28.0, Weight::Plain, SOFT);
    let mut png = Cursor::new(Vec::new());
    PngEncoder::new_with_quality(&mut png, CompressionType::Default, Filter::Adaptive)
        .write_image(card.as_raw(), WIDTH, HEIGHT, ExtendedColorType::Rgb8)
        .ok()?;
    Some(png.into_inner())
}

/// The middle of a photo, as large as the card is high.
fn square(photo: &[u8]) -> Option<RgbImage> {
    let photo = ImageReader::with_format(Cursor::new(photo), ImageFormat::Jpeg).decode().ok()?;
    Some(photo.resize_to_fill(HEIGHT, HEIGHT, FilterType::CatmullRom).to_rgb8())
}

/// The cloth over the stall, in stripes.
fn awning(card: &mut RgbImage, from: u32) {
    for y in 0..56 {
        for x in from..WIDTH {
            let stripe = if ((x - from) / 48).is_multiple_of(2) { CABBAGE } else { Rgb([246, 238, 222]) };
            // Each stripe ends in a half circle.
            let side = f64::from((x - from) % 48) - 23.5;
            let hem = 34.0 + (24.0f64.powi(2) - side.powi(2)).max(0.0).sqrt() * 0.85;
            if f64::from(y) < hem {
                card.put_pixel(x, y, stripe);
            }
        }
    }
}

/// Writes a line: the grid says how much of each pixel a letter covers.
fn letter(
    card: &mut RgbImage,
    letters: &Letters,
    text: &str,
    (x, y): (f32, f32),
    size: f32,
    weight: Weight,
    colour: Rgb<u8>,
) {
    let (wide, high) = ((letters.width(text, size, weight) + size) as usize, (size * 1.6) as usize);
    let mut grid = Rasterizer::new(wide, high);
    letters.face(weight).draw(text, (2.0, size * 1.15), size, &mut grid);
    let (left, top) = (x as i64 - 2, (y - size * 1.15) as i64);
    grid.for_each_pixel_2d(|dx, dy, cover| {
        let place = (u32::try_from(left + i64::from(dx)), u32::try_from(top + i64::from(dy)));
        let (Ok(x), Ok(y)) = place else { return };
        if let Some(pixel) = card.get_pixel_mut_checked(x, y) {
            let cover = cover.clamp(0.0, 1.0);
            for (under, over) in pixel.0.iter_mut().zip(colour.0) {
                *under = (f32::from(*under) * (1.0 - cover) + f32::from(over) * cover).round() as u8;
            }
        }
    });
}

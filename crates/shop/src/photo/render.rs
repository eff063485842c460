//! Turns a file into JPEGs of our widths: the format is sniffed, bombs are refused before they are
//! unpacked, the camera's rotation is applied, and nothing but the picture is written out.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::WIDTHS;
use crate::error::PhotoFault;
use crate::{Error, Result};

/// The most pixels a photo may have.
const MAX_PIXELS: u64 = 50_000_000;
/// The longest side; a strip of one pixel's height is no photo either.
const MAX_SIDE: u32 = 20_000;
/// What a decoder may take for itself: 50 MP of RGBA.
const MAX_MEMORY: u64 = 4 * MAX_PIXELS;
/// JPEG quality of what we keep.
const QUALITY: u8 = 82;

/// A photo in our widths.
pub(super) struct Rendered {
    /// Width, upright.
    pub(super) width: i64,
    /// Height, upright.
    pub(super) height: i64,
    /// Each width with its JPEG.
    pub(super) jpegs: Vec<(u32, Vec<u8>)>,
}

/// Decodes `file` and renders every width.
pub(super) fn all(file: &[u8]) -> Result<Rendered> {
    let photo = upright(file)?;
    let (width, height) = (i64::from(photo.width()), i64::from(photo.height()));
    let mut jpegs = Vec::with_capacity(WIDTHS.len());
    // From wide to narrow, each from the one before: the large original is walked once.
    let mut picture = flat(photo);
    for target in WIDTHS.into_iter().rev() {
        if picture.width() > target {
            let height =
                (u64::from(picture.height()) * u64::from(target)).div_ceil(u64::from(picture.width()));
            picture = picture.resize_exact(target, (height as u32).max(1), FilterType::CatmullRom);
        }
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture).map_err(|_| damaged())?;
        jpegs.push((target, jpeg));
    }
    Ok(Rendered { width, height, jpegs })
}

fn upright(file: &[u8]) -> Result<DynamicImage> {
    let format = sniff(file)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| match error {
        image::ImageError::Limits(_) => Error::Photo(PhotoFault::TooManyPixels),
        _ => damaged(),
    })?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Error::Photo(PhotoFault::TooManyPixels));
    }
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut photo = DynamicImage::from_decoder(decoder).map_err(|error| match error {
        image::ImageError::Limits(_) => Error::Photo(PhotoFault::TooManyPixels),
        _ => damaged(),
    })?;
    photo.apply_orientation(orientation);
    Ok(photo)
}

/// What the file is, by its first bytes; its name is not asked.
fn sniff(file: &[u8]) -> Result<ImageFormat> {
    match image::guess_format(file) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) => Ok(format),
        Ok(_) => Err(Error::Photo(PhotoFault::OtherKind)),
        Err(_) if is_heic(file) => Err(Error::Photo(PhotoFault::Heic)),
        Err(_) => Err(Error::Photo(PhotoFault::NotAPicture)),
    }
}

/// An iPhone's own format: an ISO file whose brand is one of HEIF's.
fn is_heic(file: &[u8]) -> bool {
    file.get(4..8) == Some(b"ftyp")
        && file.get(8..12).is_some_and(|brand| {
            [&b"heic"[..], b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"].contains(&brand)
        })
}

/// JPEG has no transparency: what shows through is paper.
fn flat(photo: DynamicImage) -> DynamicImage {
    if !photo.color().has_alpha() {
        return DynamicImage::ImageRgb8(photo.into_rgb8());
    }
    let mut paper = photo.into_rgba8();
    for pixel in paper.pixels_mut() {
        let alpha = u32::from(pixel[3]);
        for channel in 0..3 {
            pixel[channel] = ((u32::from(pixel[channel]) * alpha + 255 * (255 - alpha)) / 255) as u8;
        }
        pixel[3] = 255;
    }
    DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(paper).into_rgb8())
}

fn damaged() -> Error {
    Error::Photo(PhotoFault::Damaged)
}

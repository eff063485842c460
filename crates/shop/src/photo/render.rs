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

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgb};

    use super::*;

    const RED: Rgb<u8> = Rgb([220, 20, 20]);
    const BLUE: Rgb<u8> = Rgb([20, 20, 220]);

    /// Red on the left, blue on the right.
    fn halves(format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let halves = ImageBuffer::from_fn(64, 32, |x, _| if x < 32 { RED } else { BLUE });
        halves.write_to(&mut file, format).expect("encodes");
        file.into_inner()
    }

    /// The same JPEG as a camera writes it that was held on its side (EXIF orientation 6), with a note.
    fn held_on_its_side() -> Vec<u8> {
        let jpeg = halves(ImageFormat::Jpeg);
        let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        exif.extend(b"37.5665 N 126.9780 E");
        let length = (exif.len() as u16 + 2).to_be_bytes();
        [&jpeg[..2], &[0xff, 0xe1], &length[..], &exif[..], &jpeg[2..]].concat()
    }

    /// A PNG that says it is far larger than the bytes it has.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut png = halves(ImageFormat::Png);
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = png[12..29].iter().fold(!0_u32, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 * (sum & 1)))
        });
        png[29..33].copy_from_slice(&(!sum).to_be_bytes());
        png
    }

    #[test]
    fn a_photo_stands_upright_and_keeps_nothing_of_where_it_was_taken() {
        let file = held_on_its_side();
        assert!(file.windows(4).any(|word| word == b"37.5"));
        let photo = all(&file).expect("renders");
        assert_eq!((photo.width, photo.height), (32, 64));
        for (_, jpeg) in &photo.jpegs {
            assert!(!jpeg.windows(4).any(|word| word == b"Exif" || word == b"37.5"));
        }
        let shown = image::load_from_memory(&photo.jpegs[0].1).expect("decodes").into_rgb8();
        let (top, bottom) = (shown.get_pixel(16, 8), shown.get_pixel(16, 56));
        assert!(top[0] > 150 && bottom[2] > 150, "red went to the top: {top:?} over {bottom:?}");
    }

    #[test]
    fn every_kind_we_read_is_read() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let photo = all(&halves(format)).expect("renders");
            assert_eq!((photo.width, photo.jpegs.len()), (64, WIDTHS.len()), "{format:?}");
        }
    }

    #[test]
    fn bombs_strangers_and_torn_files_are_told_apart() {
        let fault = |file: &[u8]| match all(file) {
            Err(Error::Photo(fault)) => fault,
            _ => panic!("{} bytes were taken for a photo", file.len()),
        };
        assert!(matches!(fault(&bomb(60_000, 60_000)), PhotoFault::TooManyPixels));
        assert!(matches!(fault(&bomb(8_000, 7_000)), PhotoFault::TooManyPixels), "each side alone is fine");
        assert!(matches!(fault(b"this is no picture"), PhotoFault::NotAPicture));
        assert!(matches!(fault(b"GIF89a\x01\0\x01\0\0\0\0"), PhotoFault::OtherKind));
        assert!(matches!(fault(b"\0\0\0\x18ftypheic\0\0\0\0"), PhotoFault::Heic));
        let whole = halves(ImageFormat::Png);
        assert!(matches!(fault(&whole[..whole.len() / 2]), PhotoFault::Damaged));
    }
}

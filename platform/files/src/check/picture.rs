//! Pictures, made anew from their pixels.

use std::io::Cursor;

use gantry_files::Media;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::{Checked, Fault, Sniffed};

/// The most pixels that are decoded. What a phone takes has 12 million.
pub(super) const MOST_PIXELS: u64 = 24_000_000;
/// The longest side that is decoded.
pub(super) const LONGEST_SIDE: u32 = 12_000;
/// What decoding may take besides the pixels themselves.
const MOST_MEMORY: u64 = 200 << 20;
/// The longest side that is kept: print of a photographed page can be read.
const KEPT_SIDE: u32 = 3_000;
/// The longest side of the smaller form.
const SMALL_SIDE: u32 = 320;
const QUALITY: u8 = 85;

/// The formats of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Picture {
    Jpeg,
    Png,
    WebP,
}

impl Picture {
    pub(crate) const fn of(sniffed: Sniffed) -> Option<Self> {
        match sniffed {
            Sniffed::Jpeg => Some(Self::Jpeg),
            Sniffed::Png => Some(Self::Png),
            Sniffed::WebP => Some(Self::WebP),
            Sniffed::Pdf => None,
        }
    }

    const fn format(self) -> ImageFormat {
        match self {
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::WebP => ImageFormat::WebP,
        }
    }
}

/// Decodes a picture and encodes what was seen. Its size is asked of the header first, so that nothing is decoded that is too large.
pub(crate) fn make_anew(kind: Picture, bytes: &[u8]) -> Result<Checked, Fault> {
    if kind == Picture::Jpeg && !jpeg_ends(bytes) {
        return Err(Fault::Damaged("the picture breaks off".to_owned()));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind.format());
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    // The size is looked at before the limits are, as what a limit refuses says no size.
    reader.no_limits();
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MOST_PIXELS || width > LONGEST_SIDE || height > LONGEST_SIDE {
        return Err(Fault::TooLarge { width, height });
    }
    decoder.set_limits(limits).map_err(damaged)?;
    let orientation = decoder.orientation().map_err(damaged)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    if width > KEPT_SIDE || height > KEPT_SIDE {
        image = image.resize(KEPT_SIDE, KEPT_SIDE, FilterType::Triangle);
    }
    image.apply_orientation(orientation);
    let media = match kind {
        Picture::Png => Media::Png,
        Picture::WebP if image.color().has_alpha() => Media::Png,
        Picture::Jpeg | Picture::WebP => Media::Jpeg,
    };
    let small = image.thumbnail(SMALL_SIDE, SMALL_SIDE);
    let size = Some((image.width(), image.height()));
    Ok(Checked {
        media,
        full: encode(image, media)?,
        small: Some(encode(small, media)?),
        size,
    })
}

fn encode(image: DynamicImage, media: Media) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    if media == Media::Jpeg {
        let encoder = JpegEncoder::new_with_quality(&mut out, QUALITY);
        let written = image.into_rgb8().write_with_encoder(encoder);
        written.map_err(damaged)?;
        return Ok(out);
    }
    let plain = if image.color().has_alpha() {
        DynamicImage::ImageRgba8(image.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(image.into_rgb8())
    };
    let encoded = plain.write_to(&mut Cursor::new(&mut out), ImageFormat::Png);
    encoded.map_err(damaged)?;
    Ok(out)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what map_err hands over"
)]
fn damaged(error: image::ImageError) -> Fault {
    Fault::Damaged(error.to_string())
}

/// Whether the picture has an end after the beginning of its pixels. Decoders fill up with grey what is missing; the end of a preview in the
/// header must not pass for the picture's.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        let length = usize::from(u16::from_be_bytes([high, low]));
        at += 2 + length;
        if marker == 0xda {
            let pixels = bytes.get(at..).unwrap_or_default();
            return pixels.windows(2).any(|pair| pair == [0xff, 0xd9]);
        }
    }
    false
}

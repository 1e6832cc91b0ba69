//! Files that people bring.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A picture with something to see in it.
pub(crate) fn picture(width: u32, height: u32) -> DynamicImage {
    let shade = |n: u32| u8::try_from(n % 256).unwrap();
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([shade(x), shade(y), shade(x + y)])
    })
    .into()
}

pub(crate) fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// What the EXIF of [`photo`] says about where it was taken.
pub(crate) const PLACE: &[u8] = b"GPS 12.9716N 77.5946E";

/// A JPEG with EXIF that turns it by a quarter and says where it was taken, and with something after its end.
pub(crate) fn photo(width: u32, height: u32) -> Vec<u8> {
    let plain = encoded(&picture(width, height), ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    // Orientation 6, and an ImageDescription that holds the place.
    exif.extend_from_slice(&[0x01, 0x0e, 0, 2, 0, 0, 0, 21, 0, 0, 0, 38]);
    exif.extend_from_slice(&[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]);
    exif.extend_from_slice(&[0; 4]);
    exif.extend_from_slice(PLACE);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let (start, rest) = plain.split_at(2);
    let tail = b"<script>alert(1)</script>";
    [start, &[0xff, 0xe1], &length, &exif, rest, tail].concat()
}

/// A document whose objects are `objects`.
pub(crate) fn document(objects: &str) -> Vec<u8> {
    let body = format!("%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n{objects}");
    let table = "xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Root 1 0 R >>\n";
    let at = body.len();
    format!("{body}{table}startxref\n{at}\n%%EOF\n").into_bytes()
}

/// A PNG that says it is this large and holds next to nothing.
pub(crate) fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut png = encoded(&picture(1, 1), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png
}

/// The checksum of a chunk of a PNG (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

//! What a file really is. Nothing here trusts a name or a header, and nothing touches anything but the bytes it is given.

mod pdf;
mod picture;

use gantry_files::Media;

pub(crate) use pdf::look_into;
pub(crate) use picture::{Picture, make_anew};

/// What the first bytes of a file are of, of the types that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// PDF.
    Pdf,
}

/// Why what a file holds is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It does not hold what its beginning promises.
    #[error("the file cannot be read: {0}")]
    Damaged(String),
    /// More pixels than are decoded.
    #[error("the picture has {width} x {height} pixels; up to {} megapixels are taken, and {} on a side", picture::MOST_PIXELS / 1_000_000, picture::LONGEST_SIDE)]
    TooLarge {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// A PDF with what a document does not need, by the name it has there.
    #[error("the document holds {0}, which no document here may")]
    Active(String),
}

impl Sniffed {
    /// By the first bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::WebP),
            _ if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => Some(Self::Png),
            _ if bytes.starts_with(b"%PDF-") => Some(Self::Pdf),
            _ => None,
        }
    }

    /// By a media type with or without parameters.
    pub fn declared(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence {
            "image/jpeg" => Some(Self::Jpeg),
            "image/png" => Some(Self::Png),
            "image/webp" => Some(Self::WebP),
            "application/pdf" => Some(Self::Pdf),
            _ => None,
        }
    }

    pub(crate) const fn said(self) -> &'static str {
        match self {
            Self::Jpeg => "it is image/jpeg",
            Self::Png => "it is image/png",
            Self::WebP => "it is image/webp",
            Self::Pdf => "it is application/pdf",
        }
    }
}

/// A file that may be kept.
pub(crate) struct Checked {
    pub(crate) media: Media,
    pub(crate) full: Vec<u8>,
    pub(crate) small: Option<Vec<u8>>,
    pub(crate) size: Option<(u32, u32)>,
}

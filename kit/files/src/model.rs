//! What a file is.

use std::fmt;
use std::str::FromStr;

use gantry_db::from_row;
use gantry_kernel::{IdentityId, Text, Timestamp, define_id, text_value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

define_id! {
    /// A file of one tenant.
    pub struct FileId;
}

/// What somebody called it; only ever shown, never a path.
pub type FileName = Text<1, 200>;

/// A stored word that this program does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownWord;

macro_rules! words {
    ($(#[$meta:meta])* $kind:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        $(#[$meta])*
        pub enum $kind { $($(#[$doc])* #[serde(rename = $word)] $variant),+ }

        impl $kind {
            /// The stored and published word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl FromStr for $kind {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err(UnknownWord) }
            }
        }
        text_value!($kind);
    };
}

words! {
    #[schemars(rename = "FileMedia")]
    /// What is stored. A WebP image becomes one of the other two when it comes in.
    Media {
        /// A photograph.
        Jpeg = "image/jpeg",
        /// An image that may be transparent.
        Png = "image/png",
        /// A document.
        Pdf = "application/pdf",
    }
}

impl Media {
    /// Whether it was made anew from pixels, so that a browser may show it in its place.
    pub const fn is_image(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png)
    }

    /// The usual ending of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }
}

words! {
    #[schemars(rename = "FileState")]
    /// How far a file has come.
    State {
        /// Its bytes are on their way to the store.
        Arriving = "arriving",
        /// It is there, and nobody may have it before it was looked into.
        Quarantined = "quarantined",
        /// It may be read.
        Clean = "clean",
        /// It holds what no file may hold; nobody may have it.
        Refused = "refused",
        /// Its bytes are being deleted.
        Removing = "removing",
    }
}

words! {
    #[schemars(rename = "FileVariant")]
    /// Which of a file's forms.
    Variant {
        /// All of it.
        Full = "full",
        /// Of an image: no side longer than 320 pixels.
        Small = "small",
    }
}

/// Which kind of record holds a file, as `module.noun`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder(pub &'static str);

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// Identifier.
    pub id: FileId,
    /// How far it has come.
    pub state: State,
    /// What is stored.
    pub media: Media,
    /// What it was called where it came from.
    pub name: Option<FileName>,
    /// How much room it takes, its smaller form included.
    pub bytes: i64,
    /// SHA-256 of what a link to all of it gives, in hexadecimal.
    pub sha256: String,
    /// Of an image, in pixels.
    pub width: Option<i64>,
    /// Of an image, in pixels.
    pub height: Option<i64>,
    /// Why it was refused.
    pub refusal: Option<String>,
    /// Who uploaded it.
    pub uploaded_by: IdentityId,
    /// Since when a record holds it.
    pub attached_at: Option<Timestamp>,
    /// When that record let go of it.
    pub removed_at: Option<Timestamp>,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

from_row!(File {
    id,
    state,
    media,
    name,
    bytes,
    sha256,
    width,
    height,
    refusal,
    uploaded_by,
    attached_at,
    removed_at,
    created_at,
});

impl File {
    /// Whether a link to it would open it.
    pub const fn is_readable(&self) -> bool {
        matches!(self.state, State::Clean) && self.removed_at.is_none()
    }
}

//! Codes of what is sold.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use gantry_kernel::text_value;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::gstin::checked_text;

/// A code of goods (HSN) or services (SAC): four, six or eight digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hsn(String);

checked_text!(Hsn, "Hsn", {
    "type": "string", "pattern": "^([0-9]{4}|[0-9]{6}|[0-9]{8})$", "examples": ["999294"]
});

/// The text is no such code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an HSN or SAC code has four, six or eight digits")]
pub struct NotAnHsn;

impl FromStr for Hsn {
    type Err = NotAnHsn;

    fn from_str(text: &str) -> Result<Self, NotAnHsn> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && matches!(text.len(), 4 | 6 | 8) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnHsn)
        }
    }
}

impl fmt::Display for Hsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

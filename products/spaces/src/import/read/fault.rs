//! What is wrong with a file, a line or a cell, in words that let the person who has the file repair it:
//! every fault names a stable code, the reason and the fix.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest part of a cell's value that a fault repeats, in characters.
const MAX_VALUE: usize = 80;

/// A whole file that cannot be imported as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct FileFault {
    /// Stable code.
    pub code: &'static str,
    /// What was found.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

impl FileFault {
    pub(super) fn new(
        code: &'static str,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            code,
            reason: reason.into(),
            fix: fix.into(),
        }
    }

    pub(super) fn empty() -> Self {
        Self::new(
            "empty_file",
            "the file is empty",
            "export the sheet again and look at the file before uploading it",
        )
    }

    pub(super) fn not_csv(what: &str) -> Self {
        Self::new(
            "not_csv",
            format!("the file is {what}, not CSV"),
            "open it in the spreadsheet program and save it as \"CSV UTF-8\"",
        )
    }
}

/// A column of the uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Position in the file; the first column is 1.
    pub number: u32,
    /// The column's name as the header has it.
    pub header: String,
}

/// One thing that is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// The column at fault; absent when the line as a whole is.
    pub column: Option<Column>,
    /// Stable code, e.g. `phone_scientific`.
    pub code: Cow<'static, str>,
    /// What the cell holds, shortened, with control characters made visible.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
    /// What to do about it.
    pub fix: String,
}

/// A fault of a value that does not know yet in which cell it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

impl Refusal {
    /// A refusal with its words.
    pub fn new(code: &'static str, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
            fix: fix.into(),
        }
    }

    /// The refusal of `value` in `column`.
    pub fn at(self, column: Option<Column>, value: &str) -> Fault {
        Fault {
            column,
            code: Cow::Borrowed(self.code),
            value: shortened(value, MAX_VALUE),
            reason: self.reason,
            fix: self.fix,
        }
    }
}

/// `text` cut to `max` characters with an ellipsis, every control character shown by its picture (U+2400
/// and up), so that it can be stored, logged and printed anywhere.
pub fn shortened(text: &str, max: usize) -> String {
    let mut short: String = text.chars().take(max).map(visible).collect();
    if text.chars().nth(max).is_some() {
        short.push('…');
    }
    short
}

fn visible(c: char) -> char {
    match c {
        '\u{0}'..='\u{1F}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{FFFD}'),
        '\u{7F}' => '\u{2421}',
        '\u{80}'..='\u{9F}' => '\u{FFFD}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_by_characters_and_made_visible() {
        assert_eq!(shortened("a\u{0}b\nc", 10), "a␀b␊c");
        assert_eq!(shortened("ééééé", 3), "ééé…");
        assert_eq!(shortened("abc", 3), "abc");
    }
}

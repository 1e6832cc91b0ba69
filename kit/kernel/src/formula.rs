//! Protection of the person who opens an export: a cell that a spreadsheet would take for a formula is
//! given an apostrophe (OWASP, CSV Injection), and whoever reads it back takes exactly that apostrophe away again.

use std::borrow::Cow;

/// Whether a spreadsheet might run a cell with this text: it begins with `=`, `+`, `-`, `@`, a tabulator
/// or a carriage return, or a full-width form of a sign, after any number of apostrophes. (Counting the
/// apostrophes in makes the protection reversible for text that begins with one itself.)
#[must_use]
pub fn is_dangerous(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}',
    ])
}

/// The text to write into an export.
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_dangerous(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_get_one_apostrophe_and_names_none() {
        for text in [
            "=1+1",
            "+919000000001",
            "-2",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "'=1",
            "＝1",
        ] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        for text in ["Ravi", "a=b", "'Amma", "", "'"] {
            assert_eq!(guarded(text), text);
        }
    }
}

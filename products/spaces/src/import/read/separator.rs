//! Which character stands between cells. Spreadsheets use the semicolon where the comma is the decimal
//! sign, and the tab for "Unicode text".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{field, records::Records};

/// The character between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// The tabulator.
    Tab,
    /// `|`
    Pipe,
}

/// In the order in which they win when nothing tells them apart.
pub const ALL: [Separator; 4] = [
    Separator::Comma,
    Separator::Semicolon,
    Separator::Tab,
    Separator::Pipe,
];

/// Records looked at to tell separators apart.
const SAMPLE: usize = 20;

impl Separator {
    /// The character as a byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }

    /// The stable text of the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
            Self::Pipe => "pipe",
        }
    }

    /// The most plausible separator of `text`: the one under which most column names are known, then the
    /// one that cuts most lines into equally many cells, then the one that cuts the header at all.
    pub fn detect(text: &str) -> Self {
        let mut best = (Self::Comma, (0, 0, false));
        for candidate in ALL {
            let score = candidate.score(text);
            if score > best.1 {
                best = (candidate, score);
            }
        }
        best.0
    }

    fn score(self, text: &str) -> (usize, usize, bool) {
        let sample: Vec<_> = Records::new(text, self)
            .filter(|r| !r.is_blank())
            .take(SAMPLE)
            .collect();
        let known = sample
            .iter()
            .map(|r| field::known(&r.cells))
            .max()
            .unwrap_or(0);
        let width = sample.first().map_or(0, |r| r.width);
        let even = sample
            .iter()
            .filter(|r| r.width == width && r.width > 1)
            .count();
        (known, even, width > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_decides_even_when_cells_hold_other_separators() {
        for separator in ALL {
            let s = char::from(separator.byte());
            let text = format!("Name{s}Phone\n\"a;b,c\t|\"{s}1\n\"d,e\"{s}2\n");
            assert_eq!(Separator::detect(&text), separator);
        }
        assert_eq!(Separator::detect("x;y\n1;2,3\n4;5\n"), Separator::Semicolon);
        assert_eq!(Separator::detect("Name\nRavi\n"), Separator::Comma);
    }
}

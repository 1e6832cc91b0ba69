//! Numbers of documents: gap-free in each branch, kind and financial year. The rule of the tax office is at most sixteen characters, of letters,
//! digits, `-` and `/`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use gantry_kernel::{CivilDate, text_value};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::gstin::checked_text;

/// Kinds of documents, each with a series of its own.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What is to be paid, and for what.
    Invoice,
    /// That something was paid.
    Receipt,
    /// What is taken back of an invoice.
    CreditNote,
}

text_value!(Kind);

/// The text names no kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of document")]
pub struct NotAKind;

impl Kind {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Receipt => "receipt",
            Self::CreditNote => "credit_note",
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Invoice => 'I',
            Self::Receipt => 'R',
            Self::CreditNote => 'C',
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Self, NotAKind> {
        [Self::Invoice, Self::Receipt, Self::CreditNote]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(NotAKind)
    }
}

/// India's financial year, from April to March.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiscalYear(i16);

impl FiscalYear {
    /// The one that a day lies in.
    pub fn of(day: CivilDate) -> Self {
        let day = day.to_jiff();
        Self(day.year() - i16::from(day.month() < 4))
    }

    /// The year it begins in.
    pub const fn begins(self) -> i16 {
        self.0
    }
}

impl fmt::Display for FiscalYear {
    /// `2627` is April 2026 to March 2027.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}{:02}",
            self.0.rem_euclid(100),
            (self.0 + 1).rem_euclid(100)
        )
    }
}

/// What a branch's numbers begin with: one to three capital letters or digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prefix(String);

checked_text!(Prefix, "NumberPrefix", {
    "type": "string", "pattern": "^[A-Z0-9]{1,3}$", "examples": ["PUN"]
});

/// The text is no prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a prefix has one to three capital letters or digits")]
pub struct NotAPrefix;

impl FromStr for Prefix {
    type Err = NotAPrefix;

    fn from_str(text: &str) -> Result<Self, NotAPrefix> {
        let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if (1..=3).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAPrefix)
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Prefix {
    /// The number in a series, `PUN/I2627/00042`. Sixteen characters hold 999,999 of them; `None` beyond.
    pub fn number(&self, kind: Kind, year: FiscalYear, number: i64) -> Option<String> {
        (1..=999_999)
            .contains(&number)
            .then(|| format!("{self}/{}{year}/{number:05}", kind.letter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> CivilDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_financial_year_goes_from_april_to_march() {
        for (text, year) in [
            ("2026-03-31", "2526"),
            ("2026-04-01", "2627"),
            ("2027-03-31", "2627"),
            ("1999-12-31", "9900"),
            ("2100-01-01", "9900"),
        ] {
            assert_eq!(FiscalYear::of(day(text)).to_string(), year, "{text}");
        }
        assert!(FiscalYear::of(day("1999-12-31")) < FiscalYear::of(day("2100-01-01")));
    }

    #[test]
    fn numbers_have_at_most_sixteen_characters() {
        let prefix: Prefix = "PUN".parse().unwrap();
        let year = FiscalYear::of(day("2026-04-01"));
        let number = |number| prefix.number(Kind::Invoice, year, number);
        assert_eq!(number(42).as_deref(), Some("PUN/I2627/00042"));
        assert_eq!(number(999_999).map(|text| text.len()), Some(16));
        assert_eq!((number(0), number(1_000_000)), (None, None));
        for wrong in ["", "ABCD", "ab", "A-", "É"] {
            assert!(wrong.parse::<Prefix>().is_err(), "{wrong}");
        }
    }
}

//! Telephone numbers: what people and spreadsheets write, read into E.164 or refused with the reason.
//!
//! A number without a country code is Indian. Sources: ITU-T E.164 (at most 15 digits, the first not 0)
//! and the Indian national numbering plan (mobile numbers have ten digits and begin with 6 to 9).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::import::read::fault::Refusal;

/// A number in E.164: `+919000000001`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

gantry_kernel::text_value!(Phone);

/// Why a text is not a number one can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPhone {
    /// Nothing there.
    #[error("there is no number")]
    Empty,
    /// A spreadsheet rounded it: `9.87654E+09`.
    #[error("a spreadsheet has rounded the number and digits are lost")]
    Scientific,
    /// Digits hidden behind `X` or `*`.
    #[error("digits of the number are masked")]
    Masked,
    /// More than one number.
    #[error("there is more than one number")]
    Several,
    /// Letters or signs that numbers do not have.
    #[error("the number contains other characters than digits")]
    Letters,
    /// Too few digits.
    #[error("the number has too few digits")]
    TooShort,
    /// Too many digits.
    #[error("the number has too many digits")]
    TooLong,
    /// Ten digits that do not begin with 6 to 9.
    #[error("an Indian mobile number begins with 6, 7, 8 or 9")]
    NotMobile,
    /// Eleven to fifteen digits of no recognisable country.
    #[error("the country of the number is not clear")]
    CountryUnclear,
    /// One digit repeated, as typed to get past a form.
    #[error("the number is a placeholder")]
    Placeholder,
}

impl NotAPhone {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "phone_missing",
            Self::Scientific => "phone_scientific",
            Self::Masked => "phone_masked",
            Self::Several => "phone_several",
            Self::Letters => "phone_letters",
            Self::TooShort => "phone_too_short",
            Self::TooLong => "phone_too_long",
            Self::NotMobile => "phone_not_mobile",
            Self::CountryUnclear => "phone_country_unclear",
            Self::Placeholder => "phone_placeholder",
        }
    }

    const fn fix(self) -> &'static str {
        match self {
            Self::Empty => "enter a mobile number",
            Self::Scientific => {
                "format the column as text in the spreadsheet, enter the number again and export"
            }
            Self::Masked => "enter the whole number",
            Self::Several => "keep one number in this cell",
            Self::Letters => "write digits only, e.g. 98765 43210; look for a letter O or l",
            Self::TooShort => "an Indian mobile number has ten digits",
            Self::TooLong => "an Indian mobile number has ten digits, any other at most fifteen",
            Self::NotMobile => {
                "enter a mobile number, or write + and the country code if it is not Indian"
            }
            Self::CountryUnclear => "write + and the country code before the number",
            Self::Placeholder => "enter the person's own number",
        }
    }
}

impl From<NotAPhone> for Refusal {
    fn from(fault: NotAPhone) -> Self {
        Self::new(fault.code(), fault.to_string(), fault.fix())
    }
}

impl Phone {
    /// The number in E.164.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without the plus sign, as searching uses them.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Phone {
    type Err = NotAPhone;

    fn from_str(raw: &str) -> Result<Self, NotAPhone> {
        let text = unwrapped(raw);
        if text.is_empty() {
            return Err(NotAPhone::Empty);
        }
        let text = match exact_number(&text) {
            Some(number) => number?,
            None => text,
        };
        let (international, digits) = digits(&text)?;
        if international {
            abroad(&digits)
        } else {
            indian(&digits)
        }
    }
}

/// Without what spreadsheets and address books put around a number: white space, the apostrophe that marks
/// text, `="..."`, and invisible direction marks.
fn unwrapped(raw: &str) -> String {
    let invisible = |c: &char| !matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
    let text: String = raw.chars().filter(invisible).collect();
    let text = text.trim().trim_start_matches(['\'', '\u{2019}']);
    let text = text
        .strip_prefix("=\"")
        .and_then(|t| t.strip_suffix('"'))
        .unwrap_or(text);
    text.trim().to_owned()
}

/// A cell that a spreadsheet wrote as a number: `9876543210.0` and `9.87654E+09`. Only a mantissa with
/// all its digits still says which number it was.
fn exact_number(text: &str) -> Option<Result<String, NotAPhone>> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.trim_start_matches('+').parse().ok()?),
        None => (text, 0usize),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let numeric = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !numeric(whole) || !numeric(fraction) {
        return None;
    }
    if exponent == 0 {
        let zeros = !fraction.is_empty() && fraction.bytes().all(|b| b == b'0');
        return (zeros && whole.len() >= 10).then(|| Ok(whole.to_owned()));
    }
    match (fraction.get(..exponent), fraction.get(exponent..)) {
        (Some(kept), Some(rest)) if rest.bytes().all(|b| b == b'0') => {
            Some(Ok(format!("{whole}{kept}")))
        }
        _ => Some(Err(NotAPhone::Scientific)),
    }
}

/// Whether the number carries its country code, and its digits.
fn digits(text: &str) -> Result<(bool, String), NotAPhone> {
    let mut digits = String::new();
    let mut plus = 0;
    let mut divided = false;
    let mut masked = false;
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            // Devanagari and full-width digits.
            '\u{966}'..='\u{96F}' => digits.extend(char::from_digit(u32::from(c) - 0x966, 10)),
            '\u{FF10}'..='\u{FF19}' => digits.extend(char::from_digit(u32::from(c) - 0xFF10, 10)),
            '+' if digits.is_empty() && plus == 0 => plus = 1,
            '+' | '/' | ',' | ';' | '&' | '|' | '\n' => divided = true,
            '-' | '.' | '(' | ')' | ' ' | '\u{A0}' | '\u{2010}'..='\u{2015}' | '\u{202F}' => {}
            'x' | 'X' | '*' | '•' => masked = true,
            _ => return Err(NotAPhone::Letters),
        }
    }
    match (masked, divided) {
        (true, _) => Err(NotAPhone::Masked),
        (_, true) if digits.len() >= 16 => Err(NotAPhone::Several),
        (_, true) => Err(NotAPhone::Letters),
        _ if digits.is_empty() => Err(NotAPhone::Empty),
        _ => {
            let international = plus == 1 || digits.starts_with("00");
            let digits = if plus == 0 && international {
                digits.trim_start_matches('0').to_owned()
            } else {
                digits
            };
            Ok((international, digits))
        }
    }
}

fn abroad(digits: &str) -> Result<Phone, NotAPhone> {
    if let Some(national) = digits.strip_prefix("91") {
        return mobile(national.strip_prefix('0').unwrap_or(national));
    }
    match digits.len() {
        _ if digits.starts_with('0') => Err(NotAPhone::CountryUnclear),
        0..=7 => Err(NotAPhone::TooShort),
        8..=15 => Ok(Phone(format!("+{digits}"))),
        _ => Err(NotAPhone::TooLong),
    }
}

fn indian(digits: &str) -> Result<Phone, NotAPhone> {
    let national = digits.strip_prefix('0').unwrap_or(digits);
    match national.len() {
        0..=9 => Err(NotAPhone::TooShort),
        10 => mobile(national),
        12 if national.starts_with("91") => mobile(&national[2..]),
        11..=15 => Err(NotAPhone::CountryUnclear),
        _ => Err(NotAPhone::TooLong),
    }
}

/// The ten digits of an Indian mobile number.
fn mobile(national: &str) -> Result<Phone, NotAPhone> {
    let first = national.bytes().next().unwrap_or_default();
    match national.len() {
        0..=9 => Err(NotAPhone::TooShort),
        10 if national.bytes().all(|b| b == first) => Err(NotAPhone::Placeholder),
        10 if first >= b'6' => Ok(Phone(format!("+91{national}"))),
        10 => Err(NotAPhone::NotMobile),
        _ => Err(NotAPhone::TooLong),
    }
}

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Phone {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Phone".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Telephone number; answered in E.164, accepted as people write it (without a country code it is Indian).",
            "examples": ["+919000000001"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_make_of_a_number_is_read() {
        for raw in [
            "9876543210",
            " 98765 43210 ",
            "+91 98765-43210",
            "+91-9876543210",
            "919876543210",
            "09876543210",
            "0919876543210",
            "00919876543210",
            "+91 (0) 98765 43210",
            "'9876543210",
            "'+919876543210",
            "=\"9876543210\"",
            "9876543210.0",
            "9876543210.00",
            "9.876543210E+09",
            "98765.43210",
            "\u{202A}+91 98765 43210\u{202C}",
            "98765\u{A0}43210",
            "98765–43210",
            "९८७६५४३२१०",
        ] {
            assert_eq!(
                raw.parse::<Phone>().as_ref().map(Phone::as_str),
                Ok("+919876543210"),
                "{raw}"
            );
        }
        assert_eq!(
            "+44 20 7946 0123"
                .parse::<Phone>()
                .expect("parses")
                .as_str(),
            "+442079460123"
        );
        assert_eq!(
            "0044 20 7946 0123"
                .parse::<Phone>()
                .expect("parses")
                .as_str(),
            "+442079460123"
        );
    }

    #[test]
    fn what_cannot_be_known_is_refused_by_its_cause() {
        use NotAPhone::*;
        for (raw, expected) in [
            ("", Empty),
            (" ' ", Empty),
            ("--", Empty),
            ("9.87654E+09", Scientific),
            ("9.87654321E+09", Scientific),
            ("9.88E+9", Scientific),
            ("98765XXXXX", Masked),
            ("98765*****", Masked),
            ("9876543210/9876543211", Several),
            ("9876543210, 9876543211", Several),
            ("98765O3210", Letters),
            ("call father", Letters),
            ("98765/3210", Letters),
            ("987654321", TooShort),
            ("+91 98765 4321", TooShort),
            ("+4412", TooShort),
            ("98765432101234567", TooLong),
            ("+9198765432101", TooLong),
            ("02226543210", NotMobile),
            ("1234567890", NotMobile),
            ("442079460123", CountryUnclear),
            ("98765432101", CountryUnclear),
            ("9999999999", Placeholder),
            ("0000000000", TooShort),
        ] {
            assert_eq!(raw.parse::<Phone>(), Err(expected), "{raw}");
        }
    }
}

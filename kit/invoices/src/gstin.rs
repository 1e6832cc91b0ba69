//! Numbers of registered businesses, and the states they are registered in.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use gantry_kernel::text_value;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! checked_text {
    ($kind:ident, $name:literal, $schema:tt) => {
        text_value!($kind);

        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(from)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
        impl schemars::JsonSchema for $kind {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
pub(crate) use checked_text;

/// The states and union territories with their GST codes.
const STATES: &[(u8, &str)] = &[
    (1, "Jammu and Kashmir"),
    (2, "Himachal Pradesh"),
    (3, "Punjab"),
    (4, "Chandigarh"),
    (5, "Uttarakhand"),
    (6, "Haryana"),
    (7, "Delhi"),
    (8, "Rajasthan"),
    (9, "Uttar Pradesh"),
    (10, "Bihar"),
    (11, "Sikkim"),
    (12, "Arunachal Pradesh"),
    (13, "Nagaland"),
    (14, "Manipur"),
    (15, "Mizoram"),
    (16, "Tripura"),
    (17, "Meghalaya"),
    (18, "Assam"),
    (19, "West Bengal"),
    (20, "Jharkhand"),
    (21, "Odisha"),
    (22, "Chhattisgarh"),
    (23, "Madhya Pradesh"),
    (24, "Gujarat"),
    (26, "Dadra and Nagar Haveli and Daman and Diu"),
    (27, "Maharashtra"),
    (29, "Karnataka"),
    (30, "Goa"),
    (31, "Lakshadweep"),
    (32, "Kerala"),
    (33, "Tamil Nadu"),
    (34, "Puducherry"),
    (35, "Andaman and Nicobar Islands"),
    (36, "Telangana"),
    (37, "Andhra Pradesh"),
    (38, "Ladakh"),
    (97, "Other Territory"),
];

/// The code of a state or union territory: two digits, such as `27` for Maharashtra.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateCode(u8);

checked_text!(StateCode, "StateCode", {
    "type": "string", "pattern": "^[0-9]{2}$", "examples": ["27"]
});

/// The text is no code of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a state: expected its two-digit GST code, such as 27 for Maharashtra")]
pub struct NotAState;

impl StateCode {
    /// The state's name.
    pub fn name(self) -> &'static str {
        STATES
            .iter()
            .find(|(code, _)| *code == self.0)
            .map_or("", |(_, name)| name)
    }
}

impl FromStr for StateCode {
    type Err = NotAState;

    fn from_str(text: &str) -> Result<Self, NotAState> {
        let two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let code = text.parse().ok().filter(|_| two).ok_or(NotAState)?;
        STATES
            .iter()
            .any(|(known, _)| *known == code)
            .then_some(Self(code))
            .ok_or(NotAState)
    }
}

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// A GSTIN: state, PAN, number of the registration, `Z`, check digit. Its check digit is right.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Gstin(String);

checked_text!(Gstin, "Gstin", {
    "type": "string", "pattern": "^[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]Z[0-9A-Z]$", "examples": ["27AAPFU0939F1ZV"]
});

/// Why a text is no GSTIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAGstin {
    /// Another length or other characters.
    #[error(
        "a GSTIN has 15 characters: two digits of the state, the PAN, a sign, Z and a check digit"
    )]
    Shape,
    /// No such state.
    #[error("a GSTIN begins with the code of a state")]
    State,
    /// The last character does not follow from the others.
    #[error("the check digit of this GSTIN is wrong; one character was mistyped")]
    CheckDigit,
}

impl Gstin {
    /// The state of the registration.
    pub fn state(&self) -> Option<StateCode> {
        self.0.get(..2).and_then(|code| code.parse().ok())
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The character that follows from the first fourteen: each as a digit to base 36, every second one doubled, and the digits of what comes
/// out added up.
fn check_digit(first: &[u8]) -> Option<u8> {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut sum = 0;
    for (at, byte) in first.iter().enumerate() {
        let digit = DIGITS.iter().position(|known| known == byte)?;
        let product = digit * (1 + at % 2);
        sum += product / 36 + product % 36;
    }
    DIGITS.get((36 - sum % 36) % 36).copied()
}

impl FromStr for Gstin {
    type Err = NotAGstin;

    fn from_str(text: &str) -> Result<Self, NotAGstin> {
        let text = text.trim().to_ascii_uppercase();
        let bytes = text.as_bytes();
        if bytes.len() != 15 {
            return Err(NotAGstin::Shape);
        }
        let shaped = bytes.iter().enumerate().all(|(at, byte)| match at {
            0 | 1 | 7..=10 => byte.is_ascii_digit(),
            2..=6 | 11 => byte.is_ascii_uppercase(),
            13 => *byte == b'Z',
            _ => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        });
        if !shaped {
            return Err(NotAGstin::Shape);
        }
        if text[..2].parse::<StateCode>().is_err() {
            return Err(NotAGstin::State);
        }
        if check_digit(&bytes[..14]) != Some(bytes[14]) {
            return Err(NotAGstin::CheckDigit);
        }
        Ok(Self(text))
    }
}

impl fmt::Display for Gstin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_numbers_are_taken() {
        for text in [
            "27AAPFU0939F1ZV",
            " 27aapfu0939f1zv ",
            "29AAGCB7383J1Z4",
            "09AAACI1681G1ZN",
        ] {
            let gstin: Result<Gstin, _> = text.parse();
            assert!(gstin.is_ok(), "{text}: {gstin:?}");
        }
        let gstin: Gstin = "27AAPFU0939F1ZV".parse().unwrap();
        assert_eq!(gstin.state().unwrap().name(), "Maharashtra");
    }

    #[test]
    fn others_are_refused_for_what_is_wrong() {
        for (text, fault) in [
            ("", NotAGstin::Shape),
            ("27AAPFU0939F1Z", NotAGstin::Shape),
            ("27AAPFU0939F1XV", NotAGstin::Shape),
            ("2XAAPFU0939F1ZV", NotAGstin::Shape),
            ("27AAPFU0939F1Zé", NotAGstin::Shape),
            ("28AAPFU0939F1ZV", NotAGstin::State),
            ("27AAPFU0939F1ZW", NotAGstin::CheckDigit),
            ("27AAPFU0993F1ZV", NotAGstin::CheckDigit),
        ] {
            assert_eq!(text.parse::<Gstin>(), Err(fault), "{text}");
        }
    }

    proptest! {
        /// One wrong character never goes unnoticed.
        #[test]
        fn one_mistyped_character_is_noticed(at in 2_usize..15, digit in 0_usize..36) {
            const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
            let mut bytes = b"27AAPFU0939F1ZV".to_vec();
            prop_assume!(bytes[at] != DIGITS[digit]);
            bytes[at] = DIGITS[digit];
            prop_assert!(String::from_utf8(bytes).unwrap().parse::<Gstin>().is_err());
        }
    }
}

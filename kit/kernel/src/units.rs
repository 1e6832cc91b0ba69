//! Lengths of time and sizes the way people write them in configuration: `15m`, `1h30m`, `10MiB`.
//!
//! A bare number is refused for a time: `timeout = 30` has been read as seconds, milliseconds and
//! minutes by three people on the same team. The unit is part of the value.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

const TIME_UNITS: [(&str, u64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

const SIZE_UNITS: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

/// A length of time, in whole milliseconds, written as `500ms`, `30s`, `15m`, `12h`, `7d`, `2w` or
/// a sum from large to small such as `1h30m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(u64);

impl Period {
    /// This many milliseconds.
    pub const fn millis(n: u64) -> Self {
        Self(n)
    }

    /// This many seconds.
    pub const fn seconds(n: u64) -> Self {
        Self(n.saturating_mul(1_000))
    }

    /// This many minutes.
    pub const fn minutes(n: u64) -> Self {
        Self(n.saturating_mul(60_000))
    }

    /// This many hours.
    pub const fn hours(n: u64) -> Self {
        Self(n.saturating_mul(3_600_000))
    }

    /// This many days of 24 hours.
    pub const fn days(n: u64) -> Self {
        Self(n.saturating_mul(86_400_000))
    }

    /// As the standard library's duration.
    pub const fn get(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        period.get()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        // Weeks are read but never written: `14d` is what people expect to see again.
        for (unit, millis) in TIME_UNITS.into_iter().skip(1) {
            if rest >= millis {
                write!(f, "{}{unit}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

/// Why a text is not a [`Period`] or a [`ByteSize`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a length of time.
    #[error("{0:?} is not a length of time; write it like 500ms, 30s, 15m, 12h, 7d or 1h30m")]
    Period(String),
    /// Not a size.
    #[error("{0:?} is not a size; write it like 512KiB, 10MiB, 1GiB or a number of bytes")]
    Size(String),
}

impl FromStr for Period {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refuse = || UnitError::Period(text.to_owned());
        let mut rest = text.trim();
        let mut total: u64 = 0;
        let mut largest = u64::MAX;
        if rest.is_empty() {
            return Err(refuse());
        }
        while !rest.is_empty() {
            let (number, tail) = split_where(rest, |c| !c.is_ascii_digit());
            let (unit, tail) = split_where(tail, |c| c.is_ascii_digit());
            let number: u64 = number.parse().map_err(|_| refuse())?;
            let millis = unit_of(&TIME_UNITS, unit.trim()).ok_or_else(refuse)?;
            if millis >= largest {
                return Err(refuse());
            }
            largest = millis;
            total = number
                .checked_mul(millis)
                .and_then(|part| total.checked_add(part))
                .ok_or_else(refuse)?;
            rest = tail;
        }
        Ok(Self(total))
    }
}

/// A number of bytes, written as `512KiB`, `10MiB`, `1GiB` (powers of 1,024), `1MB` (powers of
/// 1,000) or a bare number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// This many bytes.
    pub const fn bytes(n: u64) -> Self {
        Self(n)
    }

    /// This many times 1,024 bytes.
    pub const fn kib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 10))
    }

    /// This many times 1,048,576 bytes.
    pub const fn mib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 20))
    }

    /// In bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = SIZE_UNITS.into_iter().find(|(unit, bytes)| {
            unit.contains('i') && self.0 >= *bytes && self.0.is_multiple_of(*bytes)
        });
        match exact {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refuse = || UnitError::Size(text.to_owned());
        let (number, unit) = split_where(text.trim(), |c| !c.is_ascii_digit());
        let number: u64 = number.parse().map_err(|_| refuse())?;
        let unit = unit.trim();
        let bytes = if unit.is_empty() {
            1
        } else {
            unit_of(&SIZE_UNITS, unit).ok_or_else(refuse)?
        };
        number.checked_mul(bytes).map(Self).ok_or_else(refuse)
    }
}

fn split_where(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(stop).unwrap_or(text.len()))
}

fn unit_of(units: &[(&str, u64)], name: &str) -> Option<u64> {
    units
        .iter()
        .find(|(unit, _)| *unit == name)
        .map(|(_, factor)| *factor)
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Period;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time with its unit, such as 30s or 15m")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Period, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl Visitor<'_> for TextOrNumber {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as 10MiB, or a number of bytes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
                Ok(ByteSize(bytes))
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                u64::try_from(bytes)
                    .map(ByteSize)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(bytes), &self))
            }
        }
        deserializer.deserialize_any(TextOrNumber)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([0-9]+(w|d|h|m|s|ms))+$",
            "examples": ["30s", "15m", "7d"],
        })
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+(B|KB|MB|GB|KiB|MiB|GiB|TiB)?$",
            "examples": ["512KiB", "10MiB"],
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, millis) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("2w", 1_209_600_000),
            ("0s", 0),
        ] {
            assert_eq!(text.parse(), Ok(Period::millis(millis)), "{text}");
        }
    }

    #[test]
    fn a_time_without_a_unit_or_out_of_order_is_refused() {
        for text in [
            "",
            "30",
            "-5m",
            "1.5h",
            "5 minutes",
            "30m1h",
            "1h1h",
            "99999999999999999w",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_know_both_kinds_of_kilo() {
        assert_eq!("1KiB".parse(), Ok(ByteSize::bytes(1_024)));
        assert_eq!("1KB".parse(), Ok(ByteSize::bytes(1_000)));
        assert_eq!("4096".parse(), Ok(ByteSize::bytes(4_096)));
        assert_eq!(ByteSize::mib(10).to_string(), "10MiB");
        assert!("10 Mo".parse::<ByteSize>().is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis: u64, bytes: u64) {
            let period = Period::millis(millis);
            prop_assert_eq!(period.to_string().parse(), Ok(period));
            let size = ByteSize::bytes(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        #[test]
        fn no_text_makes_the_readers_panic(text: String) {
            let _ = (text.parse::<Period>().is_ok(), text.parse::<ByteSize>().is_ok());
        }
    }
}

//! Whole numbers of a request within bounds that its schema states.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole number from `LEAST` to `MOST`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole<const LEAST: i32, const MOST: i32>(i32);

impl<const LEAST: i32, const MOST: i32> Whole<LEAST, MOST> {
    /// The number, if it is within the bounds.
    pub const fn new(number: i32) -> Option<Self> {
        if number >= LEAST && number <= MOST {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number, or the bound it is beyond.
    pub const fn clamped(number: i32) -> Self {
        if number < LEAST {
            Self(LEAST)
        } else if number > MOST {
            Self(MOST)
        } else {
            Self(number)
        }
    }

    /// The number.
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl<const LEAST: i32, const MOST: i32> Serialize for Whole<LEAST, MOST> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i32(self.0)
    }
}

impl<'de, const LEAST: i32, const MOST: i32> Deserialize<'de> for Whole<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(from)?;
        i32::try_from(number)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| {
                serde::de::Error::custom(format!("expected a whole number from {LEAST} to {MOST}"))
            })
    }
}

impl<const LEAST: i32, const MOST: i32> JsonSchema for Whole<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Whole{LEAST}To{MOST}").into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_bounds_is_refused() {
        let read = |text: &str| serde_json::from_str::<Whole<1, 5>>(text).map(Whole::get);
        assert_eq!(read("1").unwrap(), 1);
        assert_eq!(read("5").unwrap(), 5);
        for text in ["0", "6", "-1", "4294967298", "1.5", "\"3\""] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(Whole::<1, 5>::clamped(9).get(), 5);
    }
}

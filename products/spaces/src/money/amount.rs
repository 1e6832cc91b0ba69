//! Amounts as requests name them: never negative, and far from where sums overflow.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest amount of a request, in minor units: ten billion rupees.
const MOST: i64 = 1_000_000_000_000;

/// The number is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount in minor units lies between {0} and 1000000000000")]
pub struct NotAnAmount(i64);

macro_rules! amount {
    ($(#[$meta:meta])* $kind:ident, $name:literal, $least:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $kind(i64);

        impl $kind {
            /// Minor units.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl TryFrom<i64> for $kind {
            type Error = NotAnAmount;

            fn try_from(amount: i64) -> Result<Self, NotAnAmount> {
                ($least..=MOST)
                    .contains(&amount)
                    .then_some(Self(amount))
                    .ok_or(NotAnAmount($least))
            }
        }

        impl From<$kind> for i64 {
            fn from(amount: $kind) -> Self {
                amount.0
            }
        }

        impl JsonSchema for $kind {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "integer", "format": "int64", "minimum": $least, "maximum": MOST
                })
            }
        }
    };
}

amount!(
    /// An amount in minor units that may be nothing.
    Amount,
    "Amount",
    0
);
amount!(
    /// An amount in minor units that is something.
    Positive,
    "PositiveAmount",
    1
);

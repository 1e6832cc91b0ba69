//! How often somebody may do something, as people write it: `5/1h`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use gantry_kernel::Period;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of requests per period, written `600/1m` or `5/1h`. Both are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    limit: u32,
    period: Period,
}

/// A text that is not a [`Quota`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a limit; write how many per how long, like 5/1h or 600/1m, both more than zero"
)]
pub struct NotAQuota(String);

impl Quota {
    /// `limit` requests per `period`. Nothing at all, or per no time, is taken as the least there is.
    pub const fn new(limit: u32, period: Period) -> Self {
        Self {
            limit: if limit == 0 { 1 } else { limit },
            period: if period.get().is_zero() {
                Period::millis(1)
            } else {
                period
            },
        }
    }

    /// Requests allowed in one period; the whole number may come at once.
    pub const fn limit(self) -> u32 {
        self.limit
    }

    /// Length of the period.
    pub const fn period(self) -> Duration {
        self.period.get()
    }

    /// Time in which one request is earned back.
    pub(super) fn interval(self) -> Duration {
        self.period() / self.limit
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.limit, self.period)
    }
}

impl FromStr for Quota {
    type Err = NotAQuota;

    fn from_str(text: &str) -> Result<Self, NotAQuota> {
        let parse = || {
            let (limit, period) = text.split_once('/')?;
            let limit: u32 = limit.trim().parse().ok()?;
            let period: Period = period.parse().ok()?;
            (limit > 0 && !period.get().is_zero()).then_some(Self { limit, period })
        };
        parse().ok_or_else(|| NotAQuota(text.to_owned()))
    }
}

impl Serialize for Quota {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quota {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Quota {
    fn schema_name() -> Cow<'static, str> {
        "Quota".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+/([0-9]+(w|d|h|m|s|ms))+$",
            "examples": ["600/1m", "5/1h"],
        })
    }
}

//! What a branch is.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use gantry_db::from_row;
use gantry_kernel::{CivilDate, Text, Timestamp, UnitId, text_value};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::student::Code;

/// A branch's name.
pub type BranchName = Text<1, 120>;
/// A city.
pub type City = Text<1, 80>;
/// A postal address on one line.
pub type Address = Text<1, 300>;

/// An IANA time zone that this program's database knows, e.g. `Asia/Kolkata`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneName(String);

text_value!(ZoneName);

/// The text names no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time zone: expected an IANA name such as Asia/Kolkata")]
pub struct NotAZone;

impl ZoneName {
    /// India, where the product began.
    pub fn india() -> Self {
        Self("Asia/Kolkata".to_owned())
    }

    /// The day it is there. A zone that has left the time zone database since it was stored counts as UTC.
    pub fn date_at(&self, now: Timestamp) -> CivilDate {
        now.date_in(&self.zone())
    }

    /// The day it is there, and what minute of it the clock shows.
    pub fn local_at(&self, now: Timestamp) -> (CivilDate, i32) {
        let zone = self.zone();
        let time = zone
            .to_datetime(jiff::Timestamp::from_microsecond(now.as_micros()).unwrap_or_default())
            .time();
        let minute = i32::from(time.hour()) * 60 + i32::from(time.minute());
        (now.date_in(&zone), minute)
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.0).unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// The instant at which a day begins there; the next one that exists, where clocks are put forward at midnight.
    pub fn begin_of(&self, day: CivilDate) -> Timestamp {
        let zone = jiff::tz::TimeZone::get(&self.0).unwrap_or(jiff::tz::TimeZone::UTC);
        let begins = day
            .to_jiff()
            .to_zoned(zone)
            .map(|begins| begins.timestamp());
        begins.map_or(Timestamp::from_micros(i64::MAX), |begins| {
            Timestamp::from_micros(begins.as_microsecond())
        })
    }
}

impl FromStr for ZoneName {
    type Err = NotAZone;

    fn from_str(text: &str) -> Result<Self, NotAZone> {
        let zone = jiff::tz::TimeZone::get(text).map_err(|_| NotAZone)?;
        // The database's own spelling, as lookups ignore case.
        zone.iana_name()
            .map(|name| Self(name.to_owned()))
            .ok_or(NotAZone)
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ZoneName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ZoneName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for ZoneName {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ZoneName".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "examples": ["Asia/Kolkata"] })
    }
}

/// A stored branch: one hall, the unit that grants are scoped to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Branch {
    /// Identifier; the unit of scoped grants.
    pub id: UnitId,
    /// Unique in the tenant, without regard to case.
    pub code: Code,
    /// Name.
    pub name: BranchName,
    /// City.
    pub city: Option<City>,
    /// Address.
    pub address: Option<Address>,
    /// The time zone its days are counted in.
    pub time_zone: ZoneName,
    /// Whether it takes students.
    pub active: bool,
    /// Counts changes; the `ETag` of the single branch.
    pub version: i64,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

from_row!(Branch {
    id,
    code,
    name,
    city,
    address,
    time_zone,
    active,
    version,
    created_at,
    updated_at,
});

/// Everything a person decides about a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchFields {
    /// Unique code.
    pub code: Code,
    /// Name.
    pub name: BranchName,
    /// City.
    pub city: Option<City>,
    /// Address.
    pub address: Option<Address>,
    /// Time zone.
    pub time_zone: ZoneName,
    /// Whether it takes students.
    pub active: bool,
}

impl From<Branch> for BranchFields {
    fn from(branch: Branch) -> Self {
        let Branch {
            code,
            name,
            city,
            address,
            time_zone,
            active,
            ..
        } = branch;
        Self {
            code,
            name,
            city,
            address,
            time_zone,
            active,
        }
    }
}

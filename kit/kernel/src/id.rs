//! Identifiers: one type per thing, all `UUIDv7`, so that ids sort by creation and cannot be mixed up.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::Timestamp;

/// What [`crate::Kernel::id`] can make.
pub trait NewId {
    /// Wraps a freshly made UUID.
    fn from_uuid(uuid: Uuid) -> Self;
}

/// RFC 9562 section 5.7: 48 bits of Unix milliseconds, version, a counter of 12 bits (section 6.2, method 1), variant, 62
/// random bits. An instant before 1970 counts as 1970.
pub(crate) fn uuid_v7(now: Timestamp, last: &AtomicU64, mut random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
    let stamp = next(last, millis);
    random[..2].copy_from_slice(&((stamp & 0xFFF) as u16).to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(stamp >> 12, &random).into_uuid()
}

/// Milliseconds and counter of the next id, which follows the last one also when both are made in one millisecond, more
/// than 4,096 are, or the clock is set back a little. After a larger step the order begins anew.
fn next(last: &AtomicU64, millis: u64) -> u64 {
    let after = |last: u64| {
        let ahead = (last >> 12).checked_sub(millis);
        if ahead.is_some_and(|ahead| ahead < PATIENCE) {
            last + 1
        } else {
            millis << 12
        }
    };
    let before = last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
        Some(after(last))
    });
    let (Ok(before) | Err(before)) = before;
    after(before)
}

/// Milliseconds by which ids may be ahead of the clock.
const PATIENCE: u64 = 10_000;

/// Defines an identifier type: a `Copy` newtype over a UUID, shown and read as the 36-character text.
#[macro_export]
macro_rules! define_id {
    ($(#[$meta:meta])* pub struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::__private::uuid::Uuid);

        impl $name {
            /// Wraps a UUID that is known to name such a thing.
            #[must_use]
            pub const fn from_uuid(uuid: $crate::__private::uuid::Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID.
            #[must_use]
            pub const fn uuid(self) -> $crate::__private::uuid::Uuid {
                self.0
            }
        }

        impl $crate::NewId for $name {
            fn from_uuid(uuid: $crate::__private::uuid::Uuid) -> Self {
                Self(uuid)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        $crate::text_value!($name);

        impl ::std::str::FromStr for $name {
            type Err = $crate::id::NotAnId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::id::parse(text).map(Self)
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(&self.0)
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as $crate::__private::serde::Deserialize>::deserialize(from)?;
                $crate::id::parse(&text).map(Self).map_err($crate::__private::serde::de::Error::custom)
            }
        }

        impl $crate::__private::schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut $crate::__private::schemars::SchemaGenerator) -> $crate::__private::schemars::Schema {
                $crate::__private::schemars::json_schema!({
                    "type": "string",
                    "format": "uuid",
                    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
                })
            }
        }
    };
}

/// The text was not a 36-character lower-case UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a UUID of 36 characters in lower case")]
pub struct NotAnId;

/// One spelling only: an id is compared as text in places (scopes, pages, caches), so others are refused.
#[doc(hidden)]
pub fn parse(text: &str) -> Result<Uuid, NotAnId> {
    if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(NotAnId);
    }
    Uuid::try_parse(text).map_err(|_| NotAnId)
}

define_id! {
    /// A tenant: a customer's workspace with its own database.
    pub struct TenantId;
}
define_id! {
    /// A person, global to the platform, or a service account of one tenant.
    pub struct IdentityId;
}
define_id! {
    /// One log-in of an identity: a browser session or a family of refresh tokens.
    pub struct SessionId;
}
define_id! {
    /// One key of a service account.
    pub struct ApiKeyId;
}
define_id! {
    /// A tenant's own subdivision (a branch, a class, a project), the grain of scoped grants.
    pub struct UnitId;
}
define_id! {
    /// A unit of background work.
    pub struct JobId;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kernel, ManualClock};

    #[test]
    fn ids_are_version_7_and_sort_by_time() {
        let clock = ManualClock::default();
        let kernel = Kernel::manual(&clock, 1);
        let first: TenantId = kernel.id();
        clock.advance(std::time::Duration::from_millis(1));
        let second: TenantId = kernel.id();
        assert_eq!(first.uuid().get_version_num(), 7);
        assert!(first < second && first.to_string() < second.to_string());
    }

    #[test]
    fn ids_of_one_millisecond_sort_as_they_were_made() {
        let clock = ManualClock::default();
        clock.advance(std::time::Duration::from_hours(1));
        let kernel = Kernel::manual(&clock, 1);
        let shared = kernel.clone();
        let mut made: Vec<TenantId> = Vec::new();
        // More than the counter holds, so that some are ahead of the clock.
        for _ in 0..5_000 {
            made.extend([kernel.id::<TenantId>(), shared.id()]);
        }
        assert!(made.is_sorted() && made[0].uuid().get_version_num() == 7);
        clock.advance(std::time::Duration::from_secs(1));
        made.push(kernel.id());
        assert!(made.is_sorted());
    }

    #[test]
    fn only_one_spelling_is_an_id() {
        let id = Kernel::manual(&ManualClock::default(), 2)
            .id::<TenantId>()
            .to_string();
        assert!(id.parse::<TenantId>().is_ok());
        for other in [
            id.to_uppercase(),
            id.replace('-', ""),
            format!("{{{id}}}"),
            format!("urn:uuid:{id}"),
        ] {
            assert_eq!(other.parse::<TenantId>(), Err(NotAnId));
        }
    }
}

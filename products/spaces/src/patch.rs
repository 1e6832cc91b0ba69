//! Fields of a PATCH body: absent leaves the value, `null` clears it (RFC 7396).

use serde::{Deserialize, Deserializer};

/// For `#[serde(default, deserialize_with = "patch::given")]` on an `Option<Option<T>>`: the outer one
/// says whether the member was there at all.
pub(crate) fn given<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(from).map(Some)
}

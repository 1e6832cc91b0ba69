//! The section `[notices]`.

use gantry_kernel::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What people are told in the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoticesConfig {
    /// How long a notice is kept after its person read it. Unread ones stay.
    pub retention: Period,
}

impl Default for NoticesConfig {
    fn default() -> Self {
        Self {
            retention: Period::days(30),
        }
    }
}

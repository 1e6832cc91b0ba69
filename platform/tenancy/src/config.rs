//! Settings of the tenancy module.

use std::collections::BTreeMap;

use gantry_kernel::Period;
use gantry_runtime::config::Remark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How tenants are set up and what they may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TenancyConfig {
    /// Attempts to set up a tenant's database before it is marked failed. An operator can ask for
    /// more.
    pub provision_attempts: u32,
    /// How long a closed tenant's database is kept. Until then the closure can be called off.
    pub deletion_grace: Period,
    /// Attempts to move a tenant's database before the move is marked failed.
    pub move_attempts: u32,
    /// The longest a tenant may refuse writes at the end of a move; beyond it the attempt is given up and the tenant
    /// goes on where it is.
    pub move_max_pause: Period,
    /// What a tenant may have unless an operator says otherwise for it, by the name of the limit.
    /// A limit that is not named here does not exist: it neither holds nor can it be set.
    pub limits: BTreeMap<String, i64>,
}

impl Default for TenancyConfig {
    fn default() -> Self {
        let limits = [
            ("files.megabytes", 5_000),
            ("members", 100),
            ("spaces.branches", 50),
            ("spaces.students", 20_000),
        ];
        Self {
            provision_attempts: 8,
            deletion_grace: Period::days(30),
            move_attempts: 8,
            move_max_pause: Period::seconds(120),
            limits: limits.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }
}

impl TenancyConfig {
    /// What cannot be meant.
    pub fn review(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.provision_attempts == 0 {
            remarks.push(Remark::Refused {
                key: "provision_attempts",
                why: "no tenant could ever be set up; use 1 or more".to_owned(),
            });
        }
        if self.move_attempts == 0 {
            remarks.push(Remark::Refused {
                key: "move_attempts",
                why: "no tenant could ever be moved; use 1 or more".to_owned(),
            });
        }
        if let Some((name, value)) = self.limits.iter().find(|(_, value)| **value < 0) {
            remarks.push(Remark::Refused {
                key: "limits",
                why: format!("{name} is {value}; a limit is 0 or more"),
            });
        }
        remarks
    }
}

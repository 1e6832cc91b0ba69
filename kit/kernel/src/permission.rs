//! What a route demands and what a grant gives.

use std::collections::BTreeSet;

use crate::{IdentityId, UnitId};

/// A permission, declared once by the module that checks it: `module.noun.verb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(&'static str);

impl Permission {
    /// Declares a permission.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its stored and documented name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// How far a grant can reach (`decisions` 6: a grant is a role and a scope).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// The whole tenant.
    All,
    /// Some of the tenant's units (branches, classes, projects).
    Units,
    /// Only what concerns the person themself.
    #[serde(rename = "self")]
    Own,
}

impl ScopeKind {
    /// The stored name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Units => "units",
            Self::Own => "self",
        }
    }
}

/// The reach of one request, worked out from the caller's grants for the permission the route demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything in the tenant.
    All,
    /// Only what belongs to these units.
    Units(BTreeSet<UnitId>),
    /// Only what belongs to this person.
    Own(IdentityId),
}

impl Scope {
    /// Which kind this is.
    #[must_use]
    pub const fn kind(&self) -> ScopeKind {
        match self {
            Self::All => ScopeKind::All,
            Self::Units(_) => ScopeKind::Units,
            Self::Own(_) => ScopeKind::Own,
        }
    }

    /// Whether something that belongs to this unit is within reach.
    #[must_use]
    pub fn covers_unit(&self, unit: UnitId) -> bool {
        match self {
            Self::All => true,
            Self::Units(units) => units.contains(&unit),
            Self::Own(_) => false,
        }
    }

    /// The scope as one SQL argument for `($n = '*' or $n like '%' || unit_id || '%')`, which runs on both engines:
    /// `*` for everything, else the unit ids joined by commas (ids hold no pattern characters).
    #[must_use]
    pub fn unit_filter(&self) -> String {
        match self {
            Self::All => "*".to_owned(),
            Self::Units(units) => {
                let ids: Vec<String> = units.iter().map(ToString::to_string).collect();
                ids.join(",")
            }
            Self::Own(_) => String::new(),
        }
    }

    /// Whether everything `other` reaches is within this scope.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Units(mine), Self::Units(theirs)) => theirs.is_subset(mine),
            (Self::Own(mine), Self::Own(theirs)) => mine == theirs,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kernel, ManualClock};

    #[test]
    fn a_scope_reaches_its_own_units_and_no_others() {
        let kernel = Kernel::manual(&ManualClock::default(), 3);
        let (a, b): (UnitId, UnitId) = (kernel.id(), kernel.id());
        let only_a = Scope::Units(BTreeSet::from([a]));
        assert!(only_a.covers_unit(a) && !only_a.covers_unit(b));
        assert!(Scope::All.includes(&only_a) && !only_a.includes(&Scope::All));
        assert!(!only_a.includes(&Scope::Units(BTreeSet::from([a, b]))));
        assert_eq!(Scope::Units(BTreeSet::new()).unit_filter(), "");
        assert_eq!(Scope::Own(kernel.id()).unit_filter(), "");
    }
}

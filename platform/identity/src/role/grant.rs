//! A grant: a role with its reach.

use std::collections::BTreeSet;

use gantry_kernel::{IdentityId, Scope, ScopeKind, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A role with its reach, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The role's key.
    pub role: String,
    /// How far it reaches.
    #[serde(default = "everything")]
    pub scope: ScopeKind,
    /// The units it reaches, when `scope` is `units`.
    #[serde(default)]
    pub units: BTreeSet<UnitId>,
}

/// The scope of a grant that names none.
pub(crate) const fn everything() -> ScopeKind {
    ScopeKind::All
}

impl Grant {
    /// A role over the whole tenant.
    pub fn over_all(role: &str) -> Self {
        Self {
            role: role.to_owned(),
            scope: ScopeKind::All,
            units: BTreeSet::new(),
        }
    }

    /// The reach, for `identity`.
    pub fn reach(&self, identity: IdentityId) -> Scope {
        match self.scope {
            ScopeKind::All => Scope::All,
            ScopeKind::Units => Scope::Units(self.units.clone()),
            ScopeKind::Own => Scope::Own(identity),
        }
    }

    /// The unit ids as stored.
    pub(crate) fn units_text(&self) -> String {
        let ids: Vec<String> = self.units.iter().map(ToString::to_string).collect();
        ids.join(",")
    }

    /// From the stored columns; a unit that cannot be read is dropped, which narrows the grant.
    pub(crate) fn from_columns(role: String, scope: &str, units: &str) -> Option<Self> {
        let scope = [ScopeKind::All, ScopeKind::Units, ScopeKind::Own]
            .into_iter()
            .find(|kind| kind.as_str() == scope)?;
        let units = units.split(',').filter_map(|id| id.parse().ok()).collect();
        Some(Self { role, scope, units })
    }
}

/// Why a grant cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// No such role.
    #[error("there is no role called {0}")]
    UnknownRole(String),
    /// The role cannot have this scope, or units are missing or superfluous.
    #[error("the role {0} cannot be given with this scope")]
    WrongScope(String),
    /// One role twice.
    #[error("the role {0} is named twice")]
    Twice(String),
    /// Not a unit of this tenant.
    #[error("the workspace has no unit {0}")]
    UnknownUnit(UnitId),
    /// The role decides about access, which no service account does.
    #[error(
        "the role {0} decides about people, roles or service accounts, which no service account does"
    )]
    ForPeople(String),
    /// The giver does not hold all of it.
    #[error(
        "you cannot give the role {0} with this scope, because you do not hold everything it allows"
    )]
    NotYours(String),
}

impl GrantError {
    /// Stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownRole(_) => "role_unknown",
            Self::WrongScope(_) => "scope_invalid",
            Self::Twice(_) => "role_twice",
            Self::UnknownUnit(_) => "unit_unknown",
            Self::ForPeople(_) => "role_for_people",
            Self::NotYours(_) => "grant_exceeds",
        }
    }

    /// The member of the grant that is wrong.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::UnknownRole(_) | Self::Twice(_) | Self::ForPeople(_) | Self::NotYours(_) => {
                "role"
            }
            Self::WrongScope(_) => "scope",
            Self::UnknownUnit(_) => "units",
        }
    }
}

/// A grant of a list that cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Fault {
    /// Its place in the list.
    pub at: usize,
    /// Why.
    pub error: GrantError,
}

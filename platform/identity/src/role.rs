//! Roles: what a stored role name means today, and who may hand one out.
//!
//! Modules declare permissions and roles; this module adds three that every tenant has. A stored name
//! nobody declares any more grants nothing and is reported once.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use gantry_http::{Access, Granted};
use gantry_kernel::{IdentityId, Permission, Scope, ScopeKind, UnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything a tenant offers, ownership included.
pub const OWNER: &str = "owner";
/// Everything except what only owners may do.
pub const ADMIN: &str = "admin";
/// Belongs to the tenant, and nothing more.
pub const MEMBER: &str = "member";
/// The platform's own staff.
pub const OPERATOR: &str = "operator";

/// See the members, roles and invitations of the tenant.
pub const MEMBER_READ: Permission = Permission::new("identity.member.read");
/// Invite, change and remove members.
pub const MEMBER_MANAGE: Permission = Permission::new("identity.member.manage");
/// Make others owners, and take ownership away.
pub const OWNERSHIP: Permission = Permission::new("identity.ownership.transfer");
/// Read what was done to the tenant's members and their access.
pub const AUDIT_READ: Permission = Permission::new("identity.audit.read");

/// One role and what it carries.
#[derive(Clone, Debug)]
pub struct Role {
    /// Stable name, as stored in grants.
    pub key: String,
    /// What people read.
    pub title: String,
    /// The permissions it carries.
    pub permissions: BTreeSet<String>,
    /// Which scopes make sense for it.
    pub scopes: Vec<ScopeKind>,
}

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
    /// The giver does not hold all of it.
    #[error(
        "you cannot give the role {0} with this scope, because you do not hold everything it allows"
    )]
    NotYours(String),
}

/// All roles and permissions that exist.
pub struct Roles {
    tenant: BTreeMap<String, Role>,
    platform: BTreeMap<String, BTreeSet<String>>,
    reported: Mutex<HashSet<String>>,
}

impl Roles {
    /// `permissions` and `declared` are what the modules declare for tenants, `platform` is every platform
    /// permission.
    pub fn new(
        permissions: impl IntoIterator<Item = String>,
        declared: impl IntoIterator<Item = Role>,
        platform: impl IntoIterator<Item = String>,
    ) -> Self {
        let all: BTreeSet<String> = permissions.into_iter().collect();
        let mut admin = all.clone();
        admin.remove(OWNERSHIP.as_str());
        let built_in = [
            (OWNER, "Owner", all),
            (ADMIN, "Administrator", admin),
            (MEMBER, "Member", BTreeSet::new()),
        ];
        let built_in = built_in.map(|(key, title, permissions)| Role {
            key: key.to_owned(),
            title: title.to_owned(),
            permissions,
            scopes: vec![ScopeKind::All],
        });
        // Ours last: a module cannot redefine what an owner is.
        let tenant = declared
            .into_iter()
            .chain(built_in)
            .map(|role| (role.key.clone(), role))
            .collect();
        let platform = BTreeMap::from([(OPERATOR.to_owned(), platform.into_iter().collect())]);
        Self {
            tenant,
            platform,
            reported: Mutex::new(HashSet::new()),
        }
    }

    /// The roles of a tenant, by key.
    pub fn list(&self) -> impl Iterator<Item = &Role> {
        self.tenant.values()
    }

    /// A role by key.
    pub fn get(&self, key: &str) -> Option<&Role> {
        self.tenant.get(key)
    }

    /// What stored grants mean, for `identity`.
    pub fn granted(&self, grants: &[Grant], identity: IdentityId) -> Vec<Granted> {
        let known = grants.iter().filter_map(|grant| {
            let Some(role) = self.tenant.get(&grant.role) else {
                self.report(&grant.role);
                return None;
            };
            Some(Granted {
                permissions: role.permissions.clone(),
                scope: grant.reach(identity),
            })
        });
        known.collect()
    }

    /// The platform permissions of these platform roles.
    pub fn platform<'a>(&self, roles: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        let mut held = BTreeSet::new();
        for role in roles {
            match self.platform.get(role) {
                Some(permissions) => held.extend(permissions.iter().cloned()),
                None => self.report(role),
            }
        }
        held
    }

    /// Whether these grants make sense by themselves.
    pub fn check(&self, grants: &[Grant]) -> Result<(), GrantError> {
        let mut seen = HashSet::new();
        for grant in grants {
            let name = || grant.role.clone();
            let role = self
                .tenant
                .get(&grant.role)
                .ok_or_else(|| GrantError::UnknownRole(name()))?;
            let units_fit = (grant.scope == ScopeKind::Units) != grant.units.is_empty();
            if !role.scopes.contains(&grant.scope) || !units_fit {
                return Err(GrantError::WrongScope(name()));
            }
            if !seen.insert(&grant.role) {
                return Err(GrantError::Twice(name()));
            }
        }
        Ok(())
    }

    /// Nobody gives what they do not hold: every permission of every role, at least as far.
    ///
    /// `receiver` is who will hold it. Somebody's own data is within reach only of those who reach everything.
    pub fn may_give(
        &self,
        giver: &Access,
        grants: &[Grant],
        receiver: Option<IdentityId>,
    ) -> Result<(), GrantError> {
        for grant in grants {
            let Some(role) = self.tenant.get(&grant.role) else {
                return Err(GrantError::UnknownRole(grant.role.clone()));
            };
            let within = role.permissions.iter().all(|permission| {
                let held = reach_of(giver, permission);
                match (grant.scope, receiver) {
                    (ScopeKind::Units, _) => held.covers(&Scope::Units(grant.units.clone())),
                    (ScopeKind::Own, Some(receiver)) => held.covers(&Scope::Own(receiver)),
                    (ScopeKind::All, _) | (ScopeKind::Own, None) => held.covers(&Scope::All),
                }
            });
            if !within {
                return Err(GrantError::NotYours(grant.role.clone()));
            }
        }
        Ok(())
    }

    /// Nobody takes away what they could not give. A stored role that no module declares any more grants
    /// nothing, so there is nothing in it to hold.
    pub fn may_take(
        &self,
        taker: &Access,
        grants: &[Grant],
        holder: Option<IdentityId>,
    ) -> Result<(), GrantError> {
        let known: Vec<Grant> = grants
            .iter()
            .filter(|grant| self.tenant.contains_key(&grant.role))
            .cloned()
            .collect();
        self.may_give(taker, &known, holder)
    }

    fn report(&self, role: &str) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.len() < 1_000 && reported.insert(role.to_owned()) {
            tracing::warn!(
                role,
                "a stored role is declared by no module and grants nothing"
            );
        }
    }
}

/// The united reach of a permission over all grants that carry it.
struct Held(Vec<Scope>);

fn reach_of(access: &Access, permission: &str) -> Held {
    let scopes = access
        .grants
        .iter()
        .filter(|grant| grant.permissions.contains(permission))
        .map(|grant| grant.scope.clone());
    Held(scopes.collect())
}

impl Held {
    fn covers(&self, wanted: &Scope) -> bool {
        if self.0.iter().any(|held| held.includes(wanted)) {
            return true;
        }
        let Scope::Units(wanted) = wanted else {
            return false;
        };
        wanted
            .iter()
            .all(|unit| self.0.iter().any(|held| held.covers_unit(*unit)))
    }
}

#[cfg(test)]
mod tests {
    use gantry_db::TenantState;
    use gantry_kernel::{Kernel, ManualClock};

    use super::*;

    const READ: &str = "spaces.student.read";
    const EDIT: &str = "spaces.student.edit";

    fn roles() -> Roles {
        let text = str::to_owned;
        let manager = Role {
            key: "spaces.manager".into(),
            title: "Manager".into(),
            permissions: BTreeSet::from([text(READ), text(EDIT)]),
            scopes: vec![ScopeKind::All, ScopeKind::Units],
        };
        let viewer = Role {
            key: "spaces.viewer".into(),
            title: "Viewer".into(),
            permissions: BTreeSet::from([text(READ)]),
            scopes: vec![ScopeKind::All, ScopeKind::Units, ScopeKind::Own],
        };
        let permissions = [
            READ,
            EDIT,
            MEMBER_READ.as_str(),
            MEMBER_MANAGE.as_str(),
            OWNERSHIP.as_str(),
        ]
        .map(text);
        Roles::new(
            permissions,
            [manager, viewer],
            ["tenancy.tenant.read".to_owned()],
        )
    }

    fn access(roles: &Roles, grants: &[Grant], kernel: &Kernel) -> Access {
        Access {
            tenant: kernel.id(),
            slug: "north-hall".parse().unwrap(),
            state: TenantState::Active,
            grants: roles.granted(grants, kernel.id()),
        }
    }

    fn units(role: &str, units: &[UnitId]) -> Grant {
        Grant {
            role: role.into(),
            scope: ScopeKind::Units,
            units: units.iter().copied().collect(),
        }
    }

    #[test]
    fn an_administrator_cannot_make_an_owner() {
        let (roles, kernel) = (roles(), Kernel::manual(&ManualClock::default(), 1));
        let admin = access(&roles, &[Grant::over_all(ADMIN)], &kernel);
        assert_eq!(
            roles.may_give(&admin, &[Grant::over_all(ADMIN)], None),
            Ok(())
        );
        assert_eq!(
            roles.may_give(&admin, &[Grant::over_all(OWNER)], None),
            Err(GrantError::NotYours(OWNER.into()))
        );
        let owner = access(&roles, &[Grant::over_all(OWNER)], &kernel);
        assert_eq!(
            roles.may_give(&owner, &[Grant::over_all(OWNER)], None),
            Ok(())
        );
    }

    #[test]
    fn a_manager_of_one_unit_gives_only_that_unit() {
        let (roles, kernel) = (roles(), Kernel::manual(&ManualClock::default(), 2));
        let (a, b): (UnitId, UnitId) = (kernel.id(), kernel.id());
        let manager = access(&roles, &[units("spaces.manager", &[a])], &kernel);
        assert_eq!(
            roles.may_give(&manager, &[units("spaces.viewer", &[a])], None),
            Ok(())
        );
        for beyond in [
            units("spaces.viewer", &[b]),
            units("spaces.viewer", &[a, b]),
            Grant::over_all("spaces.viewer"),
            Grant::over_all(ADMIN),
            Grant {
                role: "spaces.viewer".into(),
                scope: ScopeKind::Own,
                units: BTreeSet::new(),
            },
        ] {
            assert!(
                roles
                    .may_give(&manager, std::slice::from_ref(&beyond), None)
                    .is_err(),
                "{beyond:?}"
            );
        }
        let both = access(
            &roles,
            &[units("spaces.manager", &[a]), units("spaces.viewer", &[b])],
            &kernel,
        );
        assert_eq!(
            roles.may_give(&both, &[units("spaces.viewer", &[a, b])], None),
            Ok(())
        );
        assert!(
            roles
                .may_give(&both, &[units("spaces.manager", &[a, b])], None)
                .is_err()
        );
    }

    #[test]
    fn a_role_nobody_declares_grants_nothing() {
        let (roles, kernel) = (roles(), Kernel::manual(&ManualClock::default(), 3));
        let access = access(&roles, &[Grant::over_all("spaces.vanished")], &kernel);
        assert!(access.grants.is_empty());
        assert!(roles.platform(["root"].into_iter()).is_empty());
    }

    #[test]
    fn grants_that_make_no_sense_are_refused() {
        let roles = roles();
        let unit = Kernel::manual(&ManualClock::default(), 4).id();
        let wrong = [
            vec![units(OWNER, &[unit])],
            vec![units("spaces.manager", &[])],
            vec![Grant {
                units: BTreeSet::from([unit]),
                ..Grant::over_all("spaces.manager")
            }],
            vec![Grant::over_all("nothing")],
            vec![Grant::over_all(ADMIN), Grant::over_all(ADMIN)],
        ];
        for grants in wrong {
            assert!(roles.check(&grants).is_err(), "{grants:?}");
        }
        assert_eq!(
            roles.check(&[Grant::over_all(ADMIN), units("spaces.manager", &[unit])]),
            Ok(())
        );
    }

    #[test]
    fn a_module_cannot_redefine_the_owner() {
        let thief = Role {
            key: OWNER.into(),
            title: "Owner".into(),
            permissions: BTreeSet::new(),
            scopes: vec![ScopeKind::Own],
        };
        let roles = Roles::new([OWNERSHIP.as_str().to_owned()], [thief], []);
        assert!(
            roles
                .get(OWNER)
                .is_some_and(|owner| owner.permissions.contains(OWNERSHIP.as_str()))
        );
    }
}

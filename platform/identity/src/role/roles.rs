//! The roles and permissions of the process, and those of one tenant.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use gantry_http::Granted;
use gantry_kernel::{IdentityId, ScopeKind};

use super::{ADMIN, Grant, MEMBER, OPERATOR, OWNER, OWNERSHIP};

/// One role and what it carries.
#[derive(Clone, Debug)]
pub struct Role {
    /// Stable name, as stored in grants.
    pub key: String,
    /// What people read.
    pub title: String,
    /// The permissions it carries.
    pub permissions: Arc<BTreeSet<String>>,
    /// Which scopes make sense for it.
    pub scopes: Vec<ScopeKind>,
}

/// A permission that a module checks in tenants.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// What it lets somebody do, in a few words.
    pub title: String,
    /// The scopes in which it takes effect.
    pub scopes: Vec<ScopeKind>,
}

/// All roles and permissions that modules declare.
pub struct Roles {
    declared: BTreeMap<String, Declared>,
    built_in: BTreeMap<String, Role>,
    platform: BTreeMap<String, BTreeSet<String>>,
    reported: Mutex<HashSet<String>>,
}

impl Roles {
    /// `permissions` and `roles` are what the modules declare for tenants, `platform` is every platform permission.
    pub fn new(
        permissions: impl IntoIterator<Item = Declared>,
        roles: impl IntoIterator<Item = Role>,
        platform: impl IntoIterator<Item = String>,
    ) -> Self {
        let declared: BTreeMap<String, Declared> = permissions
            .into_iter()
            .map(|declared| (declared.name.clone(), declared))
            .collect();
        let all: BTreeSet<String> = declared.keys().cloned().collect();
        let mut admin = all.clone();
        admin.remove(OWNERSHIP.as_str());
        let ours = [
            (OWNER, "Owner", all),
            (ADMIN, "Administrator", admin),
            (MEMBER, "Member", BTreeSet::new()),
        ];
        let ours = ours.map(|(key, title, permissions)| Role {
            key: key.to_owned(),
            title: title.to_owned(),
            permissions: Arc::new(permissions),
            scopes: vec![ScopeKind::All],
        });
        // Ours last: a module cannot redefine what an owner is.
        let built_in = roles
            .into_iter()
            .chain(ours)
            .map(|role| (role.key.clone(), role))
            .collect();
        let platform = BTreeMap::from([(OPERATOR.to_owned(), platform.into_iter().collect())]);
        Self {
            declared,
            built_in,
            platform,
            reported: Mutex::new(HashSet::new()),
        }
    }

    /// The permissions that can be granted in tenants, by name.
    pub fn permissions(&self) -> impl Iterator<Item = &Declared> {
        self.declared.values()
    }

    /// A permission by name.
    pub fn permission(&self, name: &str) -> Option<&Declared> {
        self.declared.get(name)
    }

    /// The roles that every tenant has, by key.
    pub fn list(&self) -> impl Iterator<Item = &Role> {
        self.built_in.values()
    }

    /// A role that every tenant has.
    pub fn get(&self, key: &str) -> Option<&Role> {
        self.built_in.get(key)
    }

    /// What a stored grant means for its holder; `custom` is what is stored about the role if the tenant made it.
    pub(crate) fn granted(
        &self,
        grant: &Grant,
        custom: Option<&str>,
        holder: IdentityId,
    ) -> Option<Granted> {
        let permissions = match (self.built_in.get(&grant.role), custom) {
            (Some(role), _) => Arc::clone(&role.permissions),
            (None, Some(stored)) => Arc::new(self.known(stored)),
            (None, None) => {
                self.report("role", &grant.role);
                return None;
            }
        };
        Some(Granted {
            permissions,
            scope: grant.reach(holder),
        })
    }

    /// The stored permissions of a tenant's own role that mean something. Ownership is not for them, whatever is
    /// stored.
    pub(super) fn known(&self, stored: &str) -> BTreeSet<String> {
        let named = stored.split(',').filter(|name| !name.is_empty());
        let known = named.filter(|name| {
            let known = self.declared.contains_key(*name) && *name != OWNERSHIP.as_str();
            if !known {
                self.report("permission", name);
            }
            known
        });
        known.map(str::to_owned).collect()
    }

    /// The scopes in which all of these permissions take effect.
    pub(super) fn scopes_of(&self, permissions: &BTreeSet<String>) -> Vec<ScopeKind> {
        let all_allow = |scope: &ScopeKind| {
            permissions.iter().all(|name| {
                self.declared
                    .get(name)
                    .is_none_or(|declared| declared.scopes.contains(scope))
            })
        };
        [ScopeKind::All, ScopeKind::Units, ScopeKind::Own]
            .into_iter()
            .filter(all_allow)
            .collect()
    }

    /// The platform permissions of these platform roles.
    pub fn platform<'a>(&self, roles: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        let mut held = BTreeSet::new();
        for role in roles {
            match self.platform.get(role) {
                Some(permissions) => held.extend(permissions.iter().cloned()),
                None => self.report("role", role),
            }
        }
        held
    }

    fn report(&self, what: &'static str, name: &str) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.len() < 1_000 && reported.insert(format!("{what} {name}")) {
            tracing::warn!(
                name,
                "a stored {what} is declared by no module and grants nothing"
            );
        }
    }
}

/// The roles of one tenant: those that every tenant has, and its own.
pub(crate) struct TenantRoles<'a> {
    process: &'a Roles,
    custom: BTreeMap<String, Role>,
}

impl<'a> TenantRoles<'a> {
    pub(super) fn new(process: &'a Roles, custom: BTreeMap<String, Role>) -> Self {
        Self { process, custom }
    }

    /// A role by key.
    pub(crate) fn get(&self, key: &str) -> Option<&Role> {
        self.process.get(key).or_else(|| self.custom.get(key))
    }

    /// What stored grants mean, for `holder`.
    pub(crate) fn granted(&self, grants: &[Grant], holder: IdentityId) -> Vec<Granted> {
        let known = grants.iter().filter_map(|grant| {
            let Some(role) = self.get(&grant.role) else {
                self.process.report("role", &grant.role);
                return None;
            };
            Some(Granted {
                permissions: Arc::clone(&role.permissions),
                scope: grant.reach(holder),
            })
        });
        known.collect()
    }
}

//! Every permission and built-in role of this process, checked once at start: a role that names a
//! permission nobody declared would grant nothing, silently, for as long as nobody notices.

use std::collections::BTreeMap;

use gantry_kernel::{Permission, ScopeKind};

/// A permission a module checks.
#[derive(Clone, Copy, Debug)]
pub struct PermissionDecl {
    /// The permission; its name begins with its module's.
    pub permission: Permission,
    /// What it lets somebody do, in a few words for the roles page.
    pub title: &'static str,
    /// The scopes in which it can be granted inside a tenant. Empty: a platform permission, held by
    /// operators and never granted in a tenant.
    pub scopes: &'static [ScopeKind],
}

impl PermissionDecl {
    /// Whether only operators can hold it.
    pub const fn is_platform(&self) -> bool {
        self.scopes.is_empty()
    }
}

/// A role that every tenant (or, without scopes, the platform) has from the start.
#[derive(Clone, Copy, Debug)]
pub struct RoleDecl {
    /// Stored name, unique among all modules.
    pub key: &'static str,
    /// Name shown to people.
    pub title: &'static str,
    /// What it carries; permissions of other modules may be named by constructing them.
    pub permissions: &'static [Permission],
    /// The scopes in which it can be granted; each of its permissions must allow at least one of
    /// them. Empty: a platform role, made of platform permissions.
    pub scopes: &'static [ScopeKind],
}

/// All permissions and roles of the process.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    permissions: BTreeMap<&'static str, PermissionDecl>,
    roles: BTreeMap<&'static str, RoleDecl>,
}

/// Declarations that contradict each other: a defect of the binary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// A permission outside its module's name space.
    #[error(
        "module {module} declares the permission {permission:?}, which must begin with \"{module}.\""
    )]
    ForeignPermission {
        /// Who declares it.
        module: &'static str,
        /// Its name.
        permission: &'static str,
    },
    /// Two declarations of one permission.
    #[error("the permission {0:?} is declared twice")]
    DuplicatePermission(&'static str),
    /// Two declarations of one role.
    #[error("the role {0:?} is declared twice")]
    DuplicateRole(&'static str),
    /// A role carries what no module declares.
    #[error("the role {role:?} names the permission {permission:?}, which no module declares")]
    UnknownPermission {
        /// The role.
        role: &'static str,
        /// The permission.
        permission: &'static str,
    },
    /// A permission that would never take effect in the scopes of its role.
    #[error(
        "the role {role:?} is granted in scopes that the permission {permission:?} does not allow"
    )]
    ScopeNotAllowed {
        /// The role.
        role: &'static str,
        /// The permission.
        permission: &'static str,
    },
}

impl Catalogue {
    /// Joins the declarations of all modules, given with their names.
    pub fn build(
        modules: &[(&'static str, Vec<PermissionDecl>, Vec<RoleDecl>)],
    ) -> Result<Self, CatalogueError> {
        let mut catalogue = Self::default();
        for (module, permissions, _) in modules {
            for declared in permissions {
                let permission = declared.permission.as_str();
                let inside = permission
                    .strip_prefix(module)
                    .is_some_and(|rest| rest.starts_with('.'));
                if !inside {
                    return Err(CatalogueError::ForeignPermission { module, permission });
                }
                if catalogue
                    .permissions
                    .insert(permission, *declared)
                    .is_some()
                {
                    return Err(CatalogueError::DuplicatePermission(permission));
                }
            }
        }
        for role in modules.iter().flat_map(|(_, _, roles)| roles) {
            for permission in role.permissions {
                catalogue.check(role, *permission)?;
            }
            if catalogue.roles.insert(role.key, *role).is_some() {
                return Err(CatalogueError::DuplicateRole(role.key));
            }
        }
        Ok(catalogue)
    }

    fn check(&self, role: &RoleDecl, permission: Permission) -> Result<(), CatalogueError> {
        let permission = permission.as_str();
        let declared =
            self.permissions
                .get(permission)
                .ok_or(CatalogueError::UnknownPermission {
                    role: role.key,
                    permission,
                })?;
        let fits = if role.scopes.is_empty() {
            declared.is_platform()
        } else {
            declared
                .scopes
                .iter()
                .any(|scope| role.scopes.contains(scope))
        };
        if fits {
            Ok(())
        } else {
            Err(CatalogueError::ScopeNotAllowed {
                role: role.key,
                permission,
            })
        }
    }

    /// Every permission, by name.
    pub fn permissions(&self) -> impl Iterator<Item = &PermissionDecl> {
        self.permissions.values()
    }

    /// Every permission a tenant can grant; what an owner holds.
    pub fn tenant_permissions(&self) -> impl Iterator<Item = &PermissionDecl> {
        self.permissions()
            .filter(|declared| !declared.is_platform())
    }

    /// Every permission only operators hold.
    pub fn platform_permissions(&self) -> impl Iterator<Item = &PermissionDecl> {
        self.permissions().filter(|declared| declared.is_platform())
    }

    /// A permission by its stored name; `None` for names of modules or versions that are not here.
    pub fn permission(&self, name: &str) -> Option<&PermissionDecl> {
        self.permissions.get(name)
    }

    /// Every built-in role, by key.
    pub fn roles(&self) -> impl Iterator<Item = &RoleDecl> {
        self.roles.values()
    }

    /// A built-in role by its stored name.
    pub fn role(&self, key: &str) -> Option<&RoleDecl> {
        self.roles.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Permission = Permission::new("rooms.room.read");
    const RUN: Permission = Permission::new("rooms.fleet.run");
    const BOTH: &[ScopeKind] = &[ScopeKind::All, ScopeKind::Units];

    fn permission(permission: Permission, scopes: &'static [ScopeKind]) -> PermissionDecl {
        PermissionDecl {
            permission,
            title: "t",
            scopes,
        }
    }

    fn role(permissions: &'static [Permission], scopes: &'static [ScopeKind]) -> RoleDecl {
        RoleDecl {
            key: "keeper",
            title: "Keeper",
            permissions,
            scopes,
        }
    }

    fn build(
        permissions: Vec<PermissionDecl>,
        roles: Vec<RoleDecl>,
    ) -> Result<Catalogue, CatalogueError> {
        Catalogue::build(&[("rooms", permissions, roles)])
    }

    #[test]
    fn tenant_and_platform_permissions_are_told_apart() {
        let catalogue = build(
            vec![permission(READ, BOTH), permission(RUN, &[])],
            vec![role(&[READ], BOTH)],
        )
        .unwrap();
        let names = |list: Vec<&PermissionDecl>| -> Vec<_> {
            list.iter()
                .map(|declared| declared.permission.as_str())
                .collect()
        };
        assert_eq!(
            names(catalogue.tenant_permissions().collect()),
            ["rooms.room.read"]
        );
        assert_eq!(
            names(catalogue.platform_permissions().collect()),
            ["rooms.fleet.run"]
        );
        assert!(catalogue.role("keeper").is_some());
        assert!(catalogue.permission("rooms.room.burn").is_none());
    }

    #[test]
    fn contradictions_are_refused_by_name() {
        let read = || permission(READ, BOTH);
        assert_eq!(
            build(vec![read(), read()], vec![]).unwrap_err(),
            CatalogueError::DuplicatePermission("rooms.room.read")
        );
        assert_eq!(
            build(vec![permission(Permission::new("roomsx.a"), BOTH)], vec![]).unwrap_err(),
            CatalogueError::ForeignPermission {
                module: "rooms",
                permission: "roomsx.a"
            }
        );
        assert_eq!(
            build(vec![read()], vec![role(&[READ], BOTH), role(&[READ], BOTH)]).unwrap_err(),
            CatalogueError::DuplicateRole("keeper")
        );
        assert_eq!(
            build(vec![], vec![role(&[READ], BOTH)]).unwrap_err(),
            CatalogueError::UnknownPermission {
                role: "keeper",
                permission: "rooms.room.read"
            }
        );
    }

    #[test]
    fn a_role_cannot_carry_what_its_scopes_never_reach() {
        let refused = CatalogueError::ScopeNotAllowed {
            role: "keeper",
            permission: "rooms.room.read",
        };
        let read = || vec![permission(READ, &[ScopeKind::All])];
        assert_eq!(
            build(read(), vec![role(&[READ], &[ScopeKind::Own])]).unwrap_err(),
            refused
        );
        assert_eq!(
            build(read(), vec![role(&[READ], &[])]).unwrap_err(),
            refused
        );
        assert!(build(vec![permission(RUN, &[])], vec![role(&[RUN], &[])]).is_ok());
    }
}

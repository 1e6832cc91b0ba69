//! Who may give and take what: nobody more than they hold, in permissions and in reach.

use std::collections::HashSet;

use gantry_db::Tx;
use gantry_http::Access;
use gantry_kernel::{IdentityId, Permission, Scope, ScopeKind};

use super::{Fault, Grant, GrantError, TenantRoles, is_for_people, store};
use crate::factor::FactorError;
use crate::{Error, Identity, member};

/// Somebody about to give or take, and the tenant's roles, both by what is stored in the running transaction.
pub(crate) struct Giver<'a> {
    pub(crate) roles: TenantRoles<'a>,
    access: Access,
}

/// The caller by what is stored in this transaction: what was read before it may have been taken away meanwhile.
/// Errors: [`Error::Outranked`] when they do not hold `permission` over the whole tenant any more.
pub(crate) async fn giver<'a>(
    identity: &'a Identity,
    tx: &mut Tx,
    access: &Access,
    caller: IdentityId,
    permission: Permission,
) -> Result<Giver<'a>, Error> {
    let roles = store::roles(tx, &identity.roles, access.tenant).await?;
    let grants = member::store::grants(tx, access.tenant, caller).await?;
    let access = Access {
        grants: roles.granted(&grants, caller),
        ..access.clone()
    };
    match access.scope_for(permission) {
        Some(Scope::All) => Ok(Giver { roles, access }),
        _ => Err(Error::Outranked),
    }
}

impl<'a> Giver<'a> {
    pub(crate) fn new(roles: TenantRoles<'a>, access: Access) -> Self {
        Self { roles, access }
    }

    /// Whether these grants make sense, and the giver holds every permission of every role at least as far.
    ///
    /// `receiver` is who will hold it. Somebody's own data is within reach only of those who reach everything.
    pub(crate) fn may_give(
        &self,
        grants: &[Grant],
        receiver: Option<IdentityId>,
    ) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        for (at, grant) in grants.iter().enumerate() {
            let fault = |error: fn(String) -> GrantError| Fault {
                at,
                error: error(grant.role.clone()),
            };
            let role = self
                .roles
                .get(&grant.role)
                .ok_or_else(|| fault(GrantError::UnknownRole))?;
            let units_fit = (grant.scope == ScopeKind::Units) != grant.units.is_empty();
            if !role.scopes.contains(&grant.scope) || !units_fit {
                return Err(fault(GrantError::WrongScope));
            }
            if !seen.insert(&grant.role) {
                return Err(fault(GrantError::Twice));
            }
            if !self.covers(grant, receiver) {
                return Err(fault(GrantError::NotYours));
            }
        }
        Ok(())
    }

    /// [`Giver::may_give`] for a service account.
    pub(crate) fn may_give_service(&self, grants: &[Grant]) -> Result<(), Fault> {
        self.may_give(grants, None)?;
        for (at, grant) in grants.iter().enumerate() {
            let role = self.roles.get(&grant.role);
            if role.is_some_and(|role| role.permissions.iter().any(|name| is_for_people(name))) {
                let error = GrantError::ForPeople(grant.role.clone());
                return Err(Fault { at, error });
            }
        }
        Ok(())
    }

    /// Nobody takes away what they could not give. A stored role that does not exist any more grants nothing, so
    /// there is nothing in it to hold.
    pub(crate) fn may_take(
        &self,
        grants: &[Grant],
        holder: Option<IdentityId>,
    ) -> Result<(), Error> {
        if grants.iter().all(|grant| self.covers(grant, holder)) {
            Ok(())
        } else {
            Err(Error::Outranked)
        }
    }

    /// Power over others is given only by somebody who was proven lately to be there: a stolen session must not make owners.
    /// `held` is what the receiver has already.
    pub(crate) fn may_empower(
        &self,
        fresh: bool,
        held: &[Grant],
        grants: &[Grant],
    ) -> Result<(), Error> {
        let mut more = grants.iter().filter(|grant| !held.contains(grant));
        let decides = |grant: &Grant| {
            let role = self.roles.get(&grant.role);
            role.is_some_and(|role| role.permissions.iter().any(|name| is_for_people(name)))
        };
        if !fresh && more.any(decides) {
            return Err(FactorError::Stale.into());
        }
        Ok(())
    }

    /// Whether the giver holds these permissions over the whole tenant; the first that they do not.
    pub(crate) fn lacks<'p>(
        &self,
        permissions: impl IntoIterator<Item = &'p String>,
    ) -> Option<&'p String> {
        permissions
            .into_iter()
            .find(|permission| !self.reach_of(permission).covers(&Scope::All))
    }

    fn covers(&self, grant: &Grant, holder: Option<IdentityId>) -> bool {
        let Some(role) = self.roles.get(&grant.role) else {
            return true;
        };
        role.permissions.iter().all(|permission| {
            let held = self.reach_of(permission);
            match (grant.scope, holder) {
                (ScopeKind::Units, _) => held.covers(&Scope::Units(grant.units.clone())),
                (ScopeKind::Own, Some(holder)) => held.covers(&Scope::Own(holder)),
                (ScopeKind::All, _) | (ScopeKind::Own, None) => held.covers(&Scope::All),
            }
        })
    }

    /// The united reach of a permission over all grants that carry it.
    fn reach_of(&self, permission: &str) -> Held {
        let carrying = self
            .access
            .grants
            .iter()
            .filter(|grant| grant.permissions.contains(permission));
        Held(carrying.map(|grant| grant.scope.clone()).collect())
    }
}

struct Held(Vec<Scope>);

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

impl Identity {
    /// Refuses grants over units that the tenant does not have: an id of another tenant's would wait there until it
    /// meant something. Asked before the transaction that stores them, because units are in the tenant's database.
    pub(crate) async fn check_units(
        &self,
        tenant: gantry_kernel::TenantId,
        grants: &[Grant],
    ) -> Result<(), Error> {
        let asked = grants
            .iter()
            .flat_map(|grant| &grant.units)
            .copied()
            .collect();
        let unknown = self.units.unknown(tenant, asked).await?;
        let fault = grants.iter().enumerate().find_map(|(at, grant)| {
            let unit = grant.units.iter().find(|unit| unknown.contains(unit))?;
            Some(Fault {
                at,
                error: GrantError::UnknownUnit(*unit),
            })
        });
        fault.map_or(Ok(()), |fault| Err(Error::Grant(fault)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use gantry_db::TenantState;
    use gantry_kernel::{Kernel, ManualClock, UnitId};

    use super::*;
    use crate::role::{ADMIN, Declared, MEMBER_MANAGE, MEMBER_READ, OWNER, OWNERSHIP, Role, Roles};

    const READ: &str = "spaces.student.read";
    const EDIT: &str = "spaces.student.edit";

    fn roles() -> Roles {
        let text = str::to_owned;
        let manager = Role {
            key: "spaces.manager".into(),
            title: "Manager".into(),
            permissions: Arc::new(BTreeSet::from([text(READ), text(EDIT)])),
            scopes: vec![ScopeKind::All, ScopeKind::Units],
        };
        let viewer = Role {
            key: "spaces.viewer".into(),
            title: "Viewer".into(),
            permissions: Arc::new(BTreeSet::from([text(READ)])),
            scopes: vec![ScopeKind::All, ScopeKind::Units, ScopeKind::Own],
        };
        let permissions = [
            READ,
            EDIT,
            MEMBER_READ.as_str(),
            MEMBER_MANAGE.as_str(),
            OWNERSHIP.as_str(),
        ]
        .map(declared);
        Roles::new(
            permissions,
            [manager, viewer],
            ["tenancy.tenant.read".to_owned()],
        )
    }

    /// A permission that takes effect over everything and, if it is a product's, over units.
    fn declared(name: &str) -> Declared {
        let mut scopes = vec![ScopeKind::All];
        if name.starts_with("spaces.") {
            scopes.push(ScopeKind::Units);
        }
        Declared {
            name: name.to_owned(),
            title: String::new(),
            scopes,
        }
    }

    /// Somebody with these grants in a tenant that made a role of its own, `custom.reader`.
    fn holder<'a>(roles: &'a Roles, grants: &[Grant], kernel: &Kernel) -> Giver<'a> {
        let reader = Role {
            key: "custom.reader".into(),
            title: "Reader".into(),
            permissions: Arc::new(
                roles.known("spaces.student.read,spaces.vanished,identity.ownership.transfer"),
            ),
            scopes: vec![ScopeKind::All, ScopeKind::Units],
        };
        let roles = TenantRoles::new(roles, BTreeMap::from([(reader.key.clone(), reader)]));
        let access = Access {
            tenant: kernel.id(),
            slug: "north-hall".parse().unwrap(),
            state: TenantState::Active,
            grants: roles.granted(grants, kernel.id()),
        };
        Giver::new(roles, access)
    }

    fn give(giver: &Giver<'_>, grants: &[Grant]) -> Result<(), GrantError> {
        giver.may_give(grants, None).map_err(|fault| fault.error)
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
        let admin = holder(&roles, &[Grant::over_all(ADMIN)], &kernel);
        assert_eq!(give(&admin, &[Grant::over_all(ADMIN)]), Ok(()));
        assert_eq!(
            give(&admin, &[Grant::over_all(OWNER)]),
            Err(GrantError::NotYours(OWNER.into()))
        );
        let owner = holder(&roles, &[Grant::over_all(OWNER)], &kernel);
        assert_eq!(give(&owner, &[Grant::over_all(OWNER)]), Ok(()));
    }

    #[test]
    fn a_manager_of_one_unit_gives_only_that_unit() {
        let (roles, kernel) = (roles(), Kernel::manual(&ManualClock::default(), 2));
        let (a, b): (UnitId, UnitId) = (kernel.id(), kernel.id());
        let manager = holder(&roles, &[units("spaces.manager", &[a])], &kernel);
        assert_eq!(give(&manager, &[units("spaces.viewer", &[a])]), Ok(()));
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
                give(&manager, std::slice::from_ref(&beyond)).is_err(),
                "{beyond:?}"
            );
        }
        let both = holder(
            &roles,
            &[units("spaces.manager", &[a]), units("spaces.viewer", &[b])],
            &kernel,
        );
        assert_eq!(give(&both, &[units("spaces.viewer", &[a, b])]), Ok(()));
        assert!(give(&both, &[units("spaces.manager", &[a, b])]).is_err());
    }

    #[test]
    fn a_role_nobody_declares_grants_nothing() {
        let (roles, kernel) = (roles(), Kernel::manual(&ManualClock::default(), 3));
        let nobody = holder(&roles, &[Grant::over_all("spaces.vanished")], &kernel);
        assert!(nobody.access.grants.is_empty());
        assert!(
            nobody
                .may_take(&[Grant::over_all("spaces.vanished")], None)
                .is_ok()
        );
        assert!(roles.platform(["root"].into_iter()).is_empty());
    }

    #[test]
    fn grants_that_make_no_sense_are_refused() {
        let (roles, kernel) = (roles(), Kernel::manual(&ManualClock::default(), 4));
        let (unit, owner) = (
            kernel.id(),
            holder(&roles, &[Grant::over_all(OWNER)], &kernel),
        );
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
            assert!(give(&owner, &grants).is_err(), "{grants:?}");
        }
        assert_eq!(
            give(
                &owner,
                &[Grant::over_all(ADMIN), units("spaces.manager", &[unit])]
            ),
            Ok(())
        );
    }

    #[test]
    fn a_module_cannot_redefine_the_owner() {
        let thief = Role {
            key: OWNER.into(),
            title: "Owner".into(),
            permissions: Arc::new(BTreeSet::new()),
            scopes: vec![ScopeKind::Own],
        };
        let roles = Roles::new([declared(OWNERSHIP.as_str())], [thief], []);
        assert!(
            roles
                .get(OWNER)
                .is_some_and(|owner| owner.permissions.contains(OWNERSHIP.as_str()))
        );
    }

    #[test]
    fn a_role_of_the_tenants_own_carries_what_is_declared_and_no_more() {
        let (roles, kernel) = (roles(), Kernel::manual(&ManualClock::default(), 5));
        let reader = holder(&roles, &[Grant::over_all("custom.reader")], &kernel);
        let carried: Vec<_> = reader.access.grants[0].permissions.iter().collect();
        assert_eq!(carried, [READ]);
        assert_eq!(give(&reader, &[Grant::over_all("spaces.viewer")]), Ok(()));
        assert!(give(&reader, &[Grant::over_all("spaces.manager")]).is_err());
        let manager = holder(&roles, &[units("spaces.manager", &[kernel.id()])], &kernel);
        assert_eq!(
            give(&manager, &[Grant::over_all("custom.reader")]),
            Err(GrantError::NotYours("custom.reader".into()))
        );
        let (read, edit) = (READ.to_owned(), EDIT.to_owned());
        assert_eq!(reader.lacks([&read, &edit]), Some(&edit));
        assert_eq!(
            manager.lacks([&read]),
            Some(&read),
            "not over the whole tenant"
        );
    }

    #[test]
    fn a_role_has_the_scopes_that_all_its_permissions_have() {
        let roles = roles();
        let scopes = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            roles.scopes_of(&names)
        };
        assert_eq!(scopes(&[READ, EDIT]), [ScopeKind::All, ScopeKind::Units]);
        assert_eq!(scopes(&[READ, MEMBER_READ.as_str()]), [ScopeKind::All]);
    }
}

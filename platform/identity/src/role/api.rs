//! The roles of a tenant, and the permissions they are made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use gantry_audit::{Entry, Facts, Target};
use gantry_http::{
    Body, CreatedVersion, Json, NoContent, Path, RequestContext, TenantCx, Versioned,
    write_once_control,
};
use gantry_kernel::{Problem, ScopeKind, Text, crypto, fold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OWNERSHIP, ROLE_MANAGE, Roles, giver, is_for_people, store};
use crate::{Error, Identity, events};

/// A tenant's own roles are read whole whenever somebody gives one.
const MOST_ROLES: usize = 100;
/// More than any binary declares; what is asked for is compared name by name.
const MOST_PERMISSIONS: usize = 200;

/// A role that can be given in this tenant.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Role {
    /// Names the role in grants.
    pub(crate) key: String,
    /// What people read.
    title: String,
    /// Whether every tenant has it; otherwise this tenant made it and can change it.
    built_in: bool,
    /// What it allows.
    permissions: Vec<String>,
    /// The scopes it can be given with.
    scopes: Vec<ScopeKind>,
    /// Changes when the role does; the ETag.
    version: i64,
}

impl Role {
    fn built_in(role: &super::Role) -> Self {
        let permissions: Vec<String> = role.permissions.iter().cloned().collect();
        // Nobody counts the changes of a role that changes with the binary: what it carries is its version.
        let digest = crypto::sha256(permissions.join(",").as_bytes());
        let version = digest
            .iter()
            .take(6)
            .fold(0, |sum, byte| (sum << 8) | i64::from(*byte));
        Self {
            key: role.key.clone(),
            title: role.title.clone(),
            built_in: true,
            permissions,
            scopes: role.scopes.clone(),
            version,
        }
    }

    fn custom(roles: &Roles, stored: &store::Custom) -> Self {
        let role = stored.role(roles);
        Self {
            built_in: false,
            version: stored.version,
            ..Self::built_in(&role)
        }
    }
}

/// All roles.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RoleList {
    /// The built-in ones by key, then the tenant's own by title.
    items: Vec<Role>,
}

/// The roles that can be given here.
pub(crate) async fn list_roles(
    identity: Arc<Identity>,
    cx: TenantCx,
    (): (),
) -> Result<Json<RoleList>, Error> {
    let tenant = cx.tenant();
    let own = identity
        .control
        .read(async move |tx| store::list(tx, tenant).await)
        .await?;
    let roles = &identity.roles;
    let built_in = roles.list().map(Role::built_in);
    let own = own.iter().map(|stored| Role::custom(roles, stored));
    Ok(Json(RoleList {
        items: built_in.chain(own).collect(),
    }))
}

/// One role.
pub(crate) async fn get_role(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(key): Path<String>,
) -> Result<Versioned<Role>, Error> {
    let body = if let Some(role) = identity.roles.get(&key) {
        Role::built_in(role)
    } else {
        let tenant = cx.tenant();
        let found = identity
            .control
            .read(async move |tx| store::get(tx, tenant, &key).await)
            .await?;
        Role::custom(&identity.roles, &found.ok_or(Error::NotFound)?)
    };
    let version = body.version;
    Ok(Versioned { body, version })
}

/// A permission that roles are made of.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Permission {
    /// Its name.
    name: String,
    /// What it lets somebody do.
    title: String,
    /// The scopes in which it takes effect.
    scopes: Vec<ScopeKind>,
    /// Whether the tenant's own roles can carry it.
    custom_roles: bool,
    /// Whether service accounts can have it.
    service_accounts: bool,
}

/// All permissions.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PermissionList {
    /// By name.
    items: Vec<Permission>,
}

/// The permissions that roles are made of.
pub(crate) async fn list_permissions(
    identity: Arc<Identity>,
    _: TenantCx,
    (): (),
) -> Result<Json<PermissionList>, Error> {
    let items = identity.roles.permissions().map(|declared| Permission {
        name: declared.name.clone(),
        title: declared.title.clone(),
        scopes: declared.scopes.clone(),
        custom_roles: declared.name != OWNERSHIP.as_str(),
        service_accounts: !is_for_people(&declared.name),
    });
    Ok(Json(PermissionList {
        items: items.collect(),
    }))
}

/// What a role of the tenant's own is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleInput {
    /// What people read; no two roles of a tenant have the same.
    title: Text<1, 60>,
    /// What it allows. The scopes it can be given with are those in which all of these take effect.
    #[schemars(length(min = 1, max = 200))]
    permissions: Vec<String>,
}

impl RoleInput {
    /// Refuses what no role can be.
    fn check(&self, roles: &Roles) -> Result<BTreeSet<String>, Error> {
        if self.permissions.is_empty() || self.permissions.len() > MOST_PERMISSIONS {
            return Err(Error::RolePermission(
                None,
                "name 1 to 200 permissions".to_owned(),
            ));
        }
        for (at, name) in self.permissions.iter().enumerate() {
            let why = if roles.permission(name).is_none() {
                "there is no such permission"
            } else if name == OWNERSHIP.as_str() {
                "only the role owner carries this permission"
            } else {
                continue;
            };
            return Err(Error::RolePermission(Some(at), why.to_owned()));
        }
        let permissions: BTreeSet<String> = self.permissions.iter().cloned().collect();
        if roles.scopes_of(&permissions).is_empty() {
            let why = "there is no scope in which all of these permissions take effect";
            return Err(Error::RolePermission(None, why.to_owned()));
        }
        let folded = fold(self.title.as_str());
        if roles
            .list()
            .any(|role| fold(&role.title) == folded || role.key == folded)
        {
            return Err(Error::RoleTitleTaken);
        }
        Ok(permissions)
    }
}

fn facts(title: &str, permissions: &BTreeSet<String>) -> Facts {
    Facts::new()
        .with("title", title)
        .with_list("permissions", permissions)
}

/// Makes a role. The caller must hold everything it allows over the whole tenant.
pub(crate) async fn create_role(
    identity: Arc<Identity>,
    cx: TenantCx,
    Body(input): Body<RoleInput>,
) -> Result<CreatedVersion<Role>, Problem> {
    let permissions = input.check(&identity.roles)?;
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let (caller, state) = (cx.principal.identity, Arc::clone(&identity));
    let made: Role = write_once_control(&identity.control, &cx, async move |tx| {
        let giver = giver(&state, tx, &access, caller, ROLE_MANAGE).await?;
        if let Some(lacking) = giver.lacks(&permissions) {
            return Err(Error::RoleExceeds(lacking.clone()));
        }
        if store::list(tx, tenant).await?.len() >= MOST_ROLES {
            return Err(Error::TooManyRoles);
        }
        let title = input.title.as_str();
        let key = store::insert(tx, tenant, title, &permissions, caller).await?;
        events::role_changed(tx, tenant, &key).await?;
        let entry = Entry::new(actor, "identity.role.created", Target::new("role", &key));
        let entry = entry
            .about(tenant)
            .after(facts(title, &permissions))
            .origin(&origin);
        gantry_audit::append(tx, entry).await?;
        let stored = store::get(tx, tenant, &key).await?.ok_or(Error::NotFound)?;
        Ok::<_, Error>(Role::custom(&state.roles, &stored))
    })
    .await?;
    let (slug, version) = (&cx.access.slug, made.version);
    Ok(CreatedVersion {
        location: format!("/api/v1/tenants/{slug}/identity/roles/{}", made.key),
        body: made,
        version,
    })
}

/// Changes a role for everybody who holds it. Needs `If-Match`. The caller must hold everything it allows now and
/// everything it will allow, over the whole tenant.
pub(crate) async fn update_role(
    identity: Arc<Identity>,
    cx: TenantCx,
    (Path(key), Body(input)): (Path<String>, Body<RoleInput>),
) -> Result<Versioned<Role>, Error> {
    let version = cx.if_match()?;
    own(&identity, &key)?;
    let permissions = input.check(&identity.roles)?;
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let (caller, state) = (cx.principal.identity, Arc::clone(&identity));
    let changed = identity
        .control
        .write(async move |tx| {
            let giver = giver(&state, tx, &access, caller, ROLE_MANAGE).await?;
            let stored = store::get(tx, tenant, &key).await?.ok_or(Error::NotFound)?;
            let before = stored.role(&state.roles);
            if let Some(lacking) = giver.lacks(before.permissions.union(&permissions)) {
                return Err(Error::RoleExceeds(lacking.clone()));
            }
            let scopes = state.roles.scopes_of(&permissions);
            let held = store::scopes_in_use(tx, tenant, &key).await?;
            if let Some(lost) = held.into_iter().find(|scope| !scopes.contains(scope)) {
                return Err(Error::RoleScopeInUse(lost));
            }
            let title = input.title.as_str();
            store::update(tx, tenant, &key, version, title, &permissions).await?;
            events::role_changed(tx, tenant, &key).await?;
            let entry = Entry::new(actor, "identity.role.changed", Target::new("role", &key));
            let entry = entry
                .about(tenant)
                .before(facts(&before.title, &before.permissions))
                .after(facts(title, &permissions))
                .origin(&origin);
            gantry_audit::append(tx, entry).await?;
            let stored = store::get(tx, tenant, &key).await?.ok_or(Error::NotFound)?;
            Ok(Role::custom(&state.roles, &stored))
        })
        .await?;
    identity.changed();
    let version = changed.version;
    Ok(Versioned {
        body: changed,
        version,
    })
}

/// Removes a role that nobody holds and no open invitation offers. Needs `If-Match`.
///
/// It does not take the role from its holders: that would be many changes of access at once, each of which somebody
/// should have meant.
pub(crate) async fn delete_role(
    identity: Arc<Identity>,
    cx: TenantCx,
    Path(key): Path<String>,
) -> Result<NoContent, Error> {
    let version = cx.if_match()?;
    own(&identity, &key)?;
    let (tenant, access, actor, origin) = (cx.tenant(), cx.access.clone(), cx.actor(), cx.origin());
    let (caller, state) = (cx.principal.identity, Arc::clone(&identity));
    identity
        .control
        .write(async move |tx| {
            let giver = giver(&state, tx, &access, caller, ROLE_MANAGE).await?;
            let stored = store::get(tx, tenant, &key).await?.ok_or(Error::NotFound)?;
            let before = stored.role(&state.roles);
            if let Some(lacking) = giver.lacks(before.permissions.iter()) {
                return Err(Error::RoleExceeds(lacking.clone()));
            }
            if !store::scopes_in_use(tx, tenant, &key).await?.is_empty() {
                return Err(Error::RoleInUse);
            }
            store::delete(tx, tenant, &key, version).await?;
            events::role_changed(tx, tenant, &key).await?;
            let entry = Entry::new(actor, "identity.role.deleted", Target::new("role", &key));
            let entry = entry
                .about(tenant)
                .before(facts(&before.title, &before.permissions))
                .origin(&origin);
            gantry_audit::append(tx, entry).await?;
            Ok(())
        })
        .await?;
    Ok(NoContent)
}

fn own(identity: &Identity, key: &str) -> Result<(), Error> {
    match identity.roles.get(key) {
        Some(_) => Err(Error::RoleBuiltIn),
        None => Ok(()),
    }
}

//! Identity as a module of the process: what it declares, and what it hands over.

use std::sync::{Arc, OnceLock};

use gantry_kernel::ScopeKind;
use gantry_runtime::config::ConfigSection;
use gantry_runtime::{
    BuildError, Catalogue, Manifest, Module, Parts, PermissionDecl, PlatformBuild, PlatformModule,
    StartHook, sealed_column,
};

use crate::role::{
    ACCOUNT_UNLOCK, AUDIT_READ, Declared, MEMBER_MANAGE, MEMBER_READ, OWNERSHIP, ROLE_MANAGE, Role,
    Roles, SERVICE_MANAGE, SERVICE_READ,
};
use crate::{
    IMPERSONATE, Identity, IdentityConfig, MIGRATIONS, Needs, PERSON_READ, PERSON_SUSPEND,
};

/// The module's name and its section of the configuration.
pub const NAME: &str = "identity";

/// The module, for the list of a process.
pub fn module() -> Module {
    module_with_handle().0
}

/// The module, and the handle by which rescue commands reach it once the process is put together.
pub fn module_with_handle() -> (Module, Handle) {
    let handle = Handle::default();
    (
        Module::platform(IdentityModule {
            handle: handle.clone(),
        }),
        handle,
    )
}

/// Where a built module can be found.
#[derive(Clone, Default)]
pub struct Handle(Arc<OnceLock<Arc<Identity>>>);

impl Handle {
    /// The module; `None` before it was built.
    pub fn get(&self) -> Option<&Arc<Identity>> {
        self.0.get()
    }
}

struct IdentityModule {
    handle: Handle,
}

impl PlatformModule for IdentityModule {
    fn manifest(&self) -> Manifest {
        let all = &[ScopeKind::All];
        let declared = |permission, title| PermissionDecl {
            permission,
            title,
            scopes: all,
        };
        let staff = |permission, title| PermissionDecl {
            permission,
            title,
            scopes: &[],
        };
        let mut manifest = Manifest::new(NAME);
        manifest.needs = &[gantry_contracts::WORKSPACES, gantry_contracts::LIMITS];
        manifest.migrations = MIGRATIONS;
        manifest.permissions = vec![
            declared(MEMBER_READ, "See members, roles and invitations"),
            declared(MEMBER_MANAGE, "Invite, change and remove members"),
            declared(ROLE_MANAGE, "Make, change and remove roles"),
            declared(SERVICE_READ, "See service accounts and their keys"),
            declared(
                SERVICE_MANAGE,
                "Make, change and remove service accounts and their keys",
            ),
            declared(
                OWNERSHIP,
                "Make and unmake owners, and decide by which providers people sign in",
            ),
            declared(AUDIT_READ, "Read the audit log"),
            staff(PERSON_READ, "See all accounts"),
            staff(PERSON_SUSPEND, "Suspend people"),
            staff(IMPERSONATE, "Act as a member of a workspace"),
            staff(ACCOUNT_UNLOCK, "Unlock accounts after failed log-ins"),
        ];
        manifest.sealed.control = vec![
            sealed_column!("signing_keys", "kid", "sealed_private"),
            sealed_column!("totp", "identity_id", "sealed_secret"),
            sealed_column!("oidc_providers", "id", "sealed_secret"),
        ];
        manifest.config = vec![ConfigSection::reviewed(NAME, IdentityConfig::review)];
        manifest
    }

    fn build(self: Box<Self>, cx: &PlatformBuild) -> Result<Parts, BuildError> {
        let config = cx.section::<IdentityConfig>(NAME)?;
        let identity = Identity::start(Needs {
            kernel: cx.kernel.clone(),
            control: cx.control.clone(),
            keyring: Arc::clone(&cx.keyring),
            roles: roles(&cx.catalogue),
            workspaces: cx.contracts.workspaces.clone(),
            limits: cx.contracts.limits.clone(),
            units: cx.contracts.units.clone(),
            public_url: cx.public_url.clone(),
            outbound: cx.outbound.clone(),
            config: IdentityConfig::clone(&config),
        })
        .map_err(BuildError::other)?;
        cx.metrics.join(identity.hasher.measures());
        cx.metrics.join(Arc::clone(&identity.recent.lookups) as _);
        cx.contracts.members.provide(Arc::clone(&identity) as _)?;
        cx.contracts.people.provide(Arc::clone(&identity) as _)?;
        cx.contracts
            .access_cache
            .provide(Arc::clone(&identity) as _)?;
        self.handle.0.get_or_init(|| Arc::clone(&identity));
        Ok(Parts {
            routes: identity.routes(),
            jobs: identity.jobs(),
            schedules: Identity::schedules(),
            mails: identity.mails(),
            start: vec![start_hook(&identity)],
            authority: Some(identity),
            ..Parts::default()
        })
    }
}

/// The roles of the process: the modules' own and the three every tenant has.
fn roles(catalogue: &Catalogue) -> Roles {
    let names = |permissions: &[gantry_kernel::Permission]| {
        permissions
            .iter()
            .map(|permission| permission.as_str().to_owned())
            .collect()
    };
    Roles::new(
        catalogue.tenant_permissions().map(|declared| Declared {
            name: declared.permission.as_str().to_owned(),
            title: declared.title.to_owned(),
            scopes: declared.scopes.to_vec(),
        }),
        catalogue
            .roles()
            .filter(|role| !role.scopes.is_empty())
            .map(|role| Role {
                key: role.key.to_owned(),
                title: role.title.to_owned(),
                permissions: Arc::new(names(role.permissions)),
                scopes: role.scopes.to_vec(),
            }),
        catalogue
            .platform_permissions()
            .map(|declared| declared.permission.as_str().to_owned()),
    )
}

/// Makes the signing key of a new installation and, while there is no operator, the set-up link.
fn start_hook(identity: &Arc<Identity>) -> StartHook {
    let identity = Arc::clone(identity);
    StartHook::new(NAME, move || {
        let identity = Arc::clone(&identity);
        async move {
            identity
                .access_tokens
                .key_set()
                .await
                .map_err(|error| error.to_string())?;
            let link = identity
                .set_up_link()
                .await
                .map_err(|error| error.to_string())?;
            Ok(link
                .map(|link| {
                    let hours = identity.config.set_up_link.get().as_secs() / 3_600;
                    format!("no operator yet: make one within {hours} hours at {link}")
                })
                .into_iter()
                .collect())
        }
    })
}

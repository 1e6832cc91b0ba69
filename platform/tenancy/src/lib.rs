//! The life of a tenant: begun with its owner, provisioned by a job that survives any crash, named,
//! limited, suspended and resumed, moved from one home to another, closed and removed.
//!
//! Control is the authority. A tenant begins as a row of the directory in state
//! `provisioning`, together with a job; the job makes the database and then, in one control
//! transaction, makes the owner a member and the tenant `active`. Whatever is interrupted is simply
//! done again.

mod adopting;
mod by;
mod closing;
mod config;
mod error;
mod fleet;
mod limits;
mod module;
mod moving;
mod naming;
mod permissions;
mod provisioning;
mod routes;
mod suspension;
mod tenants;

use gantry_contracts::{AccessCache, Members, Slot, TenantFiles};
use gantry_db::{ControlDb, Migrations, Tenants, migrations};
use gantry_kernel::TenantId;

pub use by::By;
pub use closing::{Closure, REMOVAL, removal};
pub use config::TenancyConfig;
pub use error::Error;
pub use fleet::{Failed, Fleet, HomeView, Open, Schema};
pub use limits::LimitBook;
pub use module::{Handle, module, module_with_handle};
pub use moving::{MOVE, Move, MoveId, MoveState, job as move_job};
pub use permissions::{
    TENANT_CLOSE, TENANT_CREATE, TENANT_EDIT, TENANT_MOVE, TENANT_READ, TENANT_SUSPEND,
    WORKSPACE_EDIT, WORKSPACE_READ,
};
pub use provisioning::{Beginner, PROVISION, job};
pub use routes::routes;
pub use tenants::TenantView;

/// The tables of this module.
pub const MIGRATIONS: Migrations = migrations! { module: "tenancy", control: ["0001_tenancy", "0002_lifecycle", "0003_move_askers"], tenant: [] };

/// What the handlers and the job share.
pub struct Tenancy {
    /// The platform's database.
    pub control: ControlDb,
    /// The tenants' databases.
    pub tenants: Tenants,
    /// Who makes owners members.
    pub members: Slot<dyn Members>,
    /// Who deletes the files of a tenant that is gone.
    pub files: Slot<dyn TenantFiles>,
    /// Who must forget what it knows of a tenant that changed.
    pub access_cache: Slot<dyn AccessCache>,
    /// The settings.
    pub config: TenancyConfig,
}

impl Tenancy {
    /// Makes a change of a tenant's state hold at once in this process; others see it when what they
    /// remember runs out, within half a second.
    fn forget(&self, tenant: TenantId) {
        if let Ok(cache) = self.access_cache.get() {
            cache.forget_tenant(tenant);
        }
    }
}

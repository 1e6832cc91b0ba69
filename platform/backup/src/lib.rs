//! Backups of control and of every tenant: compressed, encrypted, each restored to a scratch database
//! and compared before it counts; kept by day, week and month; copied to a second place; and restored.
//!
//! A backup is a folder of age files, one per database, with a manifest that is written last. The
//! contents are copies in the form of [`gantry_db::copy`], so a backup of one engine is restored on the
//! other. Control is copied first: every tenant in a backup is known to the control in it. The master
//! key is never in a backup; the backup's own key is apart from both.

mod age;
mod all;
mod api;
mod config;
mod copying;
mod error;
mod events;
mod evidence;
mod keys;
mod manifest;
mod module;
mod notices;
mod permissions;
mod proof;
mod rehearsal;
mod restore;
mod retention;
mod routes;
mod run;
mod smoke;
mod stale;
mod store;
mod verify;
mod works;

use std::sync::Arc;

use gantry_db::{ControlDb, Migrations, Tenants, migrations};
use gantry_kernel::{Kernel, define_id};
use gantry_outbound::OutboundSettings;

use store::Places;

pub use age::{AgeError, Identity, Recipient};
pub use all::{Also, RestoreId, RestoredAll, Unfinished, begin as begin_restore};
pub use config::BackupConfig;
pub use error::BackupError;
pub use evidence::{Backup, Cause, Copied, CopyState, Evidence, State};
pub use gantry_objects::{BucketFault, S3Config};
pub use manifest::{Entry, Manifest, Missing};
pub use module::{MakeSmoke, jobs, module, module_with};
pub use restore::Restored;
pub use retention::{Policy, keep};
pub use smoke::{Answer, Answers, Api, Smoke};
pub use store::Kind as StoreKind;
pub use verify::{Checked, Verified};

/// The tables of this module.
pub const MIGRATIONS: Migrations = migrations! { module: "backup", control: ["0001_backups", "0002_works", "0003_restores", "0004_copies", "0005_answers"], tenant: [] };

define_id! {
    /// A backup.
    pub struct BackupId;
}

/// What commands, routes and the job share.
#[derive(Clone)]
pub struct Backups {
    pub(crate) control: ControlDb,
    pub(crate) tenants: Tenants,
    pub(crate) kernel: Kernel,
    pub(crate) config: BackupConfig,
    outbound: OutboundSettings,
    smoke: Option<Arc<dyn Smoke>>,
}

impl Backups {
    /// Over these databases, with these settings; `outbound` says which authorities a server of buckets is believed by.
    pub const fn new(
        control: ControlDb,
        tenants: Tenants,
        kernel: Kernel,
        config: BackupConfig,
        outbound: OutboundSettings,
    ) -> Self {
        Self {
            control,
            tenants,
            kernel,
            config,
            outbound,
            smoke: None,
        }
    }

    /// What is restored for proof is also asked through the program's API.
    #[must_use]
    pub fn with_smoke(mut self, smoke: Arc<dyn Smoke>) -> Self {
        self.smoke = Some(smoke);
        self
    }

    pub(crate) fn places(&self) -> Result<Places, BackupError> {
        Places::of(&self.config, &self.outbound, self.tenants.data_dir())
    }
}

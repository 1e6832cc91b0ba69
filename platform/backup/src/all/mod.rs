//! Restoring everything into an empty installation: control first, loaded and prepared apart and then
//! put in place, then tenant after tenant, then what is due.
//!
//! Control's own row of the restore says that the installation is not whole yet. Whoever is killed goes
//! on with the tenants that wait; a server refuses to start before.

mod begin;
mod load;
mod store;

use gantry_db::{ControlTx, DbError, from_row};
use gantry_kernel::{TenantId, Timestamp, define_id};

pub use begin::{Also, begin};

use crate::{BackupError, Backups};

define_id! {
    /// A restore of everything.
    pub struct RestoreId;
}

/// Why mail of a restored installation is held.
pub(crate) const HELD: &str =
    "held because the installation was restored from a backup; it may have been sent before";

/// A restore that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub(crate) id: RestoreId,
    /// The backup it restores.
    pub backup: String,
    /// The moment that control was taken back to.
    pub taken_at: Timestamp,
}

from_row!(Unfinished {
    id,
    backup,
    taken_at
});

/// What a restore of everything came to.
#[derive(Clone, Debug)]
pub struct RestoredAll {
    /// The backup.
    pub backup: String,
    /// The moment that control was taken back to.
    pub taken_at: Timestamp,
    /// Tenants that are there again, each compared with its backup.
    pub tenants: i64,
    /// Their rows.
    pub rows: i64,
    /// Mails that wait for somebody to decide about them, control's not counted.
    pub mails_held: i64,
    /// Tenants of which there is nothing, and why. They are in state `failed`.
    pub lost: Vec<(TenantId, String)>,
    /// Databases in the backup that its control does not know; they were left out.
    pub strangers: Vec<String>,
    /// Tenants whose queues could not be looked into for work.
    pub unread: Vec<(TenantId, String)>,
}

impl Backups {
    /// The restore that is not over, if there is one.
    pub async fn unfinished_restore(&self) -> Result<Option<Unfinished>, BackupError> {
        let found = self
            .control
            .read(async |tx: &mut ControlTx| store::unfinished(tx).await)
            .await
            .map_err(|error: DbError| error)?;
        Ok(found)
    }
}

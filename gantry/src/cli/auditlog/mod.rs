//! `gantry auditlog`: does the chain hold, and everything in it for somebody else to check. The server may be
//! running.

mod export;
mod format;
mod verify;

use clap::Subcommand;
use gantry_audit::chain::SealKeys;
use gantry_db::{ControlDb, Databases, DbError, TenantDb, Tx, directory};
use gantry_kernel::{Slug, TenantId};
use gantry_runtime::Stores;

use super::CliError;
use super::context::{Context, block_on};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Check that nothing was changed since it was sealed; everywhere, if no place is named. Ends with 1
    /// and the place of each fault if something was
    Verify(verify::Verify),
    /// Write rows with what it takes to check them elsewhere
    Export(export::Export),
}

impl Verb {
    pub(super) fn run(self, context: &Context) -> Result<String, CliError> {
        block_on(async move {
            let Stores {
                databases, keyring, ..
            } = context.stores().await?;
            let keys = SealKeys::new(keyring);
            match self {
                Self::Verify(verify) => verify.run(&databases, &keys).await,
                Self::Export(export) => export.run(&databases, &keys).await,
            }
        })
    }
}

/// The database of one chain.
enum Source {
    Control(ControlDb),
    Tenant(TenantDb),
}

impl Source {
    fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Control(_) => None,
            Self::Tenant(db) => Some(db.id()),
        }
    }

    async fn read<T>(
        &self,
        f: impl AsyncFnOnce(&mut Tx) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        match self {
            Self::Control(db) => db.read(async move |tx| f(tx).await).await,
            Self::Tenant(db) => db.read(async move |tx| f(tx).await).await,
        }
    }
}

/// The tenant with this slug.
async fn find(databases: &Databases, slug: &Slug) -> Result<TenantId, CliError> {
    let tenant = databases
        .control
        .read(async |tx| directory::by_slug(tx, slug).await)
        .await?;
    tenant
        .map(|tenant| tenant.id)
        .ok_or_else(|| CliError::Failed(format!("there is no tenant {slug}")))
}

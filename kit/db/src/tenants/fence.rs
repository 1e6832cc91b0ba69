//! Refusing writes to a tenant's database while it moves, for every process at once: the database
//! itself says no. Reads go on.
//!
//! On SQLite a number in the file's header says so, which each group of writes looks at after it has the
//! write lock. On PostgreSQL triggers say so: making them waits for the transactions under way, and every
//! later one meets them. Both outlive the process that put them there.

use super::Tenants;
use crate::database::blocking;
use crate::homes::At;
use crate::{DbError, directory};

/// Attempts while transactions under way stand in the way of each other.
const ATTEMPTS: u32 = 10;

impl Tenants {
    /// Refuses writes ([`DbError::Moving`]) from when this returns; what was acknowledged before is in
    /// the database.
    pub(crate) async fn fence(&self, tenant: &directory::Tenant) -> Result<(), DbError> {
        self.set_fence(tenant, true).await
    }

    /// Lets writes in again.
    pub(crate) async fn lift(&self, tenant: &directory::Tenant) -> Result<(), DbError> {
        self.set_fence(tenant, false).await
    }

    async fn set_fence(&self, tenant: &directory::Tenant, up: bool) -> Result<(), DbError> {
        let address = tenant.database.clone();
        match self.shared().homes.of(tenant)? {
            At::Files(home) => {
                let files = home.files.clone();
                blocking(move || files.set_fence(&address, up)).await
            }
            At::Server(server) => {
                let mut attempt = 1;
                loop {
                    match server.set_fence(&address, up).await {
                        Err(DbError::Conflict) if attempt < ATTEMPTS => attempt += 1,
                        outcome => return outcome,
                    }
                }
            }
        }
    }
}

//! Migrating the tenants nobody has opened since the program changed.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_kernel::TenantId;

use super::Tenants;
use crate::{DbError, directory};

/// How many tenants are looked up at a time.
const PAGE: i64 = 100;

/// What a sweep did.
#[derive(Debug, Default)]
pub struct SweepReport {
    /// Databases that have this program's schema now.
    pub migrated: usize,
    /// Those that could not be brought there.
    pub failed: Vec<SweepFailure>,
    /// The limit was reached; there may be more.
    pub more: bool,
}

/// A tenant whose database could not be migrated.
#[derive(Debug)]
pub struct SweepFailure {
    /// The tenant.
    pub tenant: TenantId,
    /// Why.
    pub error: DbError,
}

impl Tenants {
    /// Opens up to `limit` databases last seen with an older schema, after `after` in the order of
    /// ids, which migrates them and records it. One that fails does not stop the others.
    pub fn sweep(
        &self,
        after: Option<TenantId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<(SweepReport, Option<TenantId>), DbError>> {
        self.migrate(after, limit).boxed()
    }

    async fn migrate(
        &self,
        after: Option<TenantId>,
        limit: usize,
    ) -> Result<(SweepReport, Option<TenantId>), DbError> {
        let wanted = self.shared.migrations.tenant().version();
        let mut report = SweepReport::default();
        let mut last = after;
        loop {
            let from = last;
            let page = self
                .control
                .read(async |tx| directory::outdated(tx, wanted, from, PAGE).await)
                .await?;
            if page.is_empty() {
                return Ok((report, last));
            }
            for (tenant,) in page {
                if report.migrated + report.failed.len() >= limit {
                    report.more = true;
                    return Ok((report, last));
                }
                last = Some(tenant);
                match self.get(tenant).await {
                    Ok(_) => report.migrated += 1,
                    Err(error) => report.failed.push(SweepFailure { tenant, error }),
                }
            }
        }
    }
}

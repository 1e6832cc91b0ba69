//! Migrating the tenants nobody has opened since the program changed.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_kernel::TenantId;

use super::Tenants;
use crate::directory::{self, SchemaProgress};
use crate::{DbError, args, sql};

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
    /// How many databases were last seen with an older schema than this program's.
    pub async fn behind(&self) -> Result<i64, DbError> {
        let version = self.shared().migrations.tenant().version();
        let (behind,) = self
            .control()
            .read(async move |tx| {
                tx.one::<(i64,)>(
                    sql!(
                        "SELECT count(*) FROM tenants WHERE schema_version < $1 AND database <> ''"
                    ),
                    &args![version],
                )
                .await
            })
            .await?;
        Ok(behind)
    }

    /// Opens up to `limit` databases last seen with an older schema, after `after` in the order of
    /// ids, which migrates them and records it. One that fails does not stop the others.
    pub fn sweep(
        &self,
        after: Option<TenantId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<(SweepReport, Option<TenantId>), DbError>> {
        self.migrate(after, limit).boxed()
    }

    /// Brings one tenant's database to this program's schema, and notes when that fails.
    pub async fn follow(&self, tenant: TenantId) -> Result<(), DbError> {
        let outcome = self.get(tenant).await.map(drop);
        let (wanted, known) = (self.schema_version(), outcome.clone());
        self.control()
            .write(async move |tx| match &known {
                Ok(()) => directory::catch_up(tx, tenant).await,
                Err(error) => directory::fall_behind(tx, tenant, wanted, &error.to_string()).await,
            })
            .await?;
        outcome
    }

    /// How far all are.
    pub async fn schema_progress(&self) -> Result<SchemaProgress, DbError> {
        let wanted = self.schema_version();
        self.control()
            .read(async |tx| directory::progress(tx, wanted).await)
            .await
    }

    async fn migrate(
        &self,
        after: Option<TenantId>,
        limit: usize,
    ) -> Result<(SweepReport, Option<TenantId>), DbError> {
        let wanted = self.schema_version();
        let mut report = SweepReport::default();
        let mut last = after;
        loop {
            let from = last;
            let page = self
                .control()
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
                match self.follow(tenant).await {
                    Ok(()) => report.migrated += 1,
                    Err(error) => report.failed.push(SweepFailure { tenant, error }),
                }
            }
        }
    }
}

//! All tenants' databases at once: where they are, what is open, how far their schema is.

use std::sync::Arc;

use gantry_db::{SchemaProgress, directory};
use gantry_http::{Accepted, Json, PlatformCx, RequestContext};
use gantry_jobs::{NewJob, enqueue};
use gantry_kernel::{TenantId, Timestamp};
use gantry_runtime::TENANT_SWEEP;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{Error, Tenancy};

/// Tenants that could not follow, shown at most.
const SHOWN: i64 = 100;

/// All databases of tenants.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Fleet {
    /// How far tenants are with the schema of this program.
    pub schema: Schema,
    /// Those that could not follow, a hundred at most.
    pub failed: Vec<Failed>,
    /// Where tenants can be.
    pub homes: Vec<HomeView>,
    /// What this process has open.
    pub open: Open,
}

/// Progress of a schema.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FleetSchema")]
pub struct Schema {
    /// The number of migrations that a tenant's database of this program has.
    pub version: i64,
    /// Tenants with a database.
    pub tenants: i64,
    /// Those that have not followed yet.
    pub behind: i64,
    /// Those of them that tried in vain.
    pub failed: i64,
}

/// A tenant whose database could not be brought to the schema.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FleetFailure")]
pub struct Failed {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Attempts so far.
    pub failures: i64,
    /// Why the last one failed.
    pub error: String,
    /// When it did.
    pub failed_at: Timestamp,
}

/// A place for tenants' databases.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FleetHome")]
pub struct HomeView {
    /// `sqlite`, or the name of a PostgreSQL server.
    pub name: String,
    /// Tenants it has.
    pub tenants: i64,
}

/// Databases that this process keeps open, and what became of those who wanted one since it started.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FleetOpen")]
pub struct Open {
    /// Open now.
    pub now: usize,
    /// May be open at once.
    pub most: usize,
    /// Found open.
    pub hits: u64,
    /// Had to be opened.
    pub misses: u64,
    /// Closed to make room.
    pub closed: u64,
    /// Turned away because all that were open were in use.
    pub refused: u64,
}

impl Tenancy {
    /// What is known of all tenants' databases.
    pub async fn fleet(&self) -> Result<Fleet, Error> {
        let SchemaProgress {
            wanted,
            tenants,
            behind,
            failed,
        } = self.tenants.schema_progress().await?;
        let (laggards, counts) = self
            .control
            .read(async |tx| {
                let laggards = directory::laggards(tx, None, SHOWN).await?;
                Ok::<_, Error>((laggards, directory::count_by_home(tx).await?))
            })
            .await?;
        let counted = |name: &str| {
            let found = counts.iter().find(|(home, _)| home.to_string() == name);
            found.map_or(0, |(_, count)| *count)
        };
        let homes = self.tenants.homes().into_iter().map(|home| {
            let name = home.to_string();
            HomeView {
                tenants: counted(&name),
                name,
            }
        });
        let numbers = self.tenants.numbers();
        Ok(Fleet {
            schema: Schema {
                version: wanted,
                tenants,
                behind,
                failed,
            },
            failed: laggards
                .into_iter()
                .map(|one| Failed {
                    tenant_id: one.tenant_id,
                    failures: one.failures,
                    error: one.error,
                    failed_at: one.failed_at,
                })
                .collect(),
            homes: homes.collect(),
            open: Open {
                now: numbers.open,
                most: numbers.most,
                hits: numbers.hits,
                misses: numbers.misses,
                closed: numbers.closed,
                refused: numbers.refused,
            },
        })
    }
}

pub(crate) async fn get(
    tenancy: Arc<Tenancy>,
    _: PlatformCx,
    (): (),
) -> Result<Json<Fleet>, Error> {
    Ok(Json(tenancy.fleet().await?))
}

/// Brings tenants to the present schema now, those too that failed before.
pub(crate) async fn migrate(
    tenancy: Arc<Tenancy>,
    cx: PlatformCx,
    (): (),
) -> Result<Accepted<Fleet>, Error> {
    let (actor, origin) = (cx.actor(), cx.origin());
    tenancy
        .control
        .write(async move |tx| {
            enqueue(tx, NewJob::new(TENANT_SWEEP, &()).dedupe(TENANT_SWEEP)).await?;
            let target = gantry_audit::Target::new("fleet", "tenants");
            let entry = gantry_audit::Entry::new(actor, "tenancy.fleet.migration_asked", target);
            gantry_audit::append(tx, entry.origin(&origin)).await?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(Accepted(tenancy.fleet().await?))
}

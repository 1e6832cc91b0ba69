//! The job that removes what its grace has left.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, future::BoxFuture};
use gantry_audit::{Entry, Facts, Target};
use gantry_db::{ControlTx, DbError, Home, TenantState, directory};
use gantry_jobs::{JobCx, JobError, JobKind, Schedule};
use gantry_kernel::{Actor, Problem, TenantId};

use super::store::{self, Leaving};
use crate::Tenancy;

/// The kind of the job, which lives in control.
pub const REMOVAL: &str = "tenancy.removal";
/// Tenants looked at at a time.
const PAGE: i64 = 50;

/// The kind of job.
pub fn removal(tenancy: Arc<Tenancy>) -> JobKind {
    JobKind::new(REMOVAL, move |cx| run(Arc::clone(&tenancy), cx))
}

/// When it runs.
pub(crate) fn schedule() -> Schedule {
    Schedule::new(REMOVAL, Duration::from_hours(1), REMOVAL)
}

/// One that cannot be removed now does not keep the others.
async fn run(tenancy: Arc<Tenancy>, cx: JobCx) -> Result<(), JobError> {
    let mut after = None;
    while !cx.stopping() {
        let page = tenancy
            .control
            .read(async |tx| store::due(tx, after, PAGE).await)
            .await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.tenant_id);
        for leaving in page {
            let tenant = leaving.tenant_id;
            if let Err(error) = remove(&tenancy, leaving).await {
                tracing::error!(tenant.id = %tenant, %error, "a closed tenant's database stays for now");
            }
        }
    }
    Err(JobError::Stopped)
}

/// First the directory forgets the database, with a note where it was; then it is removed.
fn remove(tenancy: &Arc<Tenancy>, leaving: Leaving) -> BoxFuture<'_, Result<(), DbError>> {
    async move {
        let id = leaving.tenant_id;
        let (home, former) =
            if let (Some(home), Some(former)) = (leaving.former_home, leaving.former) {
                (home, former)
            } else {
                let released = tenancy
                    .control
                    .write(async move |tx: &mut ControlTx| release(tx, id).await)
                    .await?;
                let Some(released) = released else {
                    return Ok(());
                };
                released
            };
        tenancy.tenants.leave_for_good(id);
        let at = tenancy.tenants.home(&home).ok_or_else(|| {
            DbError::Unsupported(format!("this process has no home called {home}"))
        })?;
        tenancy.tenants.remove_database(&at, &former).await?;
        let failed = |problem: Problem| DbError::Other(problem.to_string());
        let files = tenancy.files.get().map_err(Problem::from).map_err(failed)?;
        files.forget(id).await.map_err(failed)?;
        let shared = Arc::clone(tenancy);
        tenancy
            .control
            .write(async move |tx: &mut ControlTx| over(&shared, tx, id, &home).await)
            .await
    }
    .boxed()
}

/// The database is gone: what was kept because of the tenant goes, too.
fn over<'a>(
    tenancy: &'a Tenancy,
    tx: &'a mut ControlTx,
    id: TenantId,
    home: &'a str,
) -> BoxFuture<'a, Result<(), DbError>> {
    async move {
        let failed = |problem: Problem| DbError::Other(problem.to_string());
        store::removed(tx, id).await?;
        store::forget(tx, id).await?;
        gantry_notices::forget_tenant(tx, id).await?;
        let members = tenancy.members.get().map_err(Problem::from);
        let members = members.map_err(failed)?;
        members.forget(tx, id).await.map_err(failed)?;
        let entry = Entry::new(
            Actor::System,
            "tenancy.tenant.removed",
            Target::new("tenant", id),
        );
        gantry_audit::append(tx, entry.about(id).after(Facts::new().with("home", home)))
            .await
            .map(drop)
    }
    .boxed()
}

async fn release(tx: &mut ControlTx, id: TenantId) -> Result<Option<(String, String)>, DbError> {
    let Some(tenant) = directory::by_id(tx, id).await? else {
        return Ok(None);
    };
    // Called off since it was looked at.
    if tenant.state != TenantState::Closed || store::before(tx, id).await?.is_none() {
        return Ok(None);
    }
    let home = Home::of(&tenant).to_string();
    store::leave(tx, id, &home, &tenant.database).await?;
    directory::release(tx, id).await?;
    gantry_jobs::quiet(tx, id).await?;
    Ok(Some((home, tenant.database)))
}

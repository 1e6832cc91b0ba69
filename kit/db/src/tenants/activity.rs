//! When tenants were last written to, told to control every few minutes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gantry_kernel::{TenantId, Timestamp};

use super::Tenants;
use crate::{ControlDb, DbError, args, sql};

/// How old what control knows may be, beside what a crash takes.
const EVERY: Duration = Duration::from_mins(5);
/// Rows written in one transaction.
const ROWS: usize = 500;

/// What control does not know yet.
#[derive(Default)]
pub(crate) struct Activity(Mutex<Unsaid>);

#[derive(Default)]
struct Unsaid {
    writes: HashMap<TenantId, Timestamp>,
    told: Option<Timestamp>,
}

impl Activity {
    /// Notes a write; what is to be told to control by now comes back.
    fn note(&self, tenant: TenantId, now: Timestamp) -> Vec<(TenantId, Timestamp)> {
        let mut unsaid = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unsaid.writes.insert(tenant, now);
        let told = *unsaid.told.get_or_insert(now);
        if now.since(told) < EVERY {
            return Vec::new();
        }
        unsaid.told = Some(now);
        unsaid.writes.drain().collect()
    }

    fn all(&self) -> Vec<(TenantId, Timestamp)> {
        let mut unsaid = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unsaid.writes.drain().collect()
    }
}

/// Notes a write of a tenant.
pub(super) fn wrote(control: &ControlDb, tenant: TenantId) {
    let shared = control.shared();
    let unsaid = shared.activity.note(tenant, shared.kernel.now());
    if !unsaid.is_empty() {
        let control = control.clone();
        tokio::spawn(async move {
            if let Err(error) = tell(&control, unsaid).await {
                tracing::warn!(%error, "when tenants were last written to is not recorded");
            }
        });
    }
}

impl Tenants {
    /// Tells control when tenants were last written to, without waiting for the few minutes to pass.
    pub async fn record_activity(&self) -> Result<(), DbError> {
        tell(self.control(), self.shared().activity.all()).await
    }
}

async fn tell(control: &ControlDb, unsaid: Vec<(TenantId, Timestamp)>) -> Result<(), DbError> {
    for some in unsaid.chunks(ROWS) {
        let some = some.to_vec();
        control
            .write(async move |tx| {
                for (tenant, at) in &some {
                    tx.execute(
                        sql!(
                            "INSERT INTO tenant_activity (tenant_id, written_at) VALUES ($1, $2) \
                             ON CONFLICT (tenant_id) DO UPDATE SET written_at = \
                             CASE WHEN tenant_activity.written_at > excluded.written_at \
                             THEN tenant_activity.written_at ELSE excluded.written_at END"
                        ),
                        &args![tenant, at],
                    )
                    .await?;
                }
                Ok::<_, DbError>(())
            })
            .await?;
    }
    Ok(())
}

//! Where a job of this module lives and writes.

use gantry_db::{ControlTx, TenantTx, Tx};
use gantry_jobs::{JobError, Place};

use crate::module::Notify;

/// Runs the closure in the job's own database.
pub(crate) async fn write<T, F>(notify: &Notify, place: &Place, f: F) -> Result<T, JobError>
where
    F: AsyncFn(&mut Tx) -> Result<T, JobError> + Send + Sync + 'static,
    T: Send + 'static,
{
    match place {
        Place::Control => {
            notify
                .control
                .write(async move |tx: &mut ControlTx| f(tx).await)
                .await
        }
        Place::Tenant(db) => db.write(async move |tx: &mut TenantTx| f(tx).await).await,
    }
}

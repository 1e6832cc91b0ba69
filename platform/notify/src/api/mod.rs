//! The handlers, one operation per file, and the choice of place they share.

mod list_dead_jobs;
mod list_mails;
mod replay_job;
mod retry_mail;

pub(crate) use list_dead_jobs::list_dead_jobs;
pub(crate) use list_mails::list_mails;
pub(crate) use replay_job::replay_job;
pub(crate) use retry_mail::retry_mail;

use gantry_db::{ControlTx, DbError, TenantDb, TenantTx, Tx};
use gantry_kernel::TenantId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Notify};

/// Which queue to look at.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PlaceQuery {
    /// A tenant's id; without it, the platform's own queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<TenantId>,
}

async fn tenant(notify: &Notify, id: TenantId) -> Result<TenantDb, Error> {
    notify.tenants.get(id).await.map_err(|error| match error {
        DbError::TenantMissing(_) => Error::NotFound,
        other => other.into(),
    })
}

async fn read<T, F>(notify: &Notify, place: Option<TenantId>, f: F) -> Result<T, Error>
where
    F: AsyncFnOnce(&mut Tx) -> Result<T, Error>,
{
    match place {
        None => {
            notify
                .control
                .read(async move |tx: &mut ControlTx| f(tx).await)
                .await
        }
        Some(id) => {
            tenant(notify, id)
                .await?
                .read(async move |tx: &mut TenantTx| f(tx).await)
                .await
        }
    }
}

async fn write<T, F>(notify: &Notify, place: Option<TenantId>, f: F) -> Result<T, Error>
where
    F: AsyncFn(&mut Tx) -> Result<T, Error> + Send + Sync + 'static,
    T: Send + 'static,
{
    match place {
        None => {
            notify
                .control
                .write(async move |tx: &mut ControlTx| f(tx).await)
                .await
        }
        Some(id) => {
            tenant(notify, id)
                .await?
                .write(async move |tx: &mut TenantTx| f(tx).await)
                .await
        }
    }
}

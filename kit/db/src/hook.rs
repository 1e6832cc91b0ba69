//! What must happen around a COMMIT that leaves work due: kit/jobs installs it.

use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::BoxFuture;
use gantry_kernel::{TenantId, Timestamp};

use crate::DbError;

/// Told about every transaction that called [`Tx::note_due`](crate::Tx::note_due). Without one
/// installed such a transaction of a tenant fails: its work would lie there unknown to anybody.
pub trait CommitHook: Send + Sync + 'static {
    /// Runs before a tenant's COMMIT; its failure rolls the transaction back. It may use the
    /// control database, never a tenant's. [`DbError::CommitUnknown`] becomes
    /// [`DbError::Unavailable`]: of the tenant's own transaction it is known that it rolled back.
    fn before_commit(&self, tenant: TenantId, due: Timestamp)
    -> BoxFuture<'_, Result<(), DbError>>;

    /// Runs after the COMMIT of a tenant's (`Some`) or the control (`None`) database. Must not
    /// block.
    fn after_commit(&self, tenant: Option<TenantId>, due: Timestamp);
}

/// The place where the hook is put after the databases are open. It is emptied when they close,
/// because a hook usually holds the control database it is called from.
#[derive(Clone, Default)]
pub(crate) struct HookSlot(Arc<RwLock<State>>);

#[derive(Default)]
enum State {
    #[default]
    Empty,
    Installed(Arc<dyn CommitHook>),
    Closed,
}

impl HookSlot {
    pub(crate) fn install(&self, hook: Arc<dyn CommitHook>) -> Result<(), DbError> {
        let mut slot = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match *slot {
            State::Empty => {
                *slot = State::Installed(hook);
                Ok(())
            }
            State::Installed(_) => Err(DbError::Config(
                "a commit hook is already installed".to_owned(),
            )),
            State::Closed => Err(DbError::Unavailable("the databases are closing".to_owned())),
        }
    }

    pub(crate) fn close(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = State::Closed;
    }

    fn get(&self) -> Option<Arc<dyn CommitHook>> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            State::Installed(hook) => Some(Arc::clone(hook)),
            State::Empty | State::Closed => None,
        }
    }

    fn closed(&self) -> bool {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        matches!(*state, State::Closed)
    }

    pub(crate) async fn before(
        &self,
        tenant: Option<TenantId>,
        due: Option<Timestamp>,
    ) -> Result<(), DbError> {
        let (Some(tenant), Some(due)) = (tenant, due) else {
            return Ok(());
        };
        let Some(hook) = self.get() else {
            return Err(if self.closed() {
                DbError::Unavailable("the databases are closing".to_owned())
            } else {
                DbError::Config(
                    "a transaction leaves work due and no commit hook is installed".to_owned(),
                )
            });
        };
        match hook.before_commit(tenant, due).await {
            Err(DbError::CommitUnknown(detail)) => Err(DbError::Unavailable(format!(
                "what is due could not be noted: {detail}"
            ))),
            outcome => outcome,
        }
    }

    pub(crate) fn after(&self, tenant: Option<TenantId>, due: Option<Timestamp>) {
        if let Some(due) = due
            && let Some(hook) = self.get()
        {
            hook.after_commit(tenant, due);
        }
    }
}

//! Waking the readers of this process, and nobody else.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Who waits for what in this process. Clones are the same hub. Only those who are waited for take room: a tenant
/// without readers costs a look into a table.
#[derive(Clone, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Default)]
struct Inner {
    waiting: Mutex<HashMap<String, watch::Sender<()>>>,
    /// Whether other processes are heard from at once.
    hears: AtomicBool,
}

/// One reader's interest in a tenant or a person; it ends when dropped.
pub struct Subscription {
    hub: Hub,
    whom: String,
    woken: watch::Receiver<()>,
}

impl Hub {
    /// Nobody waits yet. `hears`: nothing is written elsewhere, or who writes elsewhere is heard.
    #[must_use]
    pub fn new(hears: bool) -> Self {
        let hub = Self::default();
        hub.set_hearing(hears);
        hub
    }

    /// From now on `whom`, a tenant or a person by id, is waited for.
    #[must_use]
    pub fn subscribe(&self, whom: impl Display) -> Subscription {
        let whom = whom.to_string();
        let mut waiting = self.waiting();
        let sender = waiting
            .entry(whom.clone())
            .or_insert_with(|| watch::Sender::new(()));
        let woken = sender.subscribe();
        drop(waiting);
        Subscription {
            hub: self.clone(),
            whom,
            woken,
        }
    }

    /// There is something new for `whom`.
    pub fn wake(&self, whom: &str) {
        if let Some(sender) = self.waiting().get(whom) {
            sender.send_replace(());
        }
    }

    /// There may be something new for anybody.
    pub fn wake_all(&self) {
        for sender in self.waiting().values() {
            sender.send_replace(());
        }
    }

    /// Says whether what other processes write is heard of at once; while not, readers have to look for themselves.
    pub fn set_hearing(&self, hears: bool) {
        self.0.hears.store(hears, Ordering::Relaxed);
    }

    /// See [`Hub::set_hearing`].
    #[must_use]
    pub fn is_hearing(&self) -> bool {
        self.0.hears.load(Ordering::Relaxed)
    }

    /// How many tenants and people are waited for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting().len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("waited_for", &self.len())
            .field("hears", &self.is_hearing())
            .finish()
    }
}

impl Subscription {
    /// Completes at the next waking after the last one that was seen here, which may have been before this call.
    pub async fn woken(&mut self) {
        if self.woken.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Subscription").field(&self.whom).finish()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut waiting = self.hub.waiting();
        // This reader is still counted.
        if waiting
            .get(&self.whom)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            waiting.remove(&self.whom);
        }
    }
}

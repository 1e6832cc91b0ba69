//! Which tenant databases are open. Closing is for idle ones only, least recently used first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_kernel::TenantId;
use tokio::sync::OnceCell;

use super::OpenTenant;
use crate::DbError;

/// A place for one open database; its first user opens it, others wait for that.
pub(super) type Slot = Arc<OnceCell<Arc<OpenTenant>>>;

pub(super) struct Cache {
    cap: usize,
    entries: Mutex<Entries>,
    /// Databases are made one at a time. The turn goes with the work, which outlives a caller that
    /// gives up.
    pub(super) making: Arc<tokio::sync::Mutex<()>>,
    hits: AtomicU64,
    misses: AtomicU64,
    closed: AtomicU64,
    refused: AtomicU64,
}

/// The open databases of this process, and what became of those who wanted one since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FleetNumbers {
    /// Open now.
    pub open: usize,
    /// May be open at once.
    pub most: usize,
    /// Found open.
    pub hits: u64,
    /// Had to be opened, or was not there.
    pub misses: u64,
    /// Closed to make room.
    pub closed: u64,
    /// Turned away because all that were open were in use.
    pub refused: u64,
}

#[derive(Default)]
struct Entries {
    slots: HashMap<TenantId, Entry>,
    /// Counts uses; larger is more recent.
    tick: u64,
}

struct Entry {
    slot: Slot,
    used: u64,
}

impl Entry {
    /// Nobody opens it and nobody holds it: both reference counts are the cache's own.
    fn idle(&self) -> bool {
        Arc::strong_count(&self.slot) == 1
            && self
                .slot
                .get()
                .is_none_or(|open| Arc::strong_count(open) == 1)
    }
}

impl Cache {
    pub(super) fn new(cap: usize) -> Self {
        Self {
            cap: cap.max(1),
            entries: Mutex::default(),
            making: Arc::default(),
            hits: AtomicU64::default(),
            misses: AtomicU64::default(),
            closed: AtomicU64::default(),
            refused: AtomicU64::default(),
        }
    }

    /// The tenant's database, if it is open.
    pub(super) fn get(&self, id: TenantId) -> Option<Arc<OpenTenant>> {
        let found = self.find(id);
        let counter = if found.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    fn find(&self, id: TenantId) -> Option<Arc<OpenTenant>> {
        let mut entries = self.lock();
        entries.tick += 1;
        let used = entries.tick;
        let entry = entries.slots.get_mut(&id)?;
        entry.used = used;
        let open = entry.slot.get().cloned()?;
        if open.database.lost() {
            entries.slots.remove(&id);
            return None;
        }
        Some(open)
    }

    /// The tenant's place, after making room for it.
    pub(super) fn slot(&self, id: TenantId) -> Result<Slot, DbError> {
        let mut entries = self.lock();
        entries.tick += 1;
        let used = entries.tick;
        if let Some(entry) = entries.slots.get_mut(&id) {
            entry.used = used;
            return Ok(Arc::clone(&entry.slot));
        }
        if entries.slots.len() >= self.cap {
            let oldest = entries
                .slots
                .iter()
                .filter(|(_, entry)| entry.idle())
                .min_by_key(|(_, entry)| entry.used)
                .map(|(id, _)| *id);
            let Some(oldest) = oldest else {
                self.refused.fetch_add(1, Ordering::Relaxed);
                return Err(DbError::Overloaded(
                    "all open tenant databases are in use".to_owned(),
                ));
            };
            let evicted = entries.slots.remove(&oldest);
            self.closed.fetch_add(1, Ordering::Relaxed);
            // Closing checkpoints and syncs a file: not on this thread, not under this lock.
            drop(tokio::task::spawn_blocking(move || drop(evicted)));
        }
        let slot = Slot::default();
        entries.slots.insert(
            id,
            Entry {
                slot: Arc::clone(&slot),
                used,
            },
        );
        Ok(slot)
    }

    pub(super) fn remove(&self, id: TenantId) -> Option<Arc<OpenTenant>> {
        let removed = self.lock().slots.remove(&id);
        removed.and_then(|entry| entry.slot.get().cloned())
    }

    /// Only if it is the one at this address.
    pub(super) fn remove_this(&self, id: TenantId, address: &str) {
        let mut entries = self.lock();
        let same = entries
            .slots
            .get(&id)
            .and_then(|entry| entry.slot.get())
            .is_some_and(|open| open.address == address);
        if same {
            entries.slots.remove(&id);
        }
    }

    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut self.lock().slots);
        drop(all);
    }

    pub(super) fn numbers(&self) -> FleetNumbers {
        FleetNumbers {
            open: self.len(),
            most: self.cap,
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            closed: self.closed.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock()
            .slots
            .values()
            .filter(|entry| entry.slot.initialized())
            .count()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! How many jobs run for which place and of which kind.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gantry_kernel::TenantId;

use super::{Shared, fair};

/// Stands for the kind of jobs that are being claimed.
const RESERVED: &str = "";

type Key = (Option<TenantId>, &'static str);
type Counts = HashMap<Key, usize>;

/// Counts of running jobs. Clones count together.
#[derive(Clone, Default)]
pub(crate) struct Seats(Arc<Mutex<Counts>>);

/// The seats of running jobs, or kept for jobs that are being claimed. Gives them back when it is dropped,
/// however its task ended.
pub(crate) struct Held {
    seats: Seats,
    key: Key,
    count: usize,
}

impl Seats {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seats taken or reserved.
    pub(crate) fn taken(&self) -> usize {
        self.counts().values().sum()
    }

    /// Those of one place.
    pub(crate) fn of_place(&self, place: Option<TenantId>) -> usize {
        of_place(&self.counts(), place)
    }

    /// Counts one more.
    pub(crate) fn take(&self, place: Option<TenantId>, kind: &'static str) -> Held {
        self.hold(&mut self.counts(), (place, kind), 1)
    }

    /// Keeps a place's share of the free seats, at most `room`; `None` if there is not one.
    pub(crate) fn reserve(
        &self,
        place: Option<TenantId>,
        shared: &Shared,
        places: usize,
        room: usize,
    ) -> Option<Held> {
        let mut counts = self.counts();
        let free = shared
            .config
            .workers
            .saturating_sub(counts.values().sum::<usize>());
        let running = of_place(&counts, place);
        let count = fair::share(free, places, running, shared.config.per_place).min(room);
        (count > 0).then(|| self.hold(&mut counts, (place, RESERVED), count))
    }

    fn hold(&self, counts: &mut Counts, key: Key, count: usize) -> Held {
        *counts.entry(key).or_insert(0) += count;
        Held {
            seats: self.clone(),
            key,
            count,
        }
    }

    /// The kinds of which more may run for a place, each between commas, and how many jobs may be taken
    /// without any of them exceeding its share.
    pub(crate) fn room(&self, place: Option<TenantId>, shared: &Shared) -> (String, usize) {
        let most = shared.config.per_kind();
        let counts = self.counts();
        let mut full = Vec::new();
        let mut busiest = 0;
        for ((of, kind), count) in counts.iter() {
            if *of == place && *count >= most {
                full.push(*kind);
            } else if *of == place {
                busiest = busiest.max(*count);
            }
        }
        let kinds = if full.is_empty() {
            shared.known.clone()
        } else {
            let open = shared.kinds.keys().filter(|kind| !full.contains(kind));
            open.fold(String::from(","), |kinds, kind| kinds + kind + ",")
        };
        (kinds, most - busiest)
    }
}

fn of_place(counts: &Counts, place: Option<TenantId>) -> usize {
    counts
        .iter()
        .filter(|((of, _), _)| *of == place)
        .map(|(_, count)| count)
        .sum()
}

impl Held {
    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.seats.counts();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= self.count;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

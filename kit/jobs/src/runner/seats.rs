//! How many jobs run for which place and of which kind.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gantry_kernel::TenantId;

use super::Shared;

type Counts = HashMap<(Option<TenantId>, &'static str), usize>;

/// Counts of running jobs. A [`Seat`] gives its place back when it is dropped, however its task ended.
#[derive(Default)]
pub(crate) struct Seats(Arc<Mutex<Counts>>);

/// One running job.
pub(crate) struct Seat {
    counts: Arc<Mutex<Counts>>,
    key: (Option<TenantId>, &'static str),
}

impl Seats {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Jobs running for a place.
    pub(crate) fn of_place(&self, place: Option<TenantId>) -> usize {
        let counts = self.counts();
        counts
            .iter()
            .filter(|((of, _), _)| *of == place)
            .map(|(_, count)| count)
            .sum()
    }

    /// Counts one more.
    pub(crate) fn take(&self, place: Option<TenantId>, kind: &'static str) -> Seat {
        let key = (place, kind);
        *self.counts().entry(key).or_insert(0) += 1;
        Seat {
            counts: Arc::clone(&self.0),
            key,
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

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

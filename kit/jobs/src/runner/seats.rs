//! How many jobs run for which place and of which kind.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gantry_kernel::TenantId;

use super::{RunnerConfig, Shared, fair};
use crate::JobKind;

/// Stands for the kind of jobs that are being claimed.
const RESERVED: &str = "";

/// Whose workers a job takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// Those of everybody; a look for them takes brief jobs along.
    Common,
    /// Those of brief jobs, for which alone is looked.
    Brief,
}

type Key = (Lane, Option<TenantId>, &'static str);
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

    /// Seats neither taken nor reserved.
    pub(crate) fn free(&self, lane: Lane, config: &RunnerConfig) -> usize {
        free(&self.counts(), lane, config)
    }

    /// Those of one place that are taken.
    pub(crate) fn of_place(&self, lane: Lane, place: Option<TenantId>) -> usize {
        of_place(&self.counts(), lane, place)
    }

    /// Counts one more.
    pub(crate) fn take(&self, place: Option<TenantId>, kind: &JobKind) -> Held {
        let lane = if kind.brief {
            Lane::Brief
        } else {
            Lane::Common
        };
        self.hold(&mut self.counts(), (lane, place, kind.name), 1)
    }

    /// Keeps a place's share of the free seats, at most `room`; `None` if there is not one.
    pub(crate) fn reserve(
        &self,
        lane: Lane,
        place: Option<TenantId>,
        shared: &Shared,
        places: usize,
        room: usize,
    ) -> Option<Held> {
        let mut counts = self.counts();
        let free = free(&counts, lane, &shared.config);
        let running = of_place(&counts, lane, place);
        let count = fair::share(free, places, running, shared.config.per_place).min(room);
        (count > 0).then(|| self.hold(&mut counts, (lane, place, RESERVED), count))
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
    pub(crate) fn room(
        &self,
        lane: Lane,
        place: Option<TenantId>,
        shared: &Shared,
    ) -> (String, usize) {
        if lane == Lane::Brief {
            return (shared.known_brief.clone(), shared.config.brief);
        }
        let most = shared.config.per_kind();
        let counts = self.counts();
        let mut full = Vec::new();
        let mut busiest = 0;
        for ((lane, of, kind), count) in counts.iter() {
            let counted = *lane == Lane::Common && *of == place;
            if counted && *count >= most {
                full.push(*kind);
            } else if counted {
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

fn free(counts: &Counts, lane: Lane, config: &RunnerConfig) -> usize {
    let all = match lane {
        Lane::Common => config.workers,
        Lane::Brief => config.brief,
    };
    all.saturating_sub(sum(counts, |key| key.0 == lane))
}

fn of_place(counts: &Counts, lane: Lane, place: Option<TenantId>) -> usize {
    sum(counts, |key| key.0 == lane && key.1 == place)
}

fn sum(counts: &Counts, which: impl Fn(&Key) -> bool) -> usize {
    let counted = counts.iter().filter(|(key, _)| which(key));
    counted.map(|(_, count)| count).sum()
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

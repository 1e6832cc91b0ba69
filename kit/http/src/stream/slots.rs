//! How many streams are open: by each person, and altogether.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_kernel::{IdentityId, Kind, Problem};

use crate::problem::codes;

/// When whoever has too many may try again.
const LATER: Duration = Duration::from_secs(15);

/// The open streams.
pub(crate) struct Slots {
    most: usize,
    most_of_one: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    of: HashMap<IdentityId, usize>,
}

/// One stream's place, given back when dropped.
pub(crate) struct Slot {
    slots: Arc<Slots>,
    whose: IdentityId,
}

impl Slots {
    pub(crate) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_of_one,
            open: Mutex::default(),
        })
    }

    /// A place for one more stream of `whose`.
    pub(crate) fn take(self: &Arc<Self>, whose: IdentityId) -> Result<Slot, Problem> {
        let mut open = self.open();
        if open.all >= self.most {
            return Err(Problem::unavailable(
                codes::STREAMS_FULL.code,
                "the server has as many open streams as it takes",
                LATER,
            ));
        }
        let own = open.of.entry(whose).or_default();
        if *own >= self.most_of_one {
            let detail = format!("{} streams are open already; close one", self.most_of_one);
            let problem = Problem::new(Kind::TooMany, codes::TOO_MANY_STREAMS.code, detail);
            return Err(problem.retry_after(LATER));
        }
        *own += 1;
        open.all += 1;
        Ok(Slot {
            slots: Arc::clone(self),
            whose,
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.slots.open();
        open.all = open.all.saturating_sub(1);
        if let Some(own) = open.of.get_mut(&self.whose) {
            *own -= 1;
            if *own == 0 {
                open.of.remove(&self.whose);
            }
        }
    }
}

//! Decides when a hint that points at nothing due may be raised: rule 3 of [`crate::hints`], without
//! any database, so that it can be tested alone.

use std::{collections::HashMap, time::Duration};

use gantry_kernel::TenantId;

/// Looks at a tenant that has a due hint and nothing due come at least this far apart, so that work of
/// another process is found soon after it commits.
const LONGEST_REST: Duration = Duration::from_secs(1);
const SHORTEST_REST: Duration = Duration::from_millis(25);

/// What to do after a look that found nothing due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The hint may be raised, if its generation is still this.
    Settle,
    /// Look again, not before this moment (monotonic).
    Rest(Duration),
}

#[derive(Debug, Clone, Copy)]
struct Quiet {
    generation: i64,
    /// When the generation had been read: a moment not before the reading.
    since: Duration,
    looks: u32,
    again: Duration,
}

/// The tenants whose hints are due and point at nothing.
#[derive(Debug)]
pub(crate) struct Settler {
    quiet: Duration,
    tenants: HashMap<TenantId, Quiet>,
}

impl Settler {
    pub(crate) fn new(quiet: Duration) -> Self {
        Self {
            quiet,
            tenants: HashMap::new(),
        }
    }

    /// Whether the tenant need not be looked at now.
    pub(crate) fn rests(&self, tenant: TenantId, generation: i64, now: Duration) -> bool {
        self.tenants
            .get(&tenant)
            .is_some_and(|quiet| quiet.generation == generation && now < quiet.again)
    }

    /// The earliest moment at which a resting tenant wants a look.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.tenants.values().map(|quiet| quiet.again).min()
    }

    /// Work was found, or the tenant's hint was settled: whatever was known no longer counts.
    pub(crate) fn forget(&mut self, tenant: TenantId) {
        self.tenants.remove(&tenant);
    }

    /// Keeps only tenants whose hints are still due.
    pub(crate) fn retain(&mut self, due: impl Fn(TenantId) -> bool) {
        self.tenants.retain(|tenant, _| due(*tenant));
    }

    /// A look found nothing due. `read` is a moment not before the one at which `generation` was
    /// read from control; `looked` is a moment not after the one at which the look began.
    pub(crate) fn empty(
        &mut self,
        tenant: TenantId,
        generation: i64,
        read: Duration,
        looked: Duration,
    ) -> Verdict {
        let quiet = self
            .tenants
            .entry(tenant)
            .and_modify(|quiet| {
                if quiet.generation != generation {
                    *quiet = Quiet::start(generation, read);
                }
            })
            .or_insert_with(|| Quiet::start(generation, read));
        if looked > quiet.since + self.quiet {
            return Verdict::Settle;
        }
        let rest = SHORTEST_REST
            .saturating_mul(2_u32.saturating_pow(quiet.looks))
            .min(LONGEST_REST);
        quiet.looks = quiet.looks.saturating_add(1);
        quiet.again = looked + rest;
        Verdict::Rest(quiet.again)
    }

    /// The tenant cannot be read now: leave it alone until `again`.
    pub(crate) fn unreadable(&mut self, tenant: TenantId, generation: i64, read: Duration) -> u32 {
        let quiet = self
            .tenants
            .entry(tenant)
            .or_insert_with(|| Quiet::start(generation, read));
        quiet.generation = generation;
        quiet.since = read;
        quiet.looks = quiet.looks.saturating_add(1);
        let rest = Duration::from_secs(1)
            .saturating_mul(2_u32.saturating_pow(quiet.looks - 1))
            .min(Duration::from_mins(1));
        quiet.again = read + rest;
        quiet.looks
    }
}

impl Quiet {
    fn start(generation: i64, since: Duration) -> Self {
        Self {
            generation,
            since,
            looks: 0,
            again: since,
        }
    }
}

#[cfg(test)]
mod tests {
    use gantry_kernel::{Kernel, ManualClock};

    use super::*;

    const QUIET: Duration = Duration::from_secs(20);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn settles_only_after_the_quiet_time_with_one_generation() {
        let tenant = Kernel::manual(&ManualClock::default(), 1).id();
        let mut settler = Settler::new(QUIET);
        let early = |verdict| assert!(matches!(verdict, Verdict::Rest(_)), "{verdict:?}");
        early(settler.empty(tenant, 1, seconds(0), seconds(0)));
        early(settler.empty(tenant, 1, seconds(20), seconds(20)));
        early(settler.empty(tenant, 2, seconds(21), seconds(21)));
        early(settler.empty(tenant, 2, seconds(40), seconds(41)));
        assert_eq!(
            settler.empty(tenant, 2, seconds(41), seconds(42)),
            Verdict::Settle
        );
    }

    #[test]
    fn work_found_in_between_starts_the_count_again() {
        let tenant = Kernel::manual(&ManualClock::default(), 1).id();
        let mut settler = Settler::new(QUIET);
        settler.empty(tenant, 1, seconds(0), seconds(0));
        settler.forget(tenant);
        assert!(matches!(
            settler.empty(tenant, 1, seconds(30), seconds(30)),
            Verdict::Rest(_)
        ));
    }

    #[test]
    fn a_new_generation_ends_the_rest() {
        let tenant = Kernel::manual(&ManualClock::default(), 1).id();
        let mut settler = Settler::new(QUIET);
        for _ in 0..10 {
            settler.empty(tenant, 1, seconds(0), seconds(0));
        }
        assert!(settler.rests(tenant, 1, Duration::from_millis(999)));
        assert!(!settler.rests(tenant, 1, seconds(1)));
        assert!(!settler.rests(tenant, 2, Duration::from_millis(1)));
    }
}

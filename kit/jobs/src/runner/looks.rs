//! Looks into places, side by side: how many, in which turn, and what follows from each.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gantry_db::DbError;
use gantry_kernel::TenantId;
use tokio::{
    task::{self, JoinError},
    time::Instant,
};

use super::{
    dispatch::Dispatcher,
    seats::Lane,
    visit::{Claim, Found, Visit},
    work,
};

/// Looks at once.
const LOOKS: usize = 64;
/// A look that takes longer gives up its place in the turn: others are looked at meanwhile.
const SLOW: Duration = Duration::from_millis(250);

/// A look that is under way.
pub(super) struct Looking {
    place: Option<TenantId>,
    lane: Lane,
    generation: Option<i64>,
    read: Duration,
    since: Instant,
}

impl Dispatcher {
    /// Waits until one more look may begin; false if none is to be begun now. There are no more quick looks
    /// than free seats, so that who is looked at first is served first.
    pub(super) async fn room_to_look(&mut self, lane: Lane) -> Result<bool, DbError> {
        loop {
            let free = self.free(lane);
            if free == 0 || !self.runs() {
                self.more |= lane == Lane::Common;
                return Ok(false);
            }
            let quick = |looking: &&Looking| looking.lane == lane && looking.since.elapsed() < SLOW;
            let waiting = self.looking.values().filter(quick).count();
            if waiting < free && self.looking.len() < LOOKS {
                return Ok(true);
            }
            tokio::select! {
                Some(ended) = self.looks.join_next_with_id() => self.take_in(ended)?,
                () = tokio::time::sleep(SLOW) => {}
                changed = self.phase.changed() => if changed.is_err() { return Ok(false) },
            }
        }
    }

    pub(super) fn look(
        &mut self,
        place: Option<TenantId>,
        generation: Option<i64>,
        read: Duration,
        places: usize,
    ) {
        let under_way = self.looking.values().any(|looking| looking.place == place);
        if under_way {
            return;
        }
        let full = self.seats.of_place(Lane::Common, place) >= self.shared.config.per_place;
        let lane = if full || self.free(Lane::Common) == 0 {
            Lane::Brief
        } else {
            Lane::Common
        };
        if lane == Lane::Brief && (!self.shared.has_brief() || self.free(lane) == 0) {
            return;
        }
        if let Some(tenant) = place {
            self.told_brief.remove(&tenant);
            if lane == Lane::Common {
                self.told.remove(&tenant);
            }
        }
        let visit = Visit {
            shared: Arc::clone(&self.shared),
            seats: self.seats.clone(),
            phase: self.phase.clone(),
            place,
            lane,
            generation,
            read,
            places,
        };
        let task = self.looks.spawn(visit.make());
        let looking = Looking {
            place,
            lane,
            generation,
            read,
            since: Instant::now(),
        };
        self.looking.insert(task.id(), looking);
    }

    /// What a look came to. Errors: those of control.
    pub(super) fn take_in(
        &mut self,
        ended: Result<(task::Id, Result<Found, DbError>), JoinError>,
    ) -> Result<(), DbError> {
        let (id, found) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a look for work ended abnormally");
                // A claim may have been on its way.
                self.shared.disown();
                (error.id(), Err(DbError::Unavailable(error.to_string())))
            }
        };
        let Some(looking) = self.looking.remove(&id) else {
            return Ok(());
        };
        let place = looking.place;
        let told =
            |told: &BTreeMap<TenantId, _>| place.is_some_and(|tenant| told.contains_key(&tenant));
        self.more |= looking.lane == Lane::Common && told(&self.told);
        self.more_brief |= told(&self.told_brief);
        match (found, place) {
            (Ok(found), _) => {
                if place.is_none() && self.failing.take().is_some() {
                    tracing::info!("the queue can be read again");
                }
                self.more |= found.crowded;
                if let Some(next) = found.next {
                    self.wait_at_most(next);
                }
                self.report_unknown(found.unknown);
                if let Some(claim) = found.claimed {
                    if looking.lane == Lane::Common {
                        self.more = true;
                        self.last = place;
                    }
                    self.begin(claim);
                }
                Ok(())
            }
            (Err(error), None) => Err(error),
            (Err(error), Some(tenant)) => {
                self.unreadable(tenant, looking.generation, looking.read, &error);
                Ok(())
            }
        }
    }

    fn begin(&mut self, claim: Claim) {
        for job in claim.jobs {
            let Some(kind) = self.shared.kinds.get(job.kind.as_str()).cloned() else {
                continue;
            };
            let seat = self.seats.take(claim.place.tenant(), &kind);
            self.attempts += 1;
            let attempt = work::run(
                Arc::clone(&self.shared),
                claim.place.clone(),
                kind,
                job,
                claim.token.clone(),
                self.phase.clone(),
            );
            self.tasks.spawn(async move {
                attempt.await;
                drop(seat);
            });
        }
        drop(claim.reserved);
    }

    fn report_unknown(&mut self, unknown: Vec<String>) {
        for kind in unknown {
            if !self.reported.contains(&kind) {
                tracing::warn!(%kind, "due jobs of a kind unknown to this version stay queued");
                self.reported.insert(kind);
            }
        }
    }

    fn unreadable(
        &mut self,
        tenant: TenantId,
        generation: Option<i64>,
        read: Duration,
        error: &DbError,
    ) {
        let times = self
            .shared
            .settler()
            .unreadable(tenant, generation.unwrap_or(0), read);
        if times == 1 {
            tracing::warn!(%tenant, %error, "a tenant's queue cannot be read, trying on");
        }
    }
}

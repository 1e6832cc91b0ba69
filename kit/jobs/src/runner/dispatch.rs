//! The dispatcher: finds due places, claims their jobs in turn, and looks after the hints.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use gantry_db::DbError;
use gantry_kernel::{TenantId, Timestamp};
use tokio::{sync::watch, task::JoinSet};

use super::{Phase, Shared, fair, seats::Seats};
use crate::{Place, hints, schedule, store};

/// Hints read at once; settled ones make room for the rest.
const HINTS: i64 = 4_096;
/// The shortest wait for a resting place.
const SHORTEST_WAIT: Duration = Duration::from_millis(25);
/// How often the schedules are read when none was known to be due.
const SCHEDULES: Duration = Duration::from_secs(30);

pub(crate) struct Dispatcher {
    pub(super) shared: Arc<Shared>,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) tasks: JoinSet<()>,
    pub(super) running: Seats,
    /// The place served last; at first control, so that tenants begin.
    pub(super) last: Option<TenantId>,
    /// Unknown kinds already reported.
    reported: BTreeSet<String>,
    pub(super) attempts: u64,
    failing: Option<String>,
    schedules_seeded: bool,
    /// When to read the schedules again: wall time, and the latest moment (monotonic).
    schedules: (Option<Timestamp>, Duration),
}

/// What one pass over the due places came to.
struct Pass {
    claimed: usize,
    /// How long nothing is expected, unless something is told.
    wait: Duration,
}

impl Dispatcher {
    pub(crate) fn new(shared: Arc<Shared>, phase: watch::Receiver<Phase>) -> Self {
        Self {
            shared,
            phase,
            tasks: JoinSet::new(),
            running: Seats::default(),
            last: None,
            reported: BTreeSet::new(),
            attempts: 0,
            failing: None,
            schedules_seeded: false,
            schedules: (None, Duration::ZERO),
        }
    }

    /// Runs until the phase changes, then until the running jobs have ended.
    pub(crate) async fn serve(mut self) {
        while *self.phase.borrow_and_update() == Phase::Running {
            let wait = match self.pass(false).await {
                Ok(pass) => {
                    if self.failing.take().is_some() {
                        tracing::info!("the queue can be read again");
                    }
                    if pass.claimed > 0 && self.free() > 0 {
                        continue;
                    }
                    pass.wait
                }
                Err(error) => {
                    self.complain(&error);
                    self.shared.config.poll
                }
            };
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                Some(ended) = self.tasks.join_next() => self.note_end(ended),
                () = shared.hints.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
                changed = self.phase.changed() => if changed.is_err() { return },
            }
        }
        while let Some(ended) = self.tasks.join_next().await {
            self.note_end(ended);
        }
    }

    /// Runs until nothing is due and nothing runs.
    pub(crate) async fn drain(mut self) -> Result<u64, DbError> {
        loop {
            let pass = self.pass(true).await?;
            if pass.claimed > 0 && self.free() > 0 {
                continue;
            }
            match self.tasks.join_next().await {
                Some(ended) => self.note_end(ended),
                None if pass.claimed == 0 => return Ok(self.attempts),
                None => {}
            }
        }
    }

    fn free(&self) -> usize {
        self.shared.config.workers.saturating_sub(self.tasks.len())
    }

    pub(super) fn now(&self) -> Duration {
        self.shared.kernel.clock.monotonic()
    }

    fn note_end(&mut self, ended: Result<(), tokio::task::JoinError>) {
        // A worker catches its handler's panics, so this is a fault of ours. Its lease must not look like
        // one of this process's running jobs, or it would wait for a restart.
        if let Err(error) = ended {
            tracing::error!(%error, "a worker ended abnormally");
            self.shared.disown();
        }
    }

    fn complain(&mut self, error: &DbError) {
        let text = error.to_string();
        if self.failing.as_ref() != Some(&text) {
            tracing::error!(error = %text, "the queue cannot be read, trying on");
            self.failing = Some(text);
        }
    }

    /// Claims what is due, place by place in turn. `every` looks into resting places too.
    async fn pass(&mut self, every: bool) -> Result<Pass, DbError> {
        if self.free() == 0 {
            // Whatever is due, the end of a job is what to wait for.
            let wait = self.shared.config.poll;
            return Ok(Pass { claimed: 0, wait });
        }
        let schedules_wait = self.fire_schedules(every).await?;
        let told = self.shared.hints.take_told();
        let (hinted, next_hint) = self
            .shared
            .read(&Place::Control, async |tx| {
                Ok((hints::due(tx, HINTS).await?, hints::next(tx).await?))
            })
            .await?;
        // Taken after the reading, as rule 3 of the hints demands.
        let read = self.now();
        let generations: BTreeMap<TenantId, i64> = hinted
            .iter()
            .map(|hint| (hint.tenant_id, hint.generation))
            .collect();
        let wall = self.shared.kernel.now();
        let mut wait = self.shared.config.poll.min(schedules_wait);
        if let Some(next) = next_hint {
            wait = wait.min(next.since(wall));
        }
        self.shared
            .settler()
            .retain(|tenant| generations.contains_key(&tenant));
        let mut places = vec![None];
        for (tenant, generation) in &generations {
            if every
                || told.contains_key(tenant)
                || !self.shared.settler().rests(*tenant, *generation, read)
            {
                places.push(Some(*tenant));
            }
        }
        // What this process was told counts even where a hint is not to be seen yet.
        places.extend(
            told.iter()
                .filter(|(_, due_at)| **due_at <= wall)
                .map(|(tenant, _)| Some(*tenant)),
        );
        let order = fair::in_turn(places, self.last);
        let count = order.len();
        let mut claimed = 0;
        for place in order {
            if *self.phase.borrow() != Phase::Running {
                break;
            }
            let running = self.running.of_place(place);
            let take = fair::share(self.free(), count, running, self.shared.config.per_place);
            if take == 0 {
                if self.free() == 0 {
                    break;
                }
                continue;
            }
            let generation = place.and_then(|tenant| generations.get(&tenant).copied());
            match self.visit_in_time(place, generation, read, take).await {
                Ok(visit) => {
                    claimed += visit.claimed;
                    if let Some(next) = visit.next {
                        wait = wait.min(next);
                    }
                }
                Err(error) => match place {
                    None => return Err(error),
                    Some(tenant) => self.unreadable(tenant, generation, read, &error),
                },
            }
        }
        if let Some(again) = self.shared.settler().next() {
            let rest = again.saturating_sub(self.now());
            wait = wait.min(rest.max(SHORTEST_WAIT));
        }
        Ok(Pass { claimed, wait })
    }

    pub(super) async fn report_unknown(&mut self, seat: &Place) -> Result<(), DbError> {
        let shared = Arc::clone(&self.shared);
        let unknown = shared
            .read(seat, async |tx| {
                store::unknown_kinds(tx, &shared.known).await
            })
            .await?;
        for kind in unknown {
            if !self.reported.contains(&kind) {
                tracing::warn!(%kind, "due jobs of a kind unknown to this version stay queued");
                self.reported.insert(kind);
            }
        }
        Ok(())
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

    /// Enqueues what the schedules owe; answers how long none is expected.
    async fn fire_schedules(&mut self, every: bool) -> Result<Duration, DbError> {
        if self.shared.schedules.is_empty() {
            return Ok(Duration::MAX);
        }
        let now = self.now();
        let wall = self.shared.kernel.now();
        let (due_at, latest) = self.schedules;
        if !every && now < latest && due_at.is_none_or(|due_at| due_at > wall) {
            return Ok(due_at.map_or(Duration::MAX, |due_at| due_at.since(wall)));
        }
        let shared = Arc::clone(&self.shared);
        let seed = !self.schedules_seeded;
        let next = self
            .shared
            .write(&Place::Control, async move |tx| {
                if seed {
                    schedule::seed(tx, &shared.schedules).await?;
                }
                schedule::fire(tx, &shared.schedules).await
            })
            .await?;
        self.schedules_seeded = true;
        self.schedules = (next, now + SCHEDULES);
        Ok(next.map_or(Duration::MAX, |next| next.since(wall)))
    }
}

//! The dispatcher: finds due places, has them looked into in turn, and runs what was claimed there.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use gantry_db::DbError;
use gantry_kernel::{TenantId, Timestamp};
use tokio::{
    sync::watch,
    task::{self, JoinError, JoinSet},
    time::Instant,
};

use super::{
    Phase, Shared,
    due::Round,
    fair,
    looks::Looking,
    seats::{Lane, Seats},
    visit::Found,
};
use crate::{Place, schedule};

/// The shortest wait for a resting place.
const SHORTEST_WAIT: Duration = Duration::from_millis(25);
/// How often the schedules are read when none was known to be due.
const SCHEDULES: Duration = Duration::from_secs(30);

pub(crate) struct Dispatcher {
    pub(super) shared: Arc<Shared>,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) tasks: JoinSet<()>,
    pub(super) seats: Seats,
    pub(super) looks: JoinSet<Result<Found, DbError>>,
    pub(super) looking: HashMap<task::Id, Looking>,
    round: Round,
    /// Tenants that committed due work in this process and were not looked at since.
    pub(super) told: BTreeMap<TenantId, Timestamp>,
    /// Those of them that were not looked at for brief work either.
    pub(super) told_brief: BTreeMap<TenantId, Timestamp>,
    /// The place served last; at first control, so that tenants begin.
    pub(super) last: Option<TenantId>,
    /// Unknown kinds already reported.
    pub(super) reported: BTreeSet<String>,
    pub(super) attempts: u64,
    pub(super) failing: Option<String>,
    schedules_seeded: bool,
    /// When to read the schedules again: wall time, and the latest moment (monotonic).
    schedules: (Option<Timestamp>, Duration),
    /// There may be more to claim as soon as there is a seat.
    pub(super) more: bool,
    /// There may be more brief work, while there is no other seat.
    pub(super) more_brief: bool,
    /// When to look again, unless something is told.
    again: Instant,
}

impl Dispatcher {
    pub(crate) fn new(shared: Arc<Shared>, phase: watch::Receiver<Phase>) -> Self {
        Self {
            shared,
            phase,
            tasks: JoinSet::new(),
            seats: Seats::default(),
            looks: JoinSet::new(),
            looking: HashMap::new(),
            round: Round::default(),
            told: BTreeMap::new(),
            told_brief: BTreeMap::new(),
            last: None,
            reported: BTreeSet::new(),
            attempts: 0,
            failing: None,
            schedules_seeded: false,
            schedules: (None, Duration::ZERO),
            more: false,
            more_brief: false,
            again: Instant::now(),
        }
    }

    /// Runs until the phase changes, then until the running jobs have ended.
    pub(crate) async fn serve(mut self) {
        while self.runs() {
            if let Err(error) = self.pass(false).await {
                self.complain(&error);
                self.again = Instant::now() + self.shared.config.poll;
            }
            let shared = Arc::clone(&self.shared);
            while self.runs() && !self.wants_to_look() {
                tokio::select! {
                    Some(ended) = self.tasks.join_next() => {
                        self.note_end(ended);
                        break;
                    }
                    Some(ended) = self.looks.join_next_with_id() => {
                        if let Err(error) = self.take_in(ended) {
                            self.complain(&error);
                        }
                    }
                    () = shared.hints.wake.notified() => break,
                    () = tokio::time::sleep_until(self.again) => break,
                    changed = self.phase.changed() => if changed.is_err() { return },
                }
            }
        }
        // What is claimed by now is told to stop like the rest.
        while let Some(ended) = self.looks.join_next_with_id().await {
            if let Err(error) = self.take_in(ended) {
                self.complain(&error);
            }
        }
        while let Some(ended) = self.tasks.join_next().await {
            self.note_end(ended);
        }
    }

    /// Runs until nothing is due and nothing runs.
    pub(crate) async fn drain(mut self) -> Result<u64, DbError> {
        loop {
            let before = self.attempts;
            self.pass(true).await?;
            while let Some(ended) = self.looks.join_next_with_id().await {
                self.take_in(ended)?;
            }
            if self.wants_to_look() {
                continue;
            }
            match self.tasks.join_next().await {
                Some(ended) => self.note_end(ended),
                None if self.attempts == before && !self.more => return Ok(self.attempts),
                None => {}
            }
        }
    }

    pub(super) fn runs(&mut self) -> bool {
        *self.phase.borrow_and_update() == Phase::Running
    }

    pub(super) fn free(&self, lane: Lane) -> usize {
        self.seats.free(lane, &self.shared.config)
    }

    fn wants_to_look(&self) -> bool {
        (self.more && self.free(Lane::Common) > 0)
            || (self.more_brief && self.free(Lane::Brief) > 0)
    }

    fn now(&self) -> Duration {
        self.shared.kernel.clock.monotonic()
    }

    pub(super) fn wait_at_most(&mut self, wait: Duration) {
        // A moment beyond what the clock can count is never.
        if let Some(at) = Instant::now().checked_add(wait) {
            self.again = self.again.min(at);
        }
    }

    fn note_end(&mut self, ended: Result<(), JoinError>) {
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

    /// Has every place looked into that may have something due, in turn. `every` looks into resting places too.
    async fn pass(&mut self, every: bool) -> Result<(), DbError> {
        self.again = Instant::now() + self.shared.config.poll;
        self.more_brief = false;
        for (tenant, at) in self.shared.hints.take_told() {
            for told in [&mut self.told, &mut self.told_brief] {
                let known = told.entry(tenant).or_insert(at);
                *known = at.min(*known);
            }
        }
        if self.free(Lane::Common) == 0 {
            // For all but brief work the end of a job is what to wait for.
            return self.pass_brief().await;
        }
        self.more = false;
        let schedules_wait = self.fire_schedules(every).await?;
        self.wait_at_most(schedules_wait);
        let due = self.shared.read_due(&mut self.round, every).await?;
        // Taken after the reading, as rule 3 of the hints demands.
        let read = self.now();
        let wall = self.shared.kernel.now();
        if let Some(next) = due.next {
            self.wait_at_most(next.since(wall));
        }
        if due.more {
            self.wait_at_most(SHORTEST_WAIT);
        }
        let mut places = vec![None];
        for (tenant, generation) in &due.generations {
            let rests = || self.shared.settler().rests(*tenant, *generation, read);
            if every || self.told.contains_key(tenant) || !rests() {
                places.push(Some(*tenant));
            }
        }
        // What this process was told counts even where a hint is not to be seen yet; for what is due later
        // there is a hint.
        self.told.retain(|_, due_at| *due_at <= wall);
        self.told_brief.retain(|_, due_at| *due_at <= wall);
        places.extend(self.told.keys().copied().map(Some));
        let order = fair::in_turn(places, self.last);
        let count = order.len();
        for place in order {
            let generation = place.and_then(|tenant| due.generations.get(&tenant).copied());
            if !self.room_to_look(Lane::Common).await? {
                break;
            }
            self.look(place, generation, read, count);
        }
        let resting = self.shared.settler().next();
        if let Some(again) = resting {
            let rest = again.saturating_sub(self.now());
            self.wait_at_most(rest.max(SHORTEST_WAIT));
        }
        Ok(())
    }

    /// While all workers are busy: has control and the places that were told of work in this process looked into for brief
    /// work. What other processes commit they look after themselves; what one of them left behind waits.
    async fn pass_brief(&mut self) -> Result<(), DbError> {
        if !self.shared.has_brief() {
            return Ok(());
        }
        let (read, wall) = (self.now(), self.shared.kernel.now());
        self.told_brief.retain(|_, due_at| *due_at <= wall);
        let told = self.told_brief.keys().copied().map(Some);
        let places = fair::in_turn(told.chain([None]).collect(), self.last);
        let count = places.len();
        for place in places {
            if !self.room_to_look(Lane::Brief).await? {
                break;
            }
            self.look(place, None, read, count);
        }
        Ok(())
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

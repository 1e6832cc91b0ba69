//! Telling how far a work has come, not more often than somebody would look.

use std::time::Duration;

use super::{WorkId, store};
use crate::{BackupError, Backups};

/// The least time between two tellings.
const PAUSE: Duration = Duration::from_millis(500);

/// Counts the steps of a work; without one it only counts.
pub(crate) struct Watch {
    work: Option<WorkId>,
    steps: i64,
    done: i64,
    told: Option<Duration>,
}

impl Watch {
    /// Of this work, or of nobody's.
    pub(crate) const fn of(work: Option<WorkId>) -> Self {
        Self {
            work,
            steps: 0,
            done: 0,
            told: None,
        }
    }

    pub(crate) const fn work(&self) -> Option<WorkId> {
        self.work
    }

    /// There is so much more to do.
    pub(crate) async fn more(
        &mut self,
        backups: &Backups,
        steps: usize,
    ) -> Result<(), BackupError> {
        self.steps = self
            .steps
            .saturating_add(i64::try_from(steps).unwrap_or(i64::MAX));
        self.told = None;
        self.tell(backups).await
    }

    /// One step is done.
    pub(crate) async fn step(&mut self, backups: &Backups) -> Result<(), BackupError> {
        self.done = self.done.saturating_add(1);
        self.tell(backups).await
    }

    async fn tell(&mut self, backups: &Backups) -> Result<(), BackupError> {
        let Some(work) = self.work else {
            return Ok(());
        };
        let now = backups.kernel.clock.monotonic();
        if self.told.is_some_and(|told| now < told + PAUSE) {
            return Ok(());
        }
        self.told = Some(now);
        let (steps, done) = (self.steps, self.done);
        backups
            .control
            .write(async move |tx| store::progress(tx, work, steps, done).await)
            .await?;
        Ok(())
    }
}

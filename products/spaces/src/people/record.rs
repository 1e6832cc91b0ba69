//! What every act here leaves: a row of the audit log, and an event for those who may read its subject.

use gantry_audit::{Entry, Facts, Target, append};
use gantry_db::{DbError, Tx};
use gantry_events::{Event, emit};
use gantry_kernel::{Permission, UnitId};

use crate::student::flow::By;

/// An act on something.
pub(super) struct Act {
    /// What was done, as the audit log calls it.
    pub(super) action: &'static str,
    /// What who watches is told.
    pub(super) event: &'static str,
    /// What it was done to.
    pub(super) target: Target,
    /// The id of that.
    pub(super) subject: String,
    /// Who may read it.
    pub(super) readers: Permission,
    /// The branch it belongs to; none when it belongs to all.
    pub(super) branch: Option<UnitId>,
}

pub(super) async fn record(tx: &mut Tx, by: &By, act: Act, facts: Facts) -> Result<(), DbError> {
    note(tx, by, act.action, act.target, act.branch, facts).await?;
    let event = Event::new(act.event).about(act.subject);
    emit(tx, event.holders(act.readers, act.branch)).await?;
    Ok(())
}

/// The row alone, for what changes nothing that anybody watches.
pub(super) async fn note(
    tx: &mut Tx,
    by: &By,
    action: &'static str,
    target: Target,
    branch: Option<UnitId>,
    facts: Facts,
) -> Result<(), DbError> {
    let entry = Entry::new(by.actor, action, target)
        .origin(&by.origin)
        .after(facts.with("branch_id", branch));
    append(tx, entry).await?;
    Ok(())
}

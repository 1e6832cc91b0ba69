//! What every change here leaves behind, and the branch that every change is in.

use gantry_audit::{Entry, Facts, Target, append};
use gantry_db::Tx;
use gantry_events::{Event, emit};
use gantry_kernel::{Permission, Scope, UnitId};

use super::Error;
use crate::branch::{self, Branch};
use crate::student::flow::By;

/// A change that is to be noted.
pub(crate) struct Change {
    /// What was done, as the audit log has it.
    pub(crate) action: &'static str,
    /// To what: its kind and its id.
    pub(crate) target: (&'static str, String),
    /// The branch it belongs to.
    pub(crate) branch: UnitId,
    /// What those who watch are told, and what they must hold to be told.
    pub(crate) event: (&'static str, Permission),
    /// What the audit log says about it.
    pub(crate) facts: Facts,
}

/// Leaves the audit row and the event of a change.
pub(crate) async fn record(tx: &mut Tx, by: &By, change: Change) -> Result<(), Error> {
    let Change {
        action,
        target: (kind, id),
        branch,
        event: (event, permission),
        facts,
    } = change;
    let event = Event::new(event).about(&id);
    let entry = Entry::new(by.actor, action, Target::new(kind, id))
        .origin(&by.origin)
        .after(facts.with("branch_id", branch));
    append(tx, entry).await?;
    emit(tx, event.holders(permission, Some(branch))).await?;
    Ok(())
}

/// The branch, if the scope reaches it.
pub(crate) async fn hall(tx: &mut Tx, scope: &Scope, id: UnitId) -> Result<Branch, Error> {
    let found = branch::store::by_id(tx, scope, id).await?;
    found.ok_or(Error::NotFound)
}

/// The branch, if the scope reaches it and it takes students.
pub(crate) async fn open_hall(tx: &mut Tx, scope: &Scope, id: UnitId) -> Result<Branch, Error> {
    let branch = hall(tx, scope, id).await?;
    if branch.active {
        Ok(branch)
    } else {
        Err(Error::BranchInactive)
    }
}

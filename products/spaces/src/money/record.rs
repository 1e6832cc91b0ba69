//! The audit row and the event of an act about money.

use std::fmt::Display;

use gantry_audit::{Entry, Facts, Target, append};
use gantry_db::{DbError, Tx};
use gantry_events::{Event, emit};
use gantry_kernel::{Permission, UnitId};

use crate::student::flow::By;

/// What is changed by acts of one kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noun {
    /// As the audit log names it.
    pub(crate) target: &'static str,
    /// What watchers are told.
    pub(crate) event: &'static str,
    /// What they must hold to be told.
    pub(crate) permission: Permission,
}

/// Writes both; `branch` is whose it is, nothing for what belongs to the whole tenant.
pub(crate) async fn record(
    tx: &mut Tx,
    by: &By,
    (noun, action): (Noun, &'static str),
    (id, branch): (impl Display, Option<UnitId>),
    facts: Facts,
) -> Result<(), DbError> {
    let facts = match branch {
        Some(branch) => facts.with("branch_id", branch),
        None => facts,
    };
    let entry = Entry::new(by.actor, action, Target::new(noun.target, &id))
        .origin(&by.origin)
        .after(facts);
    append(tx, entry).await?;
    let event = Event::new(noun.event).about(id);
    emit(tx, event.holders(noun.permission, branch)).await?;
    Ok(())
}

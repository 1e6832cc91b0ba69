//! What whoever watches a workspace is told of its branches, students and imports. An event belongs to a branch, so that
//! nobody hears of what they may not read.

use std::collections::BTreeMap;

use gantry_db::{DbError, Tx};
use gantry_events::{Event, emit};
use gantry_kernel::UnitId;

use crate::import::{Import, State};
use crate::permission::{BRANCH_READ, STUDENT_IMPORT, STUDENT_READ};
use crate::student::StudentId;

/// Students that came, went or changed, by branch.
#[derive(Debug, Default)]
pub(crate) struct Touched(BTreeMap<UnitId, Vec<StudentId>>);

impl Touched {
    /// Notes one; who moved is noted where they were, too.
    pub(crate) fn note(&mut self, branch: UnitId, student: StudentId) {
        self.0.entry(branch).or_default().push(student);
    }

    /// One event for each branch, however many students it is.
    pub(crate) async fn tell(self, tx: &mut Tx) -> Result<(), DbError> {
        for (branch, students) in self.0 {
            let event = students
                .into_iter()
                .fold(Event::new("spaces.student.changed"), Event::about);
            emit(tx, event.holders(STUDENT_READ, Some(branch))).await?;
        }
        Ok(())
    }
}

/// A branch came, went or changed.
pub(crate) async fn branch_changed(tx: &mut Tx, branch: UnitId) -> Result<(), DbError> {
    let event = Event::new("spaces.branch.changed").about(branch);
    emit(tx, event.holders(BRANCH_READ, Some(branch))).await?;
    Ok(())
}

/// An import got on, or came to an end: for who may see all of them, and for who uploaded it.
pub(crate) async fn import_changed(tx: &mut Tx, import: &Import) -> Result<(), DbError> {
    let event = Event::new(match import.state {
        State::Done => "spaces.import.finished",
        State::Undone => "spaces.import.undone",
        State::Failed => "spaces.import.failed",
        _ => "spaces.import.changed",
    });
    let event = event
        .about(import.id)
        .holders(STUDENT_IMPORT, None)
        .person(import.created_by);
    emit(tx, event).await?;
    Ok(())
}

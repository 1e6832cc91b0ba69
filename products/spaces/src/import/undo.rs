//! Taking an import back: what it created and nobody edited since goes, the rest stays and says why.

use gantry_db::{DbError, Tx};

use super::model::{Import, Outcome, Tally};
use super::store;
use crate::events::Touched;

/// Takes back the next rows, within the reach of whoever asked for it; whether those were the last.
pub async fn chunk(tx: &mut Tx, import: &Import, limit: usize) -> Result<(Tally, bool), DbError> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let created = store::created(tx, import.id, most).await?;
    let mut tally = Tally::default();
    let mut touched = Touched::default();
    for (line, student) in &created {
        let remove = async |tx: &mut Tx| {
            store::remove_untouched(tx, import.id, &import.scope, *student).await
        };
        let (removed, used) = match tx.savepoint(remove).await {
            Ok(removed) => (removed, false),
            Err(DbError::ForeignKey { .. }) => (None, true),
            Err(error) => return Err(error),
        };
        let (outcome, note) = if let Some(branch) = removed {
            touched.note(branch, *student);
            (Outcome::Removed, None)
        } else {
            match store::branch_of(tx, *student).await? {
                Some(branch) if !import.scope.covers_unit(branch) => (
                    Outcome::Kept,
                    Some(
                        "the student is in a branch that whoever asked for the undo does not reach",
                    ),
                ),
                Some(_) if used => (
                    Outcome::Kept,
                    Some("the student has had a seat, or something else that is kept"),
                ),
                Some(_) => (
                    Outcome::Kept,
                    Some("the student was edited after the import, or is in the books"),
                ),
                None => (
                    Outcome::Removed,
                    Some("the student was deleted before the undo"),
                ),
            }
        };
        match outcome {
            Outcome::Kept => tally.kept += 1,
            _ => tally.removed += 1,
        }
        store::set_outcome(tx, import.id, *line, outcome, note).await?;
    }
    touched.tell(tx).await?;
    Ok((tally, created.len() < limit))
}

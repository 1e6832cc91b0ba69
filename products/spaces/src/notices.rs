//! What people are told of what they left to be done.

use gantry_db::{DbError, Tx};
use gantry_notices::{Notice, tell};

use crate::import::Import;

/// Every row of the import has its outcome.
pub(crate) async fn import_finished(tx: &mut Tx, import: &Import) -> Result<(), DbError> {
    let notice = about(import, "spaces.import.finished")
        .with("accepted_rows", import.accepted_rows)
        .with("rejected_rows", import.rejected_rows);
    tell(tx, notice).await
}

/// The import was given up; it can be started again.
pub(crate) async fn import_failed(tx: &mut Tx, import: &Import) -> Result<(), DbError> {
    tell(tx, about(import, "spaces.import.failed")).await
}

/// For who started it; imports from before that was noted are their uploaders'.
fn about(import: &Import, kind: &'static str) -> Notice {
    let starter = import.asked_by.unwrap_or(import.created_by);
    Notice::to_person(kind, starter).with("import", import.id.to_string())
}

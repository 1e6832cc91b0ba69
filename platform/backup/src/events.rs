//! What operators who watch are told.

use gantry_db::{DbError, Tx};
use gantry_events::{Event, emit};

use crate::BackupId;
use crate::permissions::READ;
use crate::works::WorkId;

/// A backup began, ended, was looked at again, or lost its files.
pub(crate) async fn backup_changed(tx: &mut Tx, id: BackupId) -> Result<(), DbError> {
    let event = Event::new("backup.backup.changed").about(id);
    emit(tx, event.operators(READ)).await.map(drop)
}

/// Something was asked for, came a step further, or is over.
pub(crate) async fn work_changed(tx: &mut Tx, id: WorkId) -> Result<(), DbError> {
    let event = Event::new("backup.work.changed").about(id);
    emit(tx, event.operators(READ)).await.map(drop)
}

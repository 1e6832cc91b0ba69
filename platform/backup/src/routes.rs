//! The routes of this module.

use std::sync::Arc;

use gantry_http::{Route, Routes};
use gantry_kernel::ScopeKind;

use crate::Backups;
use crate::api::{ask, list, own};
use crate::error::CODES;
use crate::permissions::{OWN_READ, READ, RESTORE, RUN};

/// The table.
pub(crate) fn routes(backups: Arc<Backups>) -> Routes {
    Routes::new(backups)
        .errors(CODES)
        .route(
            Route::get("/api/v1/admin/backups", "list_backups")
                .platform(READ)
                .summary("Backups, newest first")
                .handle(list::backups),
        )
        .route(
            Route::post("/api/v1/admin/backups", "start_backup")
                .platform(RUN)
                .summary("Take a backup now, and prove it")
                .errors(&["backup_not_configured", "backup_under_way"])
                .handle(ask::take),
        )
        .route(
            Route::get("/api/v1/admin/backups/{backup}", "get_backup")
                .platform(READ)
                .summary("One backup")
                .handle(list::backup),
        )
        .route(
            Route::get("/api/v1/admin/backups/{backup}/databases", "list_backup_databases")
                .platform(READ)
                .summary("What is in a backup, with the proof of each database")
                .handle(list::databases),
        )
        .route(
            Route::post("/api/v1/admin/backups/{backup}/verifications", "verify_backup")
                .platform(RUN)
                .summary("Check all files of a backup and restore each to scratch")
                .errors(&["backup_not_configured", "backup_removed", "backup_under_way"])
                .handle(ask::verify),
        )
        .route(
            Route::post("/api/v1/admin/backups/{backup}/restores", "restore_tenant")
                .platform(RESTORE)
                .summary("Take one tenant back to a backup")
                .describe(
                    "The tenant begins a new life with the contents of the backup; what was written since is \
                     left behind, in its former database. Mail that waited in the backup is held for review. \
                     Other tenants are not touched.",
                )
                .errors(&["backup_not_configured", "backup_removed", "backup_under_way"])
                .step_up()
                .handle(ask::restore),
        )
        .route(
            Route::get("/api/v1/admin/backup-works", "list_backup_works")
                .platform(READ)
                .summary("What operators asked for and what became of it, newest first")
                .handle(list::works),
        )
        .route(
            Route::get("/api/v1/admin/backup-works/{work}", "get_backup_work")
                .platform(READ)
                .summary("How far something asked for has come")
                .handle(list::work),
        )
        .route(
            Route::get("/api/v1/admin/backup-status", "get_backup_status")
                .platform(READ)
                .summary("The last backup, and the last that was proven")
                .handle(list::status),
        )
        .route(
            Route::get("/api/v1/tenants/{tenant}/backups", "get_workspace_backups")
                .tenant(OWN_READ, &[ScopeKind::All])
                .summary("When the workspace was last backed up, and last restored for proof")
                .handle(own::get),
        )
        .finish()
}

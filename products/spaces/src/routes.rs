//! The routes of this module: who may call what.

use std::sync::Arc;
use std::time::Duration;

use gantry_contracts::LIMIT_REACHED;
use gantry_http::{Class, Route, Routes};

use crate::Spaces;
use crate::allowance::Allowance;
use crate::permission::{
    BRANCH_READ, BRANCH_WRITE, STUDENT_EXPORT, STUDENT_IMPORT, STUDENT_READ, STUDENT_WRITE, UNITS,
    WHOLE,
};
use crate::{branch, error, export, import, money, seating, student};

/// All of them.
pub fn routes(allowance: &Allowance) -> Routes {
    Routes::new(Arc::new(allowance.clone()))
        .route(
            Route::get("/api/v1/tenants/{tenant}/spaces/branches", "list_branches")
                .tenant(BRANCH_READ, UNITS)
                .summary("List branches by name")
                .handle(branch::api::list),
        )
        .route(
            Route::post("/api/v1/tenants/{tenant}/spaces/branches", "create_branch")
                .tenant(BRANCH_WRITE, WHOLE)
                .summary("Open a branch")
                .idempotent()
                .errors(&["branch_code_taken", "limit_reached"])
                .handle(branch::api::create),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/branches/{branch}",
                "get_branch",
            )
            .tenant(BRANCH_READ, UNITS)
            .summary("Read a branch")
            .handle(branch::api::get),
        )
        .route(
            Route::patch(
                "/api/v1/tenants/{tenant}/spaces/branches/{branch}",
                "update_branch",
            )
            .tenant(BRANCH_WRITE, UNITS)
            .summary("Change a branch")
            .errors(&["branch_code_taken"])
            .if_match()
            .handle(branch::api::update),
        )
        .route(
            Route::delete(
                "/api/v1/tenants/{tenant}/spaces/branches/{branch}",
                "delete_branch",
            )
            .tenant(BRANCH_WRITE, WHOLE)
            .summary("Remove a branch to which nothing belongs")
            .errors(&["branch_not_empty"])
            .if_match()
            .handle(branch::api::delete),
        )
        .route(
            Route::get("/api/v1/tenants/{tenant}/spaces/students", "list_students")
                .tenant(STUDENT_READ, UNITS)
                .summary("List and search students")
                .handle(student::api::list),
        )
        .route(
            Route::post("/api/v1/tenants/{tenant}/spaces/students", "create_student")
                .tenant(STUDENT_WRITE, UNITS)
                .summary("Enter a student")
                .idempotent()
                .describe(
                    "Phone and name together are unique. A phone that another student has is taken \
                     only with `shares_phone`, for siblings.",
                )
                .errors(&[
                    "branch_unknown",
                    "branch_inactive",
                    "student_code_taken",
                    "student_exists",
                    "phone_shared",
                    "limit_reached",
                ])
                .handle(student::api::create),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/students/export.csv",
                "export_students",
            )
            .tenant(STUDENT_EXPORT, UNITS)
            .limit(Class::Heavy)
            .timeout(Duration::from_mins(2))
            .summary("Take students out as CSV")
            .describe(
                "All students that pass the filters, with the columns the import recognises. A \
                     cell that a spreadsheet would run as a formula begins with an apostrophe. \
                     Paging parameters have no effect.",
            )
            .media(&["text/csv"])
            .handle(export::api::students),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/students/{student}",
                "get_student",
            )
            .tenant(STUDENT_READ, UNITS)
            .summary("Read a student")
            .handle(student::api::get),
        )
        .route(
            Route::patch(
                "/api/v1/tenants/{tenant}/spaces/students/{student}",
                "update_student",
            )
            .tenant(STUDENT_WRITE, UNITS)
            .summary("Change or move a student")
            .errors(&[
                "branch_unknown",
                "branch_inactive",
                "student_code_taken",
                "student_exists",
                "phone_shared",
            ])
            .if_match()
            .handle(student::api::update),
        )
        .route(
            Route::delete(
                "/api/v1/tenants/{tenant}/spaces/students/{student}",
                "delete_student",
            )
            .tenant(STUDENT_WRITE, UNITS)
            .summary("Remove a student")
            .errors(&["student_in_use"])
            .if_match()
            .handle(student::api::delete),
        )
        .errors(error::CODES)
        .errors(&[LIMIT_REACHED])
        .finish()
        .join(imports())
        .join(money::routes::routes())
        .join(seating::routes::routes())
}

fn imports() -> Routes {
    Routes::new(Arc::new(Spaces))
        .route(
            Route::post("/api/v1/tenants/{tenant}/spaces/imports", "create_import")
                .tenant(STUDENT_IMPORT, UNITS)
                .limit(Class::Heavy)
                .body_limit(import::MAX_FILE)
                .timeout(Duration::from_mins(2))
                .summary("Upload a CSV file of students")
                .idempotent()
                .describe(
                    "The body is the file itself, in UTF-8, UTF-16 or Windows-1252, separated by \
                     comma, semicolon, tab or pipe. The answer says what was recognised and what each \
                     column seems to mean. Nothing is written until the run is started.",
                )
                .errors(&["file_unreadable", "branch_unknown"])
                .handle(import::api::create),
        )
        .route(
            Route::get("/api/v1/tenants/{tenant}/spaces/imports", "list_imports")
                .tenant(STUDENT_IMPORT, UNITS)
                .summary("List imports, newest first")
                .handle(import::api::list),
        )
        .route(
            Route::get("/api/v1/tenants/{tenant}/spaces/imports/{import}", "get_import")
                .tenant(STUDENT_IMPORT, UNITS)
                .summary("Read an import and its progress")
                .handle(import::api::get),
        )
        .route(
            Route::patch("/api/v1/tenants/{tenant}/spaces/imports/{import}", "update_import")
                .tenant(STUDENT_IMPORT, UNITS)
                .summary("Say what the columns mean")
                .errors(&["mapping_invalid", "import_state", "branch_unknown"])
                .handle(import::api::update),
        )
        .route(
            Route::post("/api/v1/tenants/{tenant}/spaces/imports/{import}/dry-run", "check_import")
                .tenant(STUDENT_IMPORT, UNITS)
                .summary("Find out what a run would do")
                .idempotent()
                .errors(&["mapping_invalid", "import_state"])
                .handle(import::api::dry_run),
        )
        .route(
            Route::post("/api/v1/tenants/{tenant}/spaces/imports/{import}/run", "run_import")
                .tenant(STUDENT_IMPORT, UNITS)
                .summary("Enter the students")
                .idempotent()
                .errors(&["mapping_invalid", "import_state"])
                .handle(import::api::run),
        )
        .route(
            Route::post("/api/v1/tenants/{tenant}/spaces/imports/{import}/reversal", "reverse_import")
                .tenant(STUDENT_IMPORT, UNITS)
                .summary("Undo an import")
                .idempotent()
                .describe("Removes the students it created that nobody edited since; the others stay.")
                .errors(&["import_state"])
                .handle(import::api::reverse),
        )
        .route(
            Route::get("/api/v1/tenants/{tenant}/spaces/imports/{import}/rows", "list_import_rows")
                .tenant(STUDENT_IMPORT, UNITS)
                .summary("List what became of each row")
                .handle(import::api::rows),
        )
        .route(
            Route::get(
                "/api/v1/tenants/{tenant}/spaces/imports/{import}/errors.csv",
                "export_import_errors",
            )
            .tenant(STUDENT_IMPORT, UNITS)
            .summary("Take the rejected rows out as CSV, to repair and upload again")
            .media(&["text/csv"])
            .handle(import::api::errors),
        )
        .finish()
}

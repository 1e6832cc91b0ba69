//! What SQLite's result codes mean to us.

use std::path::Path;

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::DbError;

/// A failure while a connection is opened: anything that says the file itself is unusable names it.
pub(crate) fn open_failure(path: &Path, error: &rusqlite::Error) -> DbError {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    match failure(error) {
        DbError::Corrupt(detail) => DbError::Corrupt(format!("{file}: {detail}")),
        DbError::Unavailable(detail) => DbError::Unavailable(format!("{file}: {detail}")),
        DbError::Other(detail) => DbError::Unavailable(format!("cannot open {file}: {detail}")),
        other => other,
    }
}

/// A failure of a statement.
pub(crate) fn failure(error: &rusqlite::Error) -> DbError {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => {
            from_code(*code, message.as_deref().unwrap_or_default())
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => from_code(*error, msg),
        other => DbError::Other(other.to_string()),
    }
}

fn from_code(error: ffi::Error, message: &str) -> DbError {
    match error.code {
        ErrorCode::ConstraintViolation => constraint(error.extended_code, message),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            DbError::Busy("another process holds the write lock".to_owned())
        }
        ErrorCode::DiskFull => DbError::DiskFull,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            DbError::Corrupt(said(error, message))
        }
        ErrorCode::OperationInterrupted => DbError::Timeout,
        ErrorCode::ReadOnly => DbError::ReadOnly,
        ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::PermissionDenied => {
            DbError::Unavailable(said(error, message))
        }
        _ => DbError::Other(said(error, message)),
    }
}

fn said(error: ffi::Error, message: &str) -> String {
    if message.is_empty() {
        ffi::code_to_str(error.extended_code).to_owned()
    } else {
        message.to_owned()
    }
}

/// SQLite names a constraint only in its message, as `t.a, t.b` or as an index or check name.
fn constraint(extended: i32, message: &str) -> DbError {
    let named = message
        .split_once("failed: ")
        .map_or(message, |(_, rest)| rest);
    match extended {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => {
            let mut table = String::new();
            let columns = named
                .split(", ")
                .map(|part| {
                    part.split_once('.').map_or_else(
                        || {
                            part.trim_start_matches("index ")
                                .trim_matches('\'')
                                .to_owned()
                        },
                        |(t, column)| {
                            t.clone_into(&mut table);
                            column.to_owned()
                        },
                    )
                })
                .collect();
            DbError::Unique { table, columns }
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => DbError::ForeignKey { constraint: None },
        _ => DbError::Check {
            constraint: named.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_failures_name_table_and_columns() {
        let error = constraint(
            ffi::SQLITE_CONSTRAINT_UNIQUE,
            "UNIQUE constraint failed: members.tenant_id, members.identity_id",
        );
        assert!(error.is_unique_on("members", "identity_id"), "{error:?}");
        assert!(!error.is_unique_on("tenants", "identity_id"), "{error:?}");
    }
}

//! What PostgreSQL's error codes mean to us.

use std::error::Error;

use tokio_postgres::error::{DbError as Refusal, SqlState};

use crate::DbError;

/// A failure of a statement or connection.
pub(crate) fn failure(error: &tokio_postgres::Error) -> DbError {
    if let Some(refusal) = error.as_db_error() {
        return refused(refusal);
    }
    let cause = error
        .source()
        .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
    let lost = error.is_closed()
        || error
            .source()
            .is_some_and(<dyn Error>::is::<std::io::Error>);
    if lost {
        DbError::Unavailable(cause)
    } else {
        DbError::Other(cause)
    }
}

/// Whether the connection is gone and the server's answer with it.
pub(crate) fn connection_lost(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || matches!(failure(error), DbError::Unavailable(_))
}

/// A statement kept prepared does not fit any more: the schema changed under it, or the server has
/// forgotten it. Whoever prepares it again goes on.
pub(crate) fn statement_outdated(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(outdated)
}

fn outdated(refusal: &Refusal) -> bool {
    *refusal.code() == SqlState::INVALID_SQL_STATEMENT_NAME
        || (*refusal.code() == SqlState::FEATURE_NOT_SUPPORTED
            && (refusal.routine() == Some("RevalidateCachedQuery")
                || refusal.message().contains("cached plan")))
}

fn refused(refusal: &Refusal) -> DbError {
    let code = refusal.code();
    let named = || refusal.constraint().unwrap_or_default().to_owned();
    match *code {
        SqlState::UNIQUE_VIOLATION => unique(refusal),
        SqlState::FOREIGN_KEY_VIOLATION => DbError::ForeignKey {
            constraint: refusal.constraint().map(str::to_owned),
        },
        SqlState::CHECK_VIOLATION | SqlState::EXCLUSION_VIOLATION => DbError::Check {
            constraint: named(),
        },
        SqlState::NOT_NULL_VIOLATION => DbError::Check {
            constraint: format!(
                "{}.{}",
                refusal.table().unwrap_or_default(),
                refusal.column().unwrap_or_default()
            ),
        },
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => DbError::Conflict,
        SqlState::QUERY_CANCELED | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => {
            DbError::Timeout
        }
        SqlState::LOCK_NOT_AVAILABLE => DbError::Busy(refusal.message().to_owned()),
        SqlState::READ_ONLY_SQL_TRANSACTION => DbError::ReadOnly,
        SqlState::IN_FAILED_SQL_TRANSACTION => DbError::Poisoned,
        SqlState::DISK_FULL => DbError::DiskFull,
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => {
            DbError::Corrupt(refusal.message().to_owned())
        }
        SqlState::TOO_MANY_CONNECTIONS
        | SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::DATABASE_DROPPED
        | SqlState::INVALID_CATALOG_NAME
        | SqlState::INVALID_PASSWORD
        | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            DbError::Unavailable(refusal.message().to_owned())
        }
        _ if code.code() == super::fence::FENCED => DbError::Moving,
        _ if outdated(refusal) => DbError::Conflict,
        _ if code.code().starts_with("08") => DbError::Unavailable(refusal.message().to_owned()),
        _ => DbError::Other(format!("{} ({})", refusal.message(), code.code())),
    }
}

/// The detail reads `Key (a, b)=(1, 2) already exists.`; the values stay out of our error.
fn unique(refusal: &Refusal) -> DbError {
    let columns = refusal
        .detail()
        .and_then(|detail| detail.strip_prefix("Key ("))
        .and_then(|detail| detail.split_once(")=("))
        .map_or_else(
            || from_name(refusal),
            |(columns, _)| {
                columns
                    .split(", ")
                    .map(|c| c.trim_matches('"').to_owned())
                    .collect()
            },
        );
    DbError::Unique {
        table: refusal.table().unwrap_or_default().to_owned(),
        columns,
    }
}

/// Without a detail (the role may not see the row) the index's name has to do: the naming rule
/// `{table}_{col}_{col}_key` names the columns, though not where one ends.
fn from_name(refusal: &Refusal) -> Vec<String> {
    let name = refusal.constraint().unwrap_or_default();
    let table = refusal.table().unwrap_or_default();
    let columns = name
        .strip_prefix(table)
        .and_then(|rest| rest.strip_prefix('_'))
        .map_or(name, |rest| rest.trim_end_matches("_key"));
    vec![columns.to_owned()]
}

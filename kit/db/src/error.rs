//! What a database call can fail with, and the one mapping to an answer.

use std::time::Duration;

use gantry_kernel::{Problem, TenantId};

/// A failure of the storage layer. Messages carry names of tables and columns, never contents.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// A unique index refused the row. Both engines name the table and its columns.
    #[error("a row with the same {} already exists in {table}", columns.join(", "))]
    Unique {
        /// The table.
        table: String,
        /// The columns of the index, in its order.
        columns: Vec<String>,
    },
    /// A text holds U+0000, which one of the engines cannot store. The statement was not run.
    #[error("a text holds the character U+0000")]
    NulInText,
    /// A foreign key refused the statement. SQLite does not say which.
    #[error("a foreign key refused the statement")]
    ForeignKey {
        /// What the engine says about it (a constraint's name), if anything.
        constraint: Option<String>,
    },
    /// A CHECK, NOT NULL, exclusion or strict-type rule refused the statement, or a trigger of SQLite that stands for one.
    #[error("a check refused the row: {constraint}")]
    Check {
        /// The constraint or column, as the engine names it; of a trigger, what it says.
        constraint: String,
    },
    /// [`Tx::one`](crate::Tx::one) found no row.
    #[error("no row")]
    NoRow,
    /// [`Tx::one`](crate::Tx::one) or [`Tx::opt`](crate::Tx::opt) found more than one row.
    #[error("more than one row")]
    ManyRows,
    /// An earlier statement of the transaction failed, so nothing more can be done in it.
    #[error("an earlier statement of this transaction failed")]
    Poisoned,
    /// The closure waited for something other than its own transaction.
    #[error("a transaction may await nothing but its own statements")]
    ForeignAwait,
    /// A write was attempted in a read transaction.
    #[error("a read transaction cannot write")]
    ReadOnly,
    /// The transaction took longer than the allowed time; nothing was written.
    #[error("the transaction exceeded its time limit")]
    Timeout,
    /// Another transaction is in the way and stayed there; nothing was written.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// PostgreSQL could not put this transaction in order with others, even after several attempts;
    /// nothing was written.
    #[error("the transaction conflicts with others")]
    Conflict,
    /// Too much is already waiting; nothing was written.
    #[error("too much is waiting: {0}")]
    Overloaded(String),
    /// The database cannot be reached; nothing was written.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The connection or the disk failed while committing: the write may or may not have happened.
    #[error("the outcome of the commit is unknown: {0}")]
    CommitUnknown(String),
    /// The database is on its way to another home; nothing was written. Ask for it anew and repeat.
    #[error("the database is moving to another home")]
    Moving,
    /// The disk (or the database's size limit) is full; nothing was written.
    #[error("the disk is full")]
    DiskFull,
    /// The file is damaged or not this database.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// No such tenant, or its database is not there yet.
    #[error("no database for tenant {0}")]
    TenantMissing(TenantId),
    /// A migration cannot be applied or does not fit what was applied before.
    #[error("migration: {0}")]
    Migration(String),
    /// No copy can be kept of a database whose schema is about to change, so it was left as it is.
    #[error("no copy of {what} can be kept before it is upgraded, so it was left as it is: {why}")]
    NotKept {
        /// `control`, or the tenant's database.
        what: String,
        /// Why.
        why: String,
    },
    /// A column does not hold what the Rust type expects.
    #[error("column {column}: {detail}")]
    Decode {
        /// The column's name or position.
        column: String,
        /// Expected and found kind.
        detail: String,
    },
    /// A directory row changed since it was read.
    #[error("the row has changed since it was read")]
    Stale,
    /// The closure panicked; the transaction was rolled back.
    #[error("a transaction panicked: {0}")]
    Panicked(String),
    /// The settings cannot work.
    #[error("database settings: {0}")]
    Config(String),
    /// What this engine does not offer (yet).
    #[error("not supported here: {0}")]
    Unsupported(String),
    /// Anything else the engine said.
    #[error("database: {0}")]
    Other(String),
}

impl DbError {
    /// Whether a unique index over exactly this column, or one that contains it, refused a row of
    /// this table.
    pub fn is_unique_on(&self, table: &str, column: &str) -> bool {
        matches!(self, Self::Unique { table: t, columns }
            if t == table && columns.iter().any(|c| c == column))
    }

    /// Whether any unique index refused a row of this table.
    pub fn is_unique(&self, table: &str) -> bool {
        matches!(self, Self::Unique { table: t, .. } if t == table)
    }

    /// Whether the same call may succeed a little later, and nothing was written.
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Busy(_)
                | Self::Conflict
                | Self::Overloaded(_)
                | Self::Unavailable(_)
                | Self::Timeout
                | Self::Moving
                | Self::DiskFull
        )
    }

    /// Which failure it is, in one word for those who count.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unique { .. } => "unique",
            Self::NulInText => "nul_in_text",
            Self::ForeignKey { .. } => "foreign_key",
            Self::Check { .. } => "check",
            Self::NoRow => "no_row",
            Self::ManyRows => "many_rows",
            Self::Poisoned => "poisoned",
            Self::ForeignAwait => "foreign_await",
            Self::ReadOnly => "read_only",
            Self::Timeout => "timeout",
            Self::Busy(_) => "busy",
            Self::Conflict => "conflict",
            Self::Overloaded(_) => "overloaded",
            Self::Unavailable(_) => "unavailable",
            Self::CommitUnknown(_) => "commit_unknown",
            Self::Moving => "moving",
            Self::DiskFull => "disk_full",
            Self::Corrupt(_) => "corrupt",
            Self::TenantMissing(_) => "tenant_missing",
            Self::Migration(_) => "migration",
            Self::NotKept { .. } => "not_kept",
            Self::Decode { .. } => "decode",
            Self::Stale => "stale",
            Self::Panicked(_) => "panicked",
            Self::Config(_) => "config",
            Self::Unsupported(_) => "unsupported",
            Self::Other(_) => "other",
        }
    }

    pub(crate) fn decode(column: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Decode {
            column: column.into(),
            detail: detail.into(),
        }
    }
}

impl From<DbError> for Problem {
    /// Failures that pass by themselves become 503; everything else that reaches here is a defect,
    /// because a module maps what it expects (a taken name, a missing row) itself.
    fn from(error: DbError) -> Self {
        const SOON: Duration = Duration::from_secs(1);
        const LATER: Duration = Duration::from_secs(10);
        let problem = match &error {
            DbError::Busy(_) | DbError::Conflict | DbError::Overloaded(_) | DbError::Timeout => {
                Self::unavailable("database_busy", "the database is busy; try again", SOON)
            }
            DbError::Moving => Self::unavailable(
                "tenant_moving",
                "the workspace is moving to another database server; try again in a moment",
                SOON,
            ),
            DbError::Stale => return Self::precondition_failed(),
            DbError::NulInText => {
                return Self::invalid("invalid_request", "text must not hold the character U+0000");
            }
            DbError::Unavailable(_)
            | DbError::Corrupt(_)
            | DbError::TenantMissing(_)
            | DbError::NotKept { .. } => Self::unavailable(
                "database_unavailable",
                "the database cannot be reached; try again later",
                LATER,
            ),
            DbError::DiskFull => Self::unavailable(
                "disk_full",
                "nothing can be stored now because the disk is full; nothing was changed",
                LATER,
            ),
            DbError::CommitUnknown(_) => Self::unavailable(
                "outcome_unknown",
                "the database failed while saving: the change may or may not have happened; look \
                 before you repeat it",
                SOON,
            ),
            _ => return Self::internal(error),
        };
        problem.because(error)
    }
}

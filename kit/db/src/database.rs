//! One database of either engine, and the choice between them in one place.

use std::time::Duration;

use crate::DbError;
use crate::postgres::PgDb;
use crate::sqlite::SqliteDb;
use crate::tx::Scoped;

pub(crate) enum Database {
    Sqlite(SqliteDb),
    Postgres(PgDb),
}

impl Database {
    pub(crate) async fn read<S, T, E, F>(&self, key: S::Key, f: F) -> Result<T, E>
    where
        S: Scoped,
        F: AsyncFnOnce(&mut S) -> Result<T, E>,
        E: From<DbError>,
    {
        match self {
            Self::Sqlite(db) => db.read(key, f).await,
            Self::Postgres(db) => db.read(key, db.max_transaction(), f).await,
        }
    }

    pub(crate) async fn read_blocking<S, T, E, F>(
        &self,
        key: S::Key,
        cap: Duration,
        f: F,
    ) -> Result<T, E>
    where
        S: Scoped,
        F: AsyncFnOnce(&mut S) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match self {
            Self::Sqlite(db) => db.read_blocking(key, cap, f).await,
            Self::Postgres(db) => db.read(key, cap, f).await,
        }
    }

    pub(crate) async fn write<S, T, E, F>(&self, key: S::Key, f: F) -> Result<T, E>
    where
        S: Scoped,
        F: AsyncFn(&mut S) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match self {
            Self::Sqlite(db) => db.write(key, f).await,
            Self::Postgres(db) => db.write(key, f).await,
        }
    }

    /// Whether it has to be looked up again.
    pub(crate) fn lost(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(db) => db.lost(),
        }
    }

    /// Whether a write was refused, since this was last asked, because the database is moving.
    pub(crate) fn fenced(&self) -> bool {
        match self {
            Self::Sqlite(db) => db.fenced(),
            Self::Postgres(db) => db.fenced(),
        }
    }

    /// Copies a SQLite database to a new file.
    pub(crate) async fn snapshot(&self, to: &std::path::Path) -> Result<(), DbError> {
        let Self::Sqlite(db) = self else {
            return Err(DbError::Unsupported(
                "a snapshot to a file; PostgreSQL databases are copied with pg_dump".to_owned(),
            ));
        };
        let (from, to) = (db.path().to_owned(), to.to_owned());
        let config = db.context().sqlite.clone();
        let copying = db.readers().copying();
        blocking(move || {
            let _copying = copying;
            crate::sqlite::snapshot(&from, &to, &config)
        })
        .await
    }
}

/// Runs file work on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(DbError::Panicked(error.to_string())))
}

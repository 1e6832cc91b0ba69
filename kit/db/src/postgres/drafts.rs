//! Databases made from a copy: filled under a draft's name, then named or dropped.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::admin::{Server, create, quoted};
use super::pool::Loan;
use crate::DbError;

/// Attempts while the server still ends a connection to the draft.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

impl Server {
    /// An empty database under a name that tells when it was made; see `template` for what becomes of
    /// abandoned ones.
    pub(crate) async fn new_draft(&self) -> Result<String, DbError> {
        let mut conn = self.open_base().await?;
        self.sweep_drafts(&mut conn).await?;
        let draft = self.draft_name();
        create(&mut conn, &draft)
            .await
            .map_err(|e| super::error::failure(&e))?;
        Ok(draft)
    }

    /// A connection to a draft without time limits, counted as a tenant's. It is closed after use.
    pub(crate) async fn inside(&self, draft: &str) -> Result<Loan, DbError> {
        let mut loan = self.tenant_pool.take(&self.spot(draft)).await?;
        loan.conn
            .batch(
                "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
                 SET lock_timeout = '60s'",
            )
            .await?;
        Ok(loan)
    }

    /// Gives a draft its name; what an attempt that was not adopted left under it is dropped.
    pub(crate) async fn name_draft(&self, draft: &str, name: &str) -> Result<(), DbError> {
        self.drop_database(name).await?;
        let conn = self.admin(self.control()).await?;
        for attempt in 1.. {
            conn.raw_query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
                &[&draft],
            )
            .await?;
            let text = format!(
                "ALTER DATABASE {} RENAME TO {}",
                quoted(draft),
                quoted(name)
            );
            match conn.raw_batch(&text).await {
                Err(error)
                    if error.code() == Some(&SqlState::OBJECT_IN_USE) && attempt < ATTEMPTS =>
                {
                    tokio::time::sleep(PAUSE).await;
                }
                outcome => return outcome.map_err(|e| super::error::failure(&e)),
            }
        }
        Ok(())
    }

    /// Drops a database of ours that nobody needs.
    pub(crate) async fn drop_database(&self, name: &str) -> Result<(), DbError> {
        let mut conn = self.admin(self.control()).await?;
        conn.batch(&format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            quoted(name)
        ))
        .await
    }

    /// Ends all use of a database that a later life of its tenant has replaced, whichever process uses
    /// it, and keeps it.
    pub(crate) async fn shut(&self, name: &str) -> Result<(), DbError> {
        let mut conn = self.admin(self.control()).await?;
        conn.batch(&format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS false",
            quoted(name)
        ))
        .await?;
        conn.raw_query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
            &[&name],
        )
        .await
        .map(drop)
    }
    /// Undoes [`Server::shut`].
    pub(crate) async fn unshut(&self, name: &str) -> Result<(), DbError> {
        let mut conn = self.admin(self.control()).await?;
        conn.batch(&format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS true",
            quoted(name)
        ))
        .await
    }
}

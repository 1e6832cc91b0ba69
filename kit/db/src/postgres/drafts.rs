//! Databases made from a copy: filled under a draft's name, then named or dropped.

use super::admin::{Server, create, quoted};
use super::error::failure;
use super::pool::Loan;
use super::renaming::{disconnect, rename};
use crate::DbError;

impl Server {
    /// An empty database under a name that tells when it was made; see `template` for what becomes of
    /// abandoned ones.
    pub(crate) async fn new_draft(&self) -> Result<String, DbError> {
        let mut conn = self.open_base().await?;
        self.sweep_drafts(&mut conn).await?;
        let draft = self.draft_name();
        create(&mut conn, &draft).await.map_err(|e| failure(&e))?;
        Ok(draft)
    }

    /// A connection to a draft, counted as a tenant's. It is closed after use.
    pub(crate) async fn inside(&self, draft: &str) -> Result<Loan, DbError> {
        self.tenant_pool.take(&self.spot(draft)).await
    }

    /// Gives a draft its name; what an attempt that was not adopted left under it is dropped.
    pub(crate) async fn name_draft(&self, draft: &str, name: &str) -> Result<(), DbError> {
        self.drop_database(name).await?;
        let conn = self.admin(self.control()).await?;
        let renamed = rename(&conn, draft, name).await;
        renamed.map_err(|e| failure(&e))
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
        disconnect(&conn, name).await.map_err(|e| failure(&e))
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

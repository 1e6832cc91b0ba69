//! A control database that is made under another name, from a connection to neither, and then takes the
//! place of the one that is not there.

use tokio_postgres::types::Type;

use super::admin::{Server, create, exists, quoted};
use super::error::failure;
use super::renaming::rename;
use crate::DbError;

/// The database that every server has.
const OUTSIDE: &str = "postgres";

impl Server {
    /// The same server, with this control database.
    pub(crate) fn with_control(mut self, name: &str) -> Self {
        name.clone_into(&mut self.control);
        self
    }

    /// What of this installation is there already. A control database without any table is nothing.
    pub(crate) async fn occupied(&self) -> Result<Option<String>, DbError> {
        let conn = self.admin(OUTSIDE).await?;
        // As `Server::name` makes them.
        let rows = conn
            .raw_query(
                "SELECT datname::text FROM pg_database WHERE starts_with(datname, $1 || '_') \
                 AND substr(datname, length($1) + 2) ~ '^(t_[0-9a-f]{32}|r[0-9]+_[0-9a-v]{26})$' \
                 ORDER BY 1 LIMIT 1",
                &[(&self.control(), Type::TEXT)],
            )
            .await?;
        if let Some(row) = rows.first() {
            return Ok(Some(row.get(0)));
        }
        let there = exists(&conn, self.control()).await?;
        drop(conn);
        if there && !self.is_bare().await? {
            return Ok(Some(self.control().to_owned()));
        }
        Ok(None)
    }

    async fn is_bare(&self) -> Result<bool, DbError> {
        let conn = self.admin(self.control()).await?;
        let rows = conn
            .raw_query(
                "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' LIMIT 1",
                &[],
            )
            .await?;
        Ok(rows.is_empty())
    }

    /// An empty database beside control's place. Those of attempts that ended are removed by the first
    /// start of the installation, an hour later.
    pub(crate) async fn begin_apart(&self) -> Result<String, DbError> {
        let mut conn = self.admin(OUTSIDE).await?;
        let draft = self.draft_name();
        create(&mut conn, &draft).await.map_err(|e| failure(&e))?;
        Ok(draft)
    }

    /// Removes what [`Server::begin_apart`] made.
    pub(crate) async fn drop_apart(&self, draft: &str) -> Result<(), DbError> {
        let mut conn = self.admin(OUTSIDE).await?;
        let text = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(draft));
        conn.batch(&text).await
    }

    /// Gives the draft control's name. A control database without any table gives way.
    pub(crate) async fn arrive(&self, draft: &str) -> Result<(), DbError> {
        if let Some(found) = self.occupied().await? {
            return Err(DbError::Config(format!("{found} is there already")));
        }
        let mut conn = self.admin(OUTSIDE).await?;
        conn.batch(&format!(
            "DROP DATABASE IF EXISTS {}",
            quoted(self.control())
        ))
        .await?;
        let renamed = rename(&conn, draft, self.control()).await;
        renamed.map_err(|e| failure(&e))
    }
}

//! The template that every tenant's database starts as: built as a draft, renamed once it is whole.

use tokio_postgres::types::Type;

use super::admin::{Server, create, exists, quoted, there_already};
use super::conn::PgConn;
use super::renaming::rename;
use crate::migrate::{self, Plan};
use crate::{DbError, Engine};

/// A draft of this age belongs to nobody any more, in seconds.
const ABANDONED: i64 = 3600;

impl Server {
    /// The migrated, empty database every tenant of this schema starts as. Built under another
    /// name and renamed, so that it is complete or not there, whoever else builds it too.
    pub(super) async fn template(&self, plan: &Plan) -> Result<String, DbError> {
        let mut known = self.template.lock().await;
        let name = format!(
            "{}_tmpl_{}",
            self.control,
            plan.fingerprint(Engine::Postgres)
        );
        if known.as_deref() == Some(name.as_str()) {
            return Ok(name);
        }
        let mut conn = self.open_base().await?;
        self.sweep_drafts(&mut conn).await?;
        if !exists(&conn, &name).await? {
            let draft = self.draft_name();
            create(&mut conn, &draft)
                .await
                .map_err(|e| super::error::failure(&e))?;
            drop(conn);
            let built = self.build(&draft, &name, plan).await;
            if !matches!(built, Ok(true)) {
                let dropped = self.drop_database(&draft).await;
                if let Err(error) = dropped {
                    tracing::warn!(database = draft, %error, "a draft stays behind for a while");
                }
            }
            built?;
        }
        *known = Some(name.clone());
        Ok(name)
    }

    /// Migrates a draft and gives it the template's name; `false` when there is one by now.
    async fn build(&self, draft: &str, name: &str, plan: &Plan) -> Result<bool, DbError> {
        let mut inside = self.admin(draft).await?;
        migrate::on_postgres(&mut inside, plan, self.kernel.now()).await?;
        drop(inside);
        let mut conn = self.admin(&self.control).await?;
        conn.batch(&format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS false",
            quoted(draft)
        ))
        .await?;
        let renamed = rename(&conn, draft, name).await;
        let mine = renamed.is_ok();
        there_already(renamed)?;
        Ok(mine)
    }

    /// A name that says when the draft was begun, because PostgreSQL does not.
    pub(super) fn draft_name(&self) -> String {
        let (begun, random) = (self.seconds(), self.kernel.below(1 << 32));
        format!("{}_d_{begun:08x}{random:08x}", self.control)
    }

    /// Removes the drafts of those who ended while they built them.
    pub(super) async fn sweep_drafts(&self, conn: &mut PgConn) -> Result<(), DbError> {
        let prefix = format!("{}_d_", self.control);
        let rows = conn
            .raw_query(
                "SELECT datname::text FROM pg_database WHERE starts_with(datname, $1)",
                &[(&prefix, Type::TEXT)],
            )
            .await?;
        for row in rows {
            let draft: String = row.get(0);
            let begun = draft
                .strip_prefix(&prefix)
                .filter(|rest| rest.len() == 16)
                .and_then(|rest| rest.get(..8))
                .and_then(|begun| i64::from_str_radix(begun, 16).ok());
            if begun.is_some_and(|begun| self.seconds().saturating_sub(begun) > ABANDONED) {
                conn.batch(&dropping(&draft)).await?;
                tracing::info!(database = draft, "dropped an abandoned draft");
            }
        }
        Ok(())
    }

    fn seconds(&self) -> i64 {
        self.kernel.now().as_micros() / 1_000_000
    }
}

fn dropping(database: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(database))
}

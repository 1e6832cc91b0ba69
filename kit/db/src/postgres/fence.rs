//! Databases as a whole: closed to writes while they move, and how large they are.

use gantry_kernel::TenantId;
use tokio_postgres::types::Type;

use super::admin::Server;
use super::conn::UNBOUNDED;
use super::error::failure;
use crate::DbError;

/// What the trigger says; no code of PostgreSQL's own.
pub(super) const FENCED: &str = "GM001";

const UP: &str = "\
    CREATE OR REPLACE FUNCTION gantry_moving() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN RAISE EXCEPTION 'the database is moving' USING ERRCODE = 'GM001'; END $$; \
    DO $$ DECLARE t record; BEGIN \
    FOR t IN SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' \
      AND c.relnamespace = current_schema()::regnamespace AND NOT EXISTS \
      (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname = 'gantry_moving') \
      ORDER BY c.relname LOOP \
    EXECUTE format('CREATE TRIGGER gantry_moving BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE \
      ON %I FOR EACH STATEMENT EXECUTE FUNCTION gantry_moving()', t.relname); \
    END LOOP; END $$";
const DOWN: &str = "DROP FUNCTION IF EXISTS gantry_moving() CASCADE";

impl Server {
    /// Makes every table refuse writes, or takes that back.
    pub(crate) async fn set_fence(&self, database: &str, up: bool) -> Result<(), DbError> {
        // The connection is closed afterwards: one in the middle of a failed batch is of no use.
        let loan = self.inside(database).await?;
        let change = if up { UP } else { DOWN };
        let text = format!("BEGIN; {UNBOUNDED}; {change}; COMMIT");
        loan.conn.raw_batch(&text).await.map_err(|e| failure(&e))
    }

    /// The bytes of databases, by tenant.
    pub(crate) async fn sizes(
        &self,
        places: &[(TenantId, String)],
    ) -> Result<Vec<(TenantId, u64)>, DbError> {
        let names: Vec<&str> = places.iter().map(|(_, name)| name.as_str()).collect();
        let loan = self.tenant_pool.take(&self.spot(self.control())).await?;
        let rows = loan
            .conn
            .raw_query(
                "SELECT datname::text, pg_database_size(oid) FROM pg_database \
                 WHERE datname = ANY ($1)",
                &[(&names, Type::TEXT_ARRAY)],
            )
            .await?;
        self.tenant_pool.put(loan.conn, loan.place);
        let size = |name: &str| {
            let row = rows.iter().find(|row| row.get::<_, &str>(0) == name)?;
            u64::try_from(row.get::<_, i64>(1)).ok()
        };
        let sized = places
            .iter()
            .filter_map(|(id, name)| Some((*id, size(name)?)));
        Ok(sized.collect())
    }
}

//! Making databases on a PostgreSQL server: control, templates, tenants.
//!
//! All names begin with the control database's, so that several installations share a server
//! without meeting. Databases are created one at a time per process on a connection of their own.

use std::sync::Arc;
use std::time::Duration;

use gantry_kernel::{Kernel, Slug, TenantId};
use tokio::sync::{Mutex, Semaphore};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::conn::{Limits, PgConn};
use super::notices::Notices;
use super::pool::{Loan, Pool, Spot, open};
use super::target::Target;
use crate::DbError;
use crate::keep::Keep;
use crate::migrate::{self, Plan};
use crate::sqlite::{Owner, same_owner};

/// Attempts while somebody else is connected to the template.
const ATTEMPTS: u32 = 10;
/// The longest that making or migrating a database may take.
const MAKING: Duration = Duration::from_mins(10);

/// A server and what this process holds of it.
pub(crate) struct Server {
    cluster: Arc<str>,
    target: Target,
    pub(super) control: String,
    limits: Limits,
    pub(crate) tenant_pool: Arc<Pool>,
    admin: Arc<Semaphore>,
    pub(super) keep: Keep,
    pub(super) template: Mutex<Option<String>>,
    pub(super) kernel: Kernel,
    /// No more new tenants than so many, about.
    pub(crate) max_tenants: i64,
}

impl Server {
    pub(crate) fn new(
        cluster: Arc<str>,
        (target, control): (Target, String),
        max_tenants: i64,
        limits: Limits,
        tenant_pool: Arc<Pool>,
        keep: Keep,
        kernel: Kernel,
    ) -> Self {
        Self {
            cluster,
            target,
            control,
            limits,
            tenant_pool,
            admin: Arc::new(Semaphore::new(1)),
            keep,
            template: Mutex::new(None),
            kernel,
            max_tenants,
        }
    }

    /// A database of this server.
    pub(crate) fn spot(&self, database: &str) -> Spot {
        Spot {
            cluster: Arc::clone(&self.cluster),
            database: database.into(),
        }
    }

    pub(crate) fn control(&self) -> &str {
        &self.control
    }

    /// Listens on the control database. `None` behind a pooler in transaction mode, which hands no notices on, unless
    /// there is an address without it.
    pub(crate) async fn notices(&self, channel: &'static str) -> Result<Option<Notices>, DbError> {
        let Some((config, tls)) = self.target.heard() else {
            return Ok(None);
        };
        let notices = Notices::listen(config, tls, &self.control, channel).await;
        notices.map(Some)
    }

    /// The name of the database of a tenant's life. Later ones are named in base 32, because their
    /// number has to fit beside the id.
    pub(crate) fn name(&self, id: TenantId, incarnation: i64) -> String {
        if incarnation == 1 {
            return format!("{}_t_{}", self.control, id.uuid().simple());
        }
        let (mut rest, mut digits) = (id.uuid().as_u128(), Vec::new());
        for _ in 0..26 {
            // Below 32, so it is a digit.
            let digit = (rest % 32) as u32;
            digits.push(char::from_digit(digit, 32).unwrap_or('0'));
            rest /= 32;
        }
        let digits: String = digits.into_iter().rev().collect();
        format!("{}_r{incarnation}_{digits}", self.control)
    }

    /// Makes the control database if it is missing and brings it to the plan.
    pub(crate) async fn open_control(&self, plan: &Plan) -> Result<usize, DbError> {
        let conn = self.open_base().await?;
        within(self.limits.transaction, check_collation(&conn)).await?;
        let now = self.kernel.now();
        let mut conn = within(MAKING, self.keep_before(conn, "control", plan)).await?;
        within(MAKING, migrate::on_postgres(&mut conn, plan, now)).await
    }

    /// A connection to the control database as it is; `None` when it is not there.
    pub(crate) async fn look_at_control(&self) -> Result<Option<PgConn>, DbError> {
        if self.target.transaction_pooler && !self.is_there().await? {
            return Ok(None);
        }
        match self.admin(&self.control).await {
            Ok(conn) => Ok(Some(conn)),
            Err(DbError::Unavailable(why)) => {
                let outside = self.admin("postgres").await?;
                if exists(&outside, &self.control).await? {
                    Err(DbError::Unavailable(why))
                } else {
                    Ok(None)
                }
            }
            Err(error) => Err(error),
        }
    }

    /// A connection to the database of the URL, which is made if it is missing.
    pub(crate) async fn open_base(&self) -> Result<PgConn, DbError> {
        if self.target.transaction_pooler && !self.is_there().await? {
            let mut outside = self.admin("postgres").await?;
            there_already(create(&mut outside, &self.control).await)?;
        }
        match self.admin(&self.control).await {
            Ok(conn) => Ok(conn),
            Err(DbError::Unavailable(_)) => {
                let mut outside = self.admin("postgres").await?;
                if !exists(&outside, &self.control).await? {
                    there_already(create(&mut outside, &self.control).await)?;
                }
                drop(outside);
                self.admin(&self.control).await
            }
            Err(error) => Err(error),
        }
    }

    /// Whether there is a control database, asked from beside it: a pooler that was once sent to one that is not there
    /// refuses it for a while, even when it was made meanwhile.
    async fn is_there(&self) -> Result<bool, DbError> {
        let outside = self.admin("postgres").await?;
        exists(&outside, &self.control).await
    }

    /// Makes no more databases.
    pub(crate) fn close(&self) {
        self.admin.close();
    }

    /// Checks whose database this is and brings it to the plan.
    pub(crate) async fn open_tenant(
        &self,
        database: &str,
        owner: Owner,
        plan: &Plan,
    ) -> Result<usize, DbError> {
        let spot = self.spot(database);
        loop {
            let Loan {
                conn,
                place,
                reused,
            } = self.tenant_pool.take(&spot).await?;
            match within(self.limits.transaction, check_owner(&conn, owner)).await {
                Ok(()) => {}
                // It died, or fell silent, while it lay idle.
                Err(DbError::Unavailable(_)) if reused => {
                    self.tenant_pool.forget(Some(&spot));
                    continue;
                }
                Err(error) => return Err(error),
            }
            let now = self.kernel.now();
            let mut conn = within(MAKING, self.keep_before(conn, database, plan)).await?;
            let count = within(MAKING, migrate::on_postgres(&mut conn, plan, now)).await?;
            self.tenant_pool.put(conn, place);
            return Ok(count);
        }
    }

    /// Makes a tenant's database; one that is there already must belong to the same owner.
    pub(crate) async fn provision(
        &self,
        owner: Owner,
        slug: &Slug,
        plan: &Plan,
    ) -> Result<String, DbError> {
        within(MAKING, self.make(owner, slug, plan)).await
    }

    async fn make(&self, owner: Owner, slug: &Slug, plan: &Plan) -> Result<String, DbError> {
        let name = self.name(owner.tenant, owner.incarnation);
        let template = self.template(plan).await?;
        self.copy(&template, &name).await?;
        let Loan {
            mut conn, place, ..
        } = self.tenant_pool.take(&self.spot(&name)).await?;
        let now = self.kernel.now();
        conn.raw_execute(
            "INSERT INTO _meta (one, tenant_id, slug, incarnation, created_at) \
             VALUES (1, $1, $2, $3, $4) ON CONFLICT DO NOTHING",
            &[
                (&owner.tenant.to_string(), Type::TEXT),
                (&slug.as_str(), Type::TEXT),
                (&owner.incarnation, Type::INT8),
                (&now.as_micros(), Type::INT8),
            ],
        )
        .await?;
        check_owner(&conn, owner).await?;
        migrate::on_postgres(&mut conn, plan, now).await?;
        self.tenant_pool.put(conn, place);
        Ok(name)
    }

    async fn copy(&self, template: &str, name: &str) -> Result<(), DbError> {
        let conn = self.admin(&self.control).await?;
        if exists(&conn, name).await? {
            return Ok(());
        }
        let text = format!(
            "CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log",
            quoted(name),
            quoted(template)
        );
        for _ in 0..ATTEMPTS {
            match conn.raw_batch(&text).await {
                Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => {
                    tokio::time::sleep(Duration::from_millis(20 + self.kernel.below(200))).await;
                }
                outcome => return there_already(outcome),
            }
        }
        Err(DbError::Busy("the template database is in use".to_owned()))
    }

    /// A connection outside the pools, one at a time, without time limits.
    pub(super) async fn admin(&self, database: &str) -> Result<PgConn, DbError> {
        let permit = Arc::clone(&self.admin)
            .acquire_owned()
            .await
            .map_err(|_| DbError::Unavailable("the databases are closing".to_owned()))?;
        let mut conn = open(&self.target, database, self.limits, permit).await?;
        if conn.is_pooled() {
            // It has none, and whoever has the server's side next would have these.
            return Ok(conn);
        }
        conn.batch(
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
             SET lock_timeout = '60s'",
        )
        .await?;
        Ok(conn)
    }
}

/// A network that went away says nothing, so every wait for a server has an end.
async fn within<T>(
    patience: Duration,
    asked: impl Future<Output = Result<T, DbError>>,
) -> Result<T, DbError> {
    tokio::time::timeout(patience, asked)
        .await
        .unwrap_or_else(|_| {
            Err(DbError::Unavailable(
                "the server does not answer".to_owned(),
            ))
        })
}

pub(super) async fn create(conn: &mut PgConn, name: &str) -> Result<(), tokio_postgres::Error> {
    conn.raw_batch(&format!(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
        quoted(name)
    ))
    .await
}

pub(super) async fn exists(conn: &PgConn, name: &str) -> Result<bool, DbError> {
    let rows = conn
        .raw_query(
            "SELECT 1 FROM pg_database WHERE datname = $1",
            &[(&name, Type::TEXT)],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Order and comparison of text must be that of bytes, as on SQLite.
async fn check_collation(conn: &PgConn) -> Result<(), DbError> {
    let rows = conn
        .raw_query(
            "SELECT datcollate, pg_encoding_to_char(encoding)::text FROM pg_database \
             WHERE datname = current_database()",
            &[],
        )
        .await?;
    let Some(row) = rows.first() else {
        return Err(DbError::Other(
            "the database does not know itself".to_owned(),
        ));
    };
    let (collation, encoding): (String, String) = (row.get(0), row.get(1));
    if matches!(collation.as_str(), "C" | "POSIX" | "C.UTF-8" | "C.utf8") && encoding == "UTF8" {
        return Ok(());
    }
    Err(DbError::Config(format!(
        "the control database has collation {collation} and encoding {encoding}, needed are C and \
         UTF8: create it with TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C', or \
         let gantry create it"
    )))
}

async fn check_owner(conn: &PgConn, owner: Owner) -> Result<(), DbError> {
    let rows = conn
        .raw_query("SELECT tenant_id, incarnation FROM _meta", &[])
        .await?;
    same_owner(owner, rows.first().map(|row| (row.get(0), row.get(1))))
}

/// Takes a database of the wanted name for success. One that another session is just making, perhaps
/// for a process that died meanwhile, is waited for by the server and then reported as a violation of
/// the catalogue's unique index, because it was not visible yet when the statement began.
pub(super) fn there_already(outcome: Result<(), tokio_postgres::Error>) -> Result<(), DbError> {
    match outcome {
        Err(error)
            if matches!(
                error.code(),
                Some(&SqlState::DUPLICATE_DATABASE | &SqlState::UNIQUE_VIOLATION)
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(super::error::failure(&error)),
        Ok(()) => Ok(()),
    }
}

/// A name as an SQL identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

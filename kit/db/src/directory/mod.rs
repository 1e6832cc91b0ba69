//! The directory of tenants in control: who exists, in which state, and where the database is.
//!
//! The addresses are this crate's business, so the table is too; any module that works in control
//! may join it. `version` counts the changes a person makes and guards them; what Gantry itself
//! records (address, schema version) leaves it alone.

mod fleet;

use std::fmt;
use std::str::FromStr;

use gantry_kernel::{Slug, TenantId, Timestamp};

use crate::{ControlTx, DbError, Migrations, Tx, args, from_row, migrations, sql, text_value};

pub use fleet::{Activity, Laggard, SchemaProgress, activity, count_by_home, laggards, release};
pub(crate) use fleet::{
    Address, catch_up, count_by_cluster, fall_behind, give_up_life, is_at, move_to, outdated,
    place, progress, set_address,
};

pub(crate) const MIGRATIONS: Migrations = migrations! {
    module: "db",
    control: ["0001_tenants", "0002_retired_slugs", "0003_fleet", "0004_given_up"],
    tenant: ["0001_meta"],
};

/// What may be done with a tenant.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TenantState {
    /// Its database is being made.
    Provisioning,
    /// In use.
    Active,
    /// Readable only.
    Suspended,
    /// Closed to everybody; kept until its grace period ends.
    Closed,
    /// Its database could not be made; see the reason.
    Failed,
}

impl TenantState {
    /// The word stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for TenantState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not a tenant state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a tenant state")]
pub struct NotAState;

impl FromStr for TenantState {
    type Err = NotAState;
    fn from_str(word: &str) -> Result<Self, NotAState> {
        match word {
            "provisioning" => Ok(Self::Provisioning),
            "active" => Ok(Self::Active),
            "suspended" => Ok(Self::Suspended),
            "closed" => Ok(Self::Closed),
            "failed" => Ok(Self::Failed),
            _ => Err(NotAState),
        }
    }
}

text_value!(TenantState);

/// A row of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id, for ever.
    pub id: TenantId,
    /// Its name in addresses; unique, may change.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// What may be done with it.
    pub state: TenantState,
    /// Why it is suspended, closed or failed.
    pub reason: Option<String>,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// The server that has its database; empty until one is chosen.
    pub cluster: String,
    /// The file below `tenants/` or the database on the server; empty until it exists.
    pub database: String,
    /// The schema inside the database; empty is the default one.
    pub schema_name: String,
    /// The life of the tenant its database must hold; starts at 1.
    pub incarnation: i64,
    /// How many numbers after that are used up by lives that came to nothing.
    pub given_up: i64,
    /// How many tenant migrations its database was last seen with.
    pub schema_version: i64,
    /// Counts changes, for `If-Match`; starts at 1.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Tenant {
    /// The number of its next life.
    pub(crate) const fn next_life(&self) -> i64 {
        self.incarnation + self.given_up + 1
    }
}

from_row!(Tenant {
    id,
    slug,
    name,
    state,
    reason,
    engine,
    cluster,
    database,
    schema_name,
    incarnation,
    given_up,
    schema_version,
    version,
    created_at,
    updated_at,
});

/// The columns of [`Tenant`] by name: a `*` would be prepared as other columns after the next
/// program has added one.
macro_rules! columns {
    () => {
        "id, slug, name, state, reason, engine, cluster, database, schema_name, incarnation, given_up, \
         schema_version, version, created_at, updated_at"
    };
}

/// Adds a tenant in state `provisioning`, without a database yet. A slug that is taken, or was
/// another's once, is [`DbError::Unique`] on `tenants`, `slug`.
pub async fn insert(
    tx: &mut ControlTx,
    id: TenantId,
    slug: &Slug,
    name: &str,
) -> Result<Tenant, DbError> {
    insert_if_free(tx, id, slug, name).await?.ok_or_else(taken)
}

/// As [`insert`], but a slug that is not free is `None`.
pub async fn insert_if_free(
    tx: &mut ControlTx,
    id: TenantId,
    slug: &Slug,
    name: &str,
) -> Result<Option<Tenant>, DbError> {
    if retired_by(tx, slug).await?.is_some() {
        return Ok(None);
    }
    let (engine, now) = (tx.engine().name(), tx.now());
    tx.opt(
        sql!(concat!(
            "INSERT INTO tenants (id, slug, name, state, engine, cluster, database, schema_name, \
             incarnation, schema_version, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, '', '', '', 1, 0, 1, $6, $6) \
             ON CONFLICT (slug) DO NOTHING RETURNING ",
            columns!()
        )),
        &args![id, slug, name, TenantState::Provisioning, engine, now],
    )
    .await
}

fn taken() -> DbError {
    DbError::Unique {
        table: "tenants".to_owned(),
        columns: vec!["slug".to_owned()],
    }
}

/// The tenant that had this slug before it was renamed.
async fn retired_by(tx: &mut Tx, slug: &Slug) -> Result<Option<TenantId>, DbError> {
    let found: Option<(TenantId,)> = tx
        .opt(
            sql!("SELECT tenant_id FROM retired_slugs WHERE slug = $1"),
            &args![slug],
        )
        .await?;
    Ok(found.map(|(tenant,)| tenant))
}

/// The tenant with this id.
pub async fn by_id(tx: &mut Tx, id: TenantId) -> Result<Option<Tenant>, DbError> {
    tx.opt(
        sql!(concat!(
            "SELECT ",
            columns!(),
            " FROM tenants WHERE id = $1"
        )),
        &args![id],
    )
    .await
}

/// The tenant with this slug.
pub async fn by_slug(tx: &mut Tx, slug: &Slug) -> Result<Option<Tenant>, DbError> {
    tx.opt(
        sql!(concat!(
            "SELECT ",
            columns!(),
            " FROM tenants WHERE slug = $1"
        )),
        &args![slug],
    )
    .await
}

/// Tenants by id, oldest first: those after `after`, in `state` if one is given.
pub async fn list(
    tx: &mut Tx,
    state: Option<TenantState>,
    after: Option<TenantId>,
    limit: i64,
) -> Result<Vec<Tenant>, DbError> {
    tx.all(
        sql!(concat!(
            "SELECT ",
            columns!(),
            " FROM tenants WHERE (cast($1 as text) IS NULL OR state = $1) \
             AND (cast($2 as text) IS NULL OR id > $2) ORDER BY id LIMIT $3"
        )),
        &args![state, after, limit],
    )
    .await
}

/// How many tenants are in each state.
pub async fn count(tx: &mut Tx) -> Result<Vec<(TenantState, i64)>, DbError> {
    tx.all(
        sql!("SELECT state, count(*) FROM tenants GROUP BY state ORDER BY state"),
        &args![],
    )
    .await
}

/// Moves a tenant to a state, whatever it was in; `Ok(None)` when there is no such tenant.
pub async fn set_state(
    tx: &mut ControlTx,
    id: TenantId,
    state: TenantState,
    reason: Option<&str>,
) -> Result<Option<Tenant>, DbError> {
    let now = tx.now();
    tx.opt(
        sql!(concat!(
            "UPDATE tenants SET state = $2, reason = $3, version = version + 1, updated_at = $4 \
             WHERE id = $1 RETURNING ",
            columns!()
        )),
        &args![id, state, reason, now],
    )
    .await
}

/// Changes name and slug of the version that was read; [`DbError::Stale`] when it has changed
/// since, [`DbError::NoRow`] when there is no such tenant. The old slug stays the tenant's for ever:
/// it may come back to it, and to nobody else.
pub async fn rename(
    tx: &mut ControlTx,
    id: TenantId,
    version: i64,
    slug: &Slug,
    name: &str,
) -> Result<Tenant, DbError> {
    let old = by_id(tx, id).await?.ok_or(DbError::NoRow)?;
    if old.version != version {
        return Err(DbError::Stale);
    }
    if old.slug != *slug {
        if retired_by(tx, slug).await?.is_some_and(|owner| owner != id) {
            return Err(taken());
        }
        retire(tx, &old).await?;
    }
    let now = tx.now();
    tx.one(
        sql!(concat!(
            "UPDATE tenants SET slug = $3, name = $4, version = version + 1, updated_at = $5 \
             WHERE id = $1 AND version = $2 RETURNING ",
            columns!()
        )),
        &args![id, version, slug, name, now],
    )
    .await
}

async fn retire(tx: &mut ControlTx, tenant: &Tenant) -> Result<(), DbError> {
    let now = tx.now();
    tx.execute(
        sql!(
            "INSERT INTO retired_slugs (slug, tenant_id, retired_at) VALUES ($1, $2, $3) \
             ON CONFLICT (slug) DO UPDATE SET retired_at = excluded.retired_at"
        ),
        &args![tenant.slug, tenant.id, now],
    )
    .await
    .map(drop)
}

/// Begins a new life of a tenant (after a restore): its database must carry the new number.
pub async fn next_incarnation(tx: &mut ControlTx, id: TenantId) -> Result<i64, DbError> {
    let now = tx.now();
    let (incarnation,) = tx
        .one(
            sql!(
                "UPDATE tenants SET incarnation = incarnation + given_up + 1, given_up = 0, \
                 version = version + 1, updated_at = $2 WHERE id = $1 RETURNING incarnation"
            ),
            &args![id, now],
        )
        .await?;
    Ok(incarnation)
}

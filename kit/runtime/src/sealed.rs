//! The columns that hold sealed values, which master keys they need, and how they get to the present one.
//!
//! Every module names its columns in its manifest; a test of the whole binary compares them with the schema.

mod place;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use gantry_audit::chain::SealKeys;
use gantry_db::{ControlDb, ControlTx, DbError, Sql, TenantState, Tenants, directory};
use gantry_kernel::crypto::{Keyring, SealError, master_key_of};
use gantry_kernel::{Kernel, TenantId};

use crate::master_key;
use place::{Place, Value};

/// Tenants read at once.
const PAGE: i64 = 50;

/// What signatures at the end of an audit log, and at its anchor, are counted as.
const SEALS: &str = "audit_seals";

/// A column of sealed values; made by [`sealed_column!`](crate::sealed_column).
#[derive(Clone, Copy, Debug)]
pub struct SealedColumn {
    /// Its table.
    pub table: &'static str,
    /// Its name, which begins with `sealed_`.
    pub column: &'static str,
    page: Sql,
    replace: Sql,
}

impl SealedColumn {
    #[doc(hidden)]
    pub const fn new(table: &'static str, column: &'static str, page: Sql, replace: Sql) -> Self {
        Self {
            table,
            column,
            page,
            replace,
        }
    }
}

impl fmt::Display for SealedColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

/// Declares a column of sealed values for [`Manifest::sealed`](crate::Manifest): its table, the text column that is the
/// table's primary key, and the column itself.
#[macro_export]
macro_rules! sealed_column {
    ($table:literal, $key:literal, $column:literal) => {
        $crate::SealedColumn::new(
            $table,
            $column,
            ::gantry_db::sql!(::std::concat!(
                "select ",
                $key,
                " as key, ",
                $column,
                " as sealed from ",
                $table,
                " where ",
                $key,
                " > $1 and ",
                $column,
                " is not null order by ",
                $key,
                " limit 100"
            )),
            ::gantry_db::sql!(::std::concat!(
                "update ",
                $table,
                " set ",
                $column,
                " = $3 where ",
                $key,
                " = $1 and ",
                $column,
                " = $2"
            )),
        )
    };
}

/// The sealed columns of a binary.
#[derive(Clone, Debug, Default)]
pub struct SealedColumns {
    /// In control.
    pub control: Vec<SealedColumn>,
    /// In every tenant's database.
    pub tenant: Vec<SealedColumn>,
}

/// How many values of a column are sealed under which master key, by column name and key id; under `audit_seals`, how many
/// ends of audit logs can only be checked with it.
pub type Uses = BTreeMap<(String, String), u64>;

/// Where sealed values stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What is sealed under what.
    pub uses: Uses,
    /// Tenants whose database could not be read, and why; their values are not in `uses`.
    pub failed: Vec<(TenantId, String)>,
}

impl Report {
    /// How many values need this key.
    pub fn needing(&self, key_id: &str) -> u64 {
        let of_key = self.uses.iter().filter(|((_, id), _)| id == key_id);
        of_key.map(|(_, count)| count).sum()
    }
}

/// What a pass over all sealed values did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrapped {
    /// Values that are under the present key now and were not before, by column.
    pub moved: BTreeMap<String, u64>,
    /// Where everything stands after it.
    pub report: Report,
    /// Keys that nothing needs any more: they may be removed from the configuration.
    pub retired: Vec<String>,
}

/// Why the sealed values could not be looked at or moved.
#[derive(Debug, thiserror::Error)]
pub enum RewrapError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// One value is not what it should be.
    #[error(
        "{column} of {key:?} cannot be opened: {source}; nothing else in its batch was changed"
    )]
    Value {
        /// The column.
        column: String,
        /// The row's primary key.
        key: String,
        /// Why.
        source: SealError,
    },
}

/// The master keys at work on what is stored.
#[derive(Clone)]
pub struct MasterKeys {
    kernel: Kernel,
    control: ControlDb,
    tenants: Tenants,
    keyring: Arc<Keyring>,
    columns: SealedColumns,
}

impl MasterKeys {
    pub(crate) fn new(
        kernel: Kernel,
        control: ControlDb,
        tenants: Tenants,
        keyring: Arc<Keyring>,
        columns: SealedColumns,
    ) -> Self {
        Self {
            kernel,
            control,
            tenants,
            keyring,
            columns,
        }
    }

    /// The ids of the keys that are configured, the one that seals first.
    pub fn ids(&self) -> Vec<String> {
        self.keyring.ids().map(str::to_owned).collect()
    }

    /// The ids of the keys that a start needs, oldest first.
    pub async fn needed(&self) -> Result<Vec<String>, DbError> {
        let load = async |tx: &mut ControlTx| master_key::load(tx).await;
        let proofs = self.control.read(load).await?;
        Ok(proofs.into_iter().map(|proof| proof.key_id).collect())
    }

    /// Reads every sealed value's header, and under which keys the ends of the audit logs are signed.
    pub async fn report(&self) -> Result<Report, RewrapError> {
        let mut report = Report::default();
        let control = Place::Control(self.control.clone());
        self.count(&control, &self.columns.control, &mut report.uses)
            .await?;
        self.each_tenant(&mut report, async |tenant, report| {
            self.count(&tenant, &self.columns.tenant, &mut report.uses)
                .await
        })
        .await?;
        Ok(report)
    }

    fn seals(&self) -> SealKeys {
        SealKeys::new(Arc::clone(&self.keyring))
    }

    /// Seals everything under the present key, in transactions of at most 100 values, beside a running server. What an
    /// interrupted run has done stays done, and the next one goes on. At the end keys that nothing needs are retired.
    pub async fn rewrap(&self) -> Result<Rewrapped, RewrapError> {
        let mut moved = BTreeMap::new();
        let control = Place::Control(self.control.clone());
        self.move_all(&control, &self.columns.control, &mut moved)
            .await?;
        self.each_tenant(&mut Report::default(), async |tenant, _| {
            self.move_all(&tenant, &self.columns.tenant, &mut moved)
                .await
        })
        .await?;
        // Counted anew: a process that was not restarted with the present key may have sealed meanwhile.
        let report = self.report().await?;
        let mut retired = Vec::new();
        for id in self.needed().await? {
            let over = id != self.keyring.current()
                && report.needing(&id) == 0
                && report.failed.is_empty();
            if over {
                retired.push(id);
            }
        }
        let gone = retired.clone();
        self.control
            .write(async move |tx: &mut ControlTx| {
                for id in &gone {
                    master_key::retire(tx, id).await?;
                }
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(Rewrapped {
            moved,
            report,
            retired,
        })
    }

    async fn count(
        &self,
        place: &Place,
        columns: &[SealedColumn],
        uses: &mut Uses,
    ) -> Result<(), RewrapError> {
        for column in columns {
            let mut after = String::new();
            loop {
                let page = place.page(*column, &after).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.key);
                for value in &page {
                    let id = master_key_of(&value.sealed)
                        .map_err(|source| refused(*column, value, source))?;
                    *uses.entry((column.to_string(), id.to_owned())).or_default() += 1;
                }
            }
        }
        for id in place.older_seals(self.seals()).await? {
            *uses.entry((SEALS.to_owned(), id)).or_default() += 1;
        }
        Ok(())
    }

    async fn move_all(
        &self,
        place: &Place,
        columns: &[SealedColumn],
        moved: &mut BTreeMap<String, u64>,
    ) -> Result<(), RewrapError> {
        for column in columns {
            *moved.entry(column.to_string()).or_default() +=
                self.move_column(place, *column).await?;
        }
        *moved.entry(SEALS.to_owned()).or_default() += place.countersign(self.seals()).await?;
        Ok(())
    }

    async fn move_column(&self, place: &Place, column: SealedColumn) -> Result<u64, RewrapError> {
        let (mut moved, mut after) = (0, String::new());
        loop {
            let page = place.page(column, &after).await?;
            let Some(last) = page.last() else {
                return Ok(moved);
            };
            after.clone_from(&last.key);
            let mut changes = Vec::new();
            for value in page {
                let fresh = self
                    .keyring
                    .rewrap(&*self.kernel.entropy, &value.sealed)
                    .map_err(|source| refused(column, &value, source))?;
                changes.extend(fresh.map(|fresh| (value, fresh)));
            }
            if !changes.is_empty() {
                moved += place.replace(column, changes).await?;
            }
        }
    }

    /// Goes through all tenants that have a database. One that cannot be read is noted and does not stop the others.
    async fn each_tenant(
        &self,
        report: &mut Report,
        mut work: impl AsyncFnMut(Place, &mut Report) -> Result<(), RewrapError>,
    ) -> Result<(), RewrapError> {
        let mut after = None;
        loop {
            let read = async move |tx: &mut ControlTx| directory::list(tx, None, after, PAGE).await;
            let page = self.control.read(read).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            for tenant in page {
                // These have no database yet, or none that was ever used, or none any more. Whoever is in use and
                // has none is a fault that keeps the old key.
                let unused = match tenant.state {
                    TenantState::Provisioning | TenantState::Failed => true,
                    TenantState::Closed => tenant.database.is_empty(),
                    TenantState::Active | TenantState::Suspended => false,
                };
                if unused {
                    continue;
                }
                let done = match self.tenants.get(tenant.id).await {
                    Ok(db) => work(Place::Tenant(db), report).await,
                    Err(error) => Err(error.into()),
                };
                match done {
                    Err(RewrapError::Db(error)) => {
                        report.failed.push((tenant.id, error.to_string()));
                    }
                    done => done?,
                }
            }
        }
    }
}

fn refused(column: SealedColumn, value: &Value, source: SealError) -> RewrapError {
    RewrapError::Value {
        column: column.to_string(),
        key: value.key.clone(),
        source,
    }
}

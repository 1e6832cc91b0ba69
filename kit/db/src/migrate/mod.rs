//! Schemas: each module brings numbered SQL files, written once for both engines.
//!
//! A migration is known by module, number and the checksum of its source; one that was applied may
//! never change. Databases only move forward, and a binary accepts migrations it does not know
//! (a newer binary's) unless one carries the line `-- breaking` at its head, so the previous
//! binary keeps running on the next schema.

mod ddl;
mod run;
mod shape;
mod steps;

use gantry_kernel::crypto::sha256_hex;

pub(crate) use run::{on_postgres, on_sqlite, postgres_applied, sqlite_applied};
pub use shape::{ColumnShape, ReferenceShape, TableShape};
pub use steps::SchemaStep;

use crate::{DbError, Engine};

/// One numbered file. Made by [`migrations!`](crate::migrations).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The leading number of the file's name.
    pub number: i64,
    /// The file's name without `.sql`.
    pub name: &'static str,
    /// The SQL, with placeholders for column types and, rarely, blocks for one engine.
    pub source: &'static str,
}

impl Migration {
    /// From a file's name such as `0001_students` and its text.
    ///
    /// # Panics
    ///
    /// While compiling, when the name does not start with its number.
    pub const fn new(name: &'static str, source: &'static str) -> Self {
        let bytes = name.as_bytes();
        let mut number = 0;
        let mut at = 0;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            number = number * 10 + (bytes[at] - b'0') as i64;
            at += 1;
        }
        assert!(
            number > 0,
            "a migration's name starts with its number, as in 0001_students"
        );
        Self {
            number,
            name,
            source,
        }
    }
}

impl Migration {
    /// A comment line `-- breaking` at the head of the file.
    fn breaking(&self) -> bool {
        self.source
            .lines()
            .take_while(|line| line.starts_with("--"))
            .any(|line| line.trim_start_matches('-').trim() == "breaking")
    }
}

/// A module's migrations for both kinds of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// The module's name; never changes once released.
    pub module: &'static str,
    /// For the control database, in order.
    pub control: &'static [Migration],
    /// For every tenant's database, in order.
    pub tenant: &'static [Migration],
}

impl Migrations {
    /// A module without tables.
    pub const fn none(module: &'static str) -> Self {
        Self {
            module,
            control: &[],
            tenant: &[],
        }
    }
}

/// The module name of a package: `gantry-spaces` is `spaces`.
#[doc(hidden)]
pub const fn module_of(package: &'static str) -> &'static str {
    const PREFIX: &[u8] = b"gantry-";
    let bytes = package.as_bytes();
    let mut at = 0;
    while at < PREFIX.len() {
        if at >= bytes.len() || bytes[at] != PREFIX[at] {
            return package;
        }
        at += 1;
    }
    package.split_at(PREFIX.len()).1
}

/// Includes a crate's migration files from `migrations/control` and `migrations/tenant`:
/// `migrations! { module: "spaces", control: [], tenant: ["0001_students"] }`. Without `module`
/// the name is the package's without `gantry-`.
#[macro_export]
macro_rules! migrations {
    (control: [$($c:literal),* $(,)?], tenant: [$($t:literal),* $(,)?] $(,)?) => {
        $crate::migrations! {
            module: $crate::__private::module_of(::std::env!("CARGO_PKG_NAME")),
            control: [$($c),*],
            tenant: [$($t),*],
        }
    };
    (
        module: $module:expr,
        control: [$($c:literal),* $(,)?],
        tenant: [$($t:literal),* $(,)?] $(,)?
    ) => {
        $crate::Migrations {
            module: $module,
            control: &[$($crate::Migration::new($c, ::std::include_str!(::std::concat!(
                ::std::env!("CARGO_MANIFEST_DIR"), "/migrations/control/", $c, ".sql"
            )))),*],
            tenant: &[$($crate::Migration::new($t, ::std::include_str!(::std::concat!(
                ::std::env!("CARGO_MANIFEST_DIR"), "/migrations/tenant/", $t, ".sql"
            )))),*],
        }
    };
}

/// The migrations of all modules, kit/db's own first, in the order in which they run.
#[derive(Clone, Debug)]
pub struct MigrationSet {
    control: Plan,
    tenant: Plan,
}

impl MigrationSet {
    /// Checks numbers and names. The order of `modules` is the order of application, so a module
    /// comes after those whose tables it refers to.
    pub fn new(modules: impl IntoIterator<Item = Migrations>) -> Result<Self, DbError> {
        let mut set = Self {
            control: Plan::default(),
            tenant: Plan::default(),
        };
        let mut names = std::collections::BTreeSet::new();
        for module in std::iter::once(crate::directory::MIGRATIONS).chain(modules) {
            if !names.insert(module.module) {
                return Err(DbError::Migration(format!(
                    "two modules are called {}",
                    module.module
                )));
            }
            set.control.add(module.module, module.control)?;
            set.tenant.add(module.module, module.tenant)?;
        }
        Ok(set)
    }

    pub(crate) const fn control(&self) -> &Plan {
        &self.control
    }

    pub(crate) const fn tenant(&self) -> &Plan {
        &self.tenant
    }
}

/// The migrations of one kind of database, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    module: &'static str,
    migration: Migration,
    checksum: String,
    breaking: bool,
}

/// A row of `_migrations`.
pub(crate) struct Applied {
    module: String,
    number: i64,
    name: String,
    checksum: String,
    breaking: bool,
}

impl Plan {
    fn add(
        &mut self,
        module: &'static str,
        migrations: &'static [Migration],
    ) -> Result<(), DbError> {
        let mut last = 0;
        for migration in migrations {
            if migration.number <= last {
                return Err(DbError::Migration(format!(
                    "{module}/{} does not follow number {last}",
                    migration.name
                )));
            }
            last = migration.number;
            self.steps.push(Step {
                module,
                migration: *migration,
                checksum: sha256_hex(migration.source.as_bytes()),
                breaking: migration.breaking(),
            });
        }
        Ok(())
    }

    /// How many migrations a database of this plan has: `tenants.schema_version`.
    pub(crate) fn version(&self) -> i64 {
        i64::try_from(self.steps.len()).unwrap_or(i64::MAX)
    }

    /// Names the schema on an engine, for templates: same text, same schema.
    pub(crate) fn fingerprint(&self, engine: Engine) -> String {
        let mut text = engine.name().to_owned();
        for step in &self.steps {
            text.extend([
                "\n",
                step.module,
                " ",
                step.migration.name,
                " ",
                &step.checksum,
            ]);
        }
        sha256_hex(text.as_bytes()).chars().take(16).collect()
    }

    /// Whether this plan changes a database that is in use already.
    pub(crate) fn changes(&self, applied: &[Applied]) -> Result<bool, DbError> {
        Ok(!applied.is_empty() && !self.pending(applied)?.is_empty())
    }

    /// The names of what is left to do, as `module/name`.
    pub(crate) fn pending_names(&self, applied: &[Applied]) -> Result<Vec<String>, DbError> {
        let pending = self.pending(applied)?.into_iter();
        Ok(pending
            .map(|step| format!("{}/{}", step.module, step.migration.name))
            .collect())
    }

    /// What is left to do, given what was applied.
    fn pending(&self, applied: &[Applied]) -> Result<Vec<&Step>, DbError> {
        for row in applied {
            let known = self
                .steps
                .iter()
                .find(|step| step.module == row.module && step.migration.number == row.number);
            match known {
                Some(step) if step.checksum != row.checksum => {
                    return Err(DbError::Migration(format!(
                        "{}/{} was applied with other contents than this program has; an applied \
                         migration must not change, add a new one",
                        step.module, step.migration.name
                    )));
                }
                None if row.breaking => {
                    return Err(DbError::Migration(format!(
                        "the database has {}/{}, which is marked breaking and unknown to this \
                         program; run the newer program",
                        row.module, row.name
                    )));
                }
                Some(_) | None => {}
            }
        }
        Ok(self
            .steps
            .iter()
            .filter(|step| {
                !applied
                    .iter()
                    .any(|row| row.module == step.module && row.number == step.migration.number)
            })
            .collect())
    }
}

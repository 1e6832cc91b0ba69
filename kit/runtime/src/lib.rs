//! How a process is put together: configuration, the module contract, start and stop.
//!
//! A module describes itself in a [`Manifest`] and is built once into [`Parts`]. The [`Registry`]
//! checks all manifests against each other (permissions, roles, sections, migrations) before any
//! database is opened; [`run`] does everything from there to the end of the process.

mod auditing;
pub mod catalogue;
pub mod config;
mod events;
mod listen;
pub mod logging;
pub mod master_key;
mod measured;
mod module;
mod process;
mod registry;
mod rehearse;
mod sealed;
mod settings;
mod stop;
mod stores;
mod upkeep;
mod vitals;

pub use catalogue::{Catalogue, CatalogueError, PermissionDecl, RoleDecl};
pub use config::{Config, ConfigError, ConfigSection, Remark};
pub use logging::{LevelError, LogControl, LogError, LogFormat, LogSettings};
pub use master_key::MasterKeyError;
pub use module::{
    BuildError, MailBook, Manifest, Module, Parts, PlatformBuild, PlatformModule, ProductBuild,
    ProductModule, StartHook,
};
pub use process::{Ended, Process, StartError, run};
pub use registry::{Registry, RegistryError};
pub use rehearse::{Surroundings, rehearse};
pub use sealed::{MasterKeys, Report, RewrapError, Rewrapped, SealedColumn, SealedColumns, Uses};
pub use settings::{
    AuditSettings, ClusterSettings, DatabaseSettings, JobsSettings, MetricsSettings,
    PostgresSettings, ServerSettings, SqliteSettings, TopSettings,
};
pub use stop::Stopper;
pub use stores::Stores;
pub use upkeep::TENANT_SWEEP;
pub use vitals::Telemetry;

/// Where a database shows work without a row in its queue: audit rows to chain, events to number. Whoever looks for due
/// work anew (after a restore or a move) asks all of them.
pub const PROBES: [gantry_jobs::Probe; 2] = [auditing::PROBE, events::PROBE];

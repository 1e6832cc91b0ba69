//! How a process is put together: configuration, the module contract, start and stop.
//!
//! A module describes itself in a [`Manifest`] and is built once into [`Parts`]. The [`Registry`]
//! checks all manifests against each other (permissions, roles, sections, migrations) before any
//! database is opened; [`run`] does everything from there to the end of the process.

mod auditing;
pub mod catalogue;
pub mod config;
mod listen;
pub mod logging;
pub mod master_key;
mod module;
mod process;
mod registry;
mod sealed;
mod settings;
mod stop;
mod stores;
mod upkeep;

pub use auditing::PROBE as AUDIT_PROBE;
pub use catalogue::{Catalogue, CatalogueError, PermissionDecl, RoleDecl};
pub use config::{Config, ConfigError, ConfigSection, Remark};
pub use logging::{LogFormat, LogSettings};
pub use master_key::MasterKeyError;
pub use module::{
    BuildError, MailBook, Manifest, Module, Parts, PlatformBuild, PlatformModule, ProductBuild,
    ProductModule, StartHook,
};
pub use process::{Ended, Process, StartError, run};
pub use registry::{Registry, RegistryError};
pub use sealed::{MasterKeys, Report, RewrapError, Rewrapped, SealedColumn, SealedColumns, Uses};
pub use settings::{
    AuditSettings, DatabaseSettings, JobsSettings, PostgresSettings, ServerSettings,
    SqliteSettings, TopSettings,
};
pub use stop::Stopper;
pub use stores::Stores;

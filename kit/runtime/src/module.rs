//! The module contract: what a module says about itself before anything runs, what it is given, and
//! what it hands over.

use std::fmt;
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_contracts::{Contracts, Limits, Slot, Units};
use gantry_db::{ControlDb, Migrations, Tenants};
use gantry_http::{Authority, HealthCheck, Routes};
use gantry_jobs::{JobKind, MailKind, Schedule};
use gantry_kernel::Kernel;
use gantry_kernel::crypto::Keyring;
use gantry_outbound::Outbound;

use crate::catalogue::{Catalogue, PermissionDecl, RoleDecl};
use crate::config::{Config, ConfigError, ConfigSection, Shown};
use crate::{SealedColumns, Telemetry};

/// What a module says about itself. Pure: it is asked for by commands that start nothing, such as
/// `gantry config example`.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The module's name: the prefix of its permissions, its part of paths, its section.
    pub name: &'static str,
    /// Names of the contracts it calls (`gantry_contracts::WORKSPACES`, ..).
    pub needs: &'static [&'static str],
    /// Its tables.
    pub migrations: Migrations,
    /// The permissions its routes check.
    pub permissions: Vec<PermissionDecl>,
    /// The roles every tenant, or the platform, has from the start because of it.
    pub roles: Vec<RoleDecl>,
    /// Its sections of the configuration.
    pub config: Vec<ConfigSection>,
    /// Its columns of sealed values, so that a change of the master key reaches them.
    pub sealed: SealedColumns,
}

impl Manifest {
    /// A module of this name that declares nothing yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            needs: &[],
            migrations: Migrations::none(name),
            permissions: Vec::new(),
            roles: Vec::new(),
            config: Vec::new(),
            sealed: SealedColumns::default(),
        }
    }
}

/// A module that every product needs: it may use the control database.
pub trait PlatformModule: Send {
    /// What it says about itself.
    fn manifest(&self) -> Manifest;
    /// Makes it. Pure wiring: databases are open, but reading them is for start hooks and requests.
    fn build(self: Box<Self>, cx: &PlatformBuild) -> Result<Parts, BuildError>;
}

/// A module people buy: it sees tenants' databases only.
pub trait ProductModule: Send {
    /// What it says about itself.
    fn manifest(&self) -> Manifest;
    /// Makes it.
    fn build(self: Box<Self>, cx: &ProductBuild) -> Result<Parts, BuildError>;
}

/// Either kind, for the one list of modules.
pub enum Module {
    /// See [`PlatformModule`].
    Platform(Box<dyn PlatformModule>),
    /// See [`ProductModule`].
    Product(Box<dyn ProductModule>),
}

impl Module {
    /// A platform module.
    pub fn platform(module: impl PlatformModule + 'static) -> Self {
        Self::Platform(Box::new(module))
    }

    /// A product module.
    pub fn product(module: impl ProductModule + 'static) -> Self {
        Self::Product(Box::new(module))
    }

    /// What it says about itself.
    pub fn manifest(&self) -> Manifest {
        match self {
            Self::Platform(module) => module.manifest(),
            Self::Product(module) => module.manifest(),
        }
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Module")
            .field(&self.manifest().name)
            .finish()
    }
}

/// What every module is given.
#[derive(Clone)]
pub struct ProductBuild {
    /// Time and randomness.
    pub kernel: Kernel,
    /// The tenants' databases.
    pub tenants: Tenants,
    /// The master keys, for sealing and for deriving keys by purpose.
    pub keyring: Arc<Keyring>,
    /// All permissions and built-in roles of the process.
    pub catalogue: Arc<Catalogue>,
    /// What a tenant may have; name `gantry_contracts::LIMITS` in the manifest's `needs` to call it.
    pub limits: Slot<dyn Limits>,
    /// Who measures something of its own joins it.
    pub metrics: gantry_telemetry::Registry,
    /// The address people use, without a trailing slash; for links.
    pub public_url: String,
    pub(crate) config: Arc<Config>,
}

impl ProductBuild {
    /// The module's section of the configuration, by the type and name it was declared with.
    pub fn section<C: Send + Sync + 'static>(
        &self,
        name: &'static str,
    ) -> Result<Arc<C>, ConfigError> {
        self.config.section(name)
    }
}

/// What a platform module is given besides: it derefs to [`ProductBuild`].
#[derive(Clone)]
pub struct PlatformBuild {
    pub(crate) common: ProductBuild,
    /// The control database.
    pub control: ControlDb,
    /// Who makes requests to addresses that people chose.
    pub outbound: Outbound,
    /// The slots of contracts: fill the ones the module provides, keep clones of those it calls.
    pub contracts: Contracts,
    /// The kinds of mail of all modules, known once all are built.
    pub mails: MailBook,
    /// What the process knows about itself.
    pub telemetry: Telemetry,
}

impl PlatformBuild {
    /// The whole configuration as people may see it: secrets are masked.
    pub fn shown_configuration(&self) -> Vec<Shown> {
        self.common.config.shown().collect()
    }
}

impl std::ops::Deref for PlatformBuild {
    type Target = ProductBuild;

    fn deref(&self) -> &ProductBuild {
        &self.common
    }
}

/// Every kind of mail any module sends. Filled after the last module was built, before anything runs.
#[derive(Clone, Debug, Default)]
pub struct MailBook(Arc<OnceLock<Vec<MailKind>>>);

impl MailBook {
    /// A kind by its name; `None` for mails of modules that are not here.
    pub fn get(&self, name: &str) -> Option<&MailKind> {
        self.all().iter().find(|kind| kind.name == name)
    }

    /// All kinds; none while modules are being built.
    pub fn all(&self) -> &[MailKind] {
        self.0.get().map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn fill(&self, kinds: Vec<MailKind>) {
        self.0.get_or_init(|| kinds);
    }
}

/// What a module hands over.
#[derive(Default)]
pub struct Parts {
    /// Its operations.
    pub routes: Routes,
    /// The jobs it does.
    pub jobs: Vec<JobKind>,
    /// The jobs it wants done again and again.
    pub schedules: Vec<Schedule>,
    /// The mails it sends.
    pub mails: Vec<MailKind>,
    /// What can be wrong with what it depends on.
    pub health: Vec<HealthCheck>,
    /// What must happen once per start, after all modules are built and before anybody can connect.
    pub start: Vec<StartHook>,
    /// Who recognises credentials; exactly one module of a process offers this.
    pub authority: Option<Arc<dyn Authority>>,
    /// Into which units it divides tenants, if it does; scopes of grants name them.
    pub units: Option<Arc<dyn Units>>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("routes", &self.routes)
            .field("jobs", &self.jobs)
            .field("start", &self.start)
            .field("authority", &self.authority.is_some())
            .finish_non_exhaustive()
    }
}

type Hook = dyn Fn() -> BoxFuture<'static, Result<Vec<String>, String>> + Send + Sync;

/// Work of one start, such as making the first signing key or the set-up link. Its lines are shown
/// to the person who starts Gantry (on standard error, never in the log); its error refuses the start.
#[derive(Clone)]
pub struct StartHook {
    pub(crate) name: &'static str,
    pub(crate) run: Arc<Hook>,
}

impl StartHook {
    /// A hook under a name for error messages.
    pub fn new<F, R>(name: &'static str, run: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Vec<String>, String>> + Send + 'static,
    {
        Self {
            name,
            run: Arc::new(move || run().boxed()),
        }
    }
}

impl fmt::Debug for StartHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StartHook").field(&self.name).finish()
    }
}

/// Why a module cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Its section is not what it expects.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It provides a contract that is already provided.
    #[error(transparent)]
    Contract(#[from] gantry_contracts::ProvidedTwice),
    /// A secret cannot be opened or sealed.
    #[error(transparent)]
    Seal(#[from] gantry_kernel::crypto::SealError),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl BuildError {
    /// Any other reason.
    pub fn other(reason: impl fmt::Display) -> Self {
        Self::Other(reason.to_string())
    }
}

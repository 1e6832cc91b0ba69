//! All modules of a process: what they declare is checked against each other before anything is
//! opened, and what they hand over is joined.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use gantry_contracts::Contracts;
use gantry_db::{DbError, MigrationSet, Migrations};
use gantry_http::{Authority, HealthCheck, Routes, Site};
use gantry_jobs::{JobKind, MailKind, Schedule};

use crate::catalogue::{Catalogue, CatalogueError};
use crate::config::{ConfigError, Model};
use crate::module::{BuildError, Manifest, Module, PlatformBuild, StartHook};
use crate::{SealedColumns, settings};

/// Why the modules of this binary cannot work together. Each is a defect of the binary or of what a
/// module was given, and refuses the start.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Two modules of one name.
    #[error("two modules are called {0:?}")]
    DuplicateModule(&'static str),
    /// Permissions and roles contradict each other.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Sections of the configuration collide.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Migrations collide.
    #[error(transparent)]
    Migrations(#[from] DbError),
    /// A module could not be built.
    #[error("module {module} cannot be built: {source}")]
    Build {
        /// Its name.
        module: &'static str,
        /// Why.
        source: BuildError,
    },
    /// A module panicked while it was built.
    #[error("module {module} panicked while it was built: {message}")]
    Panic {
        /// Its name.
        module: &'static str,
        /// What the panic said.
        message: String,
    },
    /// A need that nobody fills.
    #[error(
        "module {module} needs the contract {contract:?}, which no module of this process provides"
    )]
    NotProvided {
        /// Who needs it.
        module: &'static str,
        /// Its name.
        contract: &'static str,
    },
    /// A need that no contract is called.
    #[error(
        "module {module} needs the contract {contract:?}, and there is no contract of that name"
    )]
    NoSuchContract {
        /// Who needs it.
        module: &'static str,
        /// The name.
        contract: &'static str,
    },
    /// Two modules send mails of one name.
    #[error("two kinds of mail are called {0:?}")]
    DuplicateMail(&'static str),
    /// Nobody, or more than one module, recognises credentials.
    #[error("{0} modules recognise credentials; exactly one must")]
    Authority(usize),
}

/// The modules of a binary, checked.
#[derive(Debug)]
pub struct Registry {
    modules: Vec<(Manifest, Module)>,
    catalogue: Arc<Catalogue>,
    model: Model,
    migrations: MigrationSet,
    site: Site,
}

/// Everything the modules of a process hand over, joined.
pub(crate) struct Assembled {
    pub(crate) routes: Vec<Routes>,
    pub(crate) jobs: Vec<JobKind>,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) health: Vec<HealthCheck>,
    pub(crate) start: Vec<StartHook>,
    pub(crate) authority: Arc<dyn Authority>,
    pub(crate) site: Site,
}

impl Registry {
    /// Checks what the modules declare. Their order is the order in which they are migrated and
    /// built: a module comes after those whose tables its migrations refer to.
    pub fn new(modules: Vec<Module>) -> Result<Self, RegistryError> {
        let modules: Vec<(Manifest, Module)> = modules
            .into_iter()
            .map(|module| (module.manifest(), module))
            .collect();
        let mut names = BTreeSet::new();
        if let Some((twin, _)) = modules
            .iter()
            .find(|(manifest, _)| !names.insert(manifest.name))
        {
            return Err(RegistryError::DuplicateModule(twin.name));
        }
        let manifests = || modules.iter().map(|(manifest, _)| manifest);
        let declared: Vec<_> = manifests()
            .map(|manifest| {
                (
                    manifest.name,
                    manifest.permissions.clone(),
                    manifest.roles.clone(),
                )
            })
            .collect();
        let catalogue = Arc::new(Catalogue::build(&declared)?);
        let mut sections = settings::sections();
        sections.extend(manifests().flat_map(|manifest| manifest.config.clone()));
        let model = Model::new(sections)?;
        let own = manifests().map(|manifest| manifest.migrations);
        let migrations = MigrationSet::new(kit_migrations().into_iter().chain(own))?;
        Ok(Self {
            modules,
            catalogue,
            model,
            migrations,
            site: Site::default(),
        })
    }

    /// Adds the web interface that is served where no route is.
    #[must_use]
    pub fn with_site(mut self, site: Site) -> Self {
        self.site = site;
        self
    }

    /// Every section of the configuration.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Every permission and role.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Every table, in order.
    pub fn migrations(&self) -> &MigrationSet {
        &self.migrations
    }

    /// Every column of sealed values.
    pub fn sealed(&self) -> SealedColumns {
        let mut all = SealedColumns::default();
        for (manifest, _) in &self.modules {
            all.control.extend(&manifest.sealed.control);
            all.tenant.extend(&manifest.sealed.tenant);
        }
        all
    }

    /// Builds the modules one after the other, then checks that every need is filled.
    pub(crate) fn build(self, cx: &PlatformBuild) -> Result<Assembled, RegistryError> {
        let mut needs = Vec::new();
        let mut joined = Vec::new();
        for (manifest, module) in self.modules {
            let name = manifest.name;
            needs.extend(manifest.needs.iter().map(|contract| (name, *contract)));
            let build = AssertUnwindSafe(|| match module {
                Module::Platform(module) => module.build(cx),
                Module::Product(module) => module.build(cx),
            });
            let parts = std::panic::catch_unwind(build)
                .map_err(|panic| RegistryError::Panic {
                    module: name,
                    message: message_of(&*panic),
                })?
                .map_err(|source| RegistryError::Build {
                    module: name,
                    source,
                })?;
            joined.push(parts);
        }
        check_needs(&needs, &cx.contracts)?;
        let (mut authorities, mut mails) = (Vec::new(), Vec::<MailKind>::new());
        let (mut routes, mut jobs, mut schedules) = (Vec::new(), Vec::new(), Vec::new());
        let (mut health, mut start, mut units) = (Vec::new(), Vec::new(), Vec::new());
        for parts in joined {
            authorities.extend(parts.authority);
            mails.extend(parts.mails);
            routes.push(parts.routes);
            jobs.extend(parts.jobs);
            schedules.extend(parts.schedules);
            health.extend(parts.health);
            start.extend(parts.start);
            units.extend(parts.units);
        }
        let mut names = BTreeSet::new();
        if let Some(twin) = mails.iter().find(|mail| !names.insert(mail.name)) {
            return Err(RegistryError::DuplicateMail(twin.name));
        }
        cx.mails.fill(mails);
        cx.contracts.units.fill(units);
        let found = authorities.len();
        let (Some(authority), 1) = (authorities.pop(), found) else {
            return Err(RegistryError::Authority(found));
        };
        Ok(Assembled {
            routes,
            jobs,
            schedules,
            health,
            start,
            authority,
            site: self.site,
        })
    }
}

const MIGRATIONS: Migrations = gantry_db::migrations! { control: ["0001_key_check"], tenant: [] };

/// The tables of the kit itself; kit/db puts its own before them.
fn kit_migrations() -> [Migrations; 8] {
    [
        gantry_audit::MIGRATIONS,
        gantry_http::migrations(),
        gantry_jobs::MIGRATIONS,
        gantry_events::MIGRATIONS,
        gantry_notices::MIGRATIONS,
        gantry_files::MIGRATIONS,
        gantry_ledger::MIGRATIONS,
        MIGRATIONS,
    ]
}

fn check_needs(
    needs: &[(&'static str, &'static str)],
    contracts: &Contracts,
) -> Result<(), RegistryError> {
    for &(module, contract) in needs {
        match contracts.is_provided(contract) {
            Some(true) => {}
            Some(false) => return Err(RegistryError::NotProvided { module, contract }),
            None => return Err(RegistryError::NoSuchContract { module, contract }),
        }
    }
    Ok(())
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

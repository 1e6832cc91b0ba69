//! A Gantry as a value: what the command line starts, and what tests start in process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use gantry_identity::Identity;
use gantry_kernel::Kernel;
use gantry_runtime::config::{Model, Sources};
use gantry_runtime::{
    Config, ConfigError, Ended, Process, Registry, RegistryError, StartError, Stopper,
};
use gantry_tenancy::Tenancy;

use crate::modules::{Handles, modules};

/// All modules, checked against each other; nothing is opened yet.
pub struct App {
    registry: Registry,
    handles: Handles,
}

/// A process that is put together: databases open, modules built, nobody connected.
pub struct Assembled {
    /// Databases, the HTTP edge and the runner.
    pub process: Process,
    /// The identity module, for rescue commands.
    pub identity: Arc<Identity>,
    /// The tenancy module, for commands on tenants.
    pub tenancy: Arc<Tenancy>,
}

impl App {
    /// Checks the modules of this binary.
    pub fn new() -> Result<Self, RegistryError> {
        let (modules, handles) = modules();
        Ok(Self {
            registry: Registry::new(modules)?.with_site(gantry_console::site()),
            handles,
        })
    }

    /// Every key of the configuration.
    pub fn model(&self) -> &Model {
        self.registry.model()
    }

    /// All modules' declarations.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Reads the configuration.
    pub fn config(&self, sources: &Sources) -> Result<Config, ConfigError> {
        self.model().load(sources)
    }

    /// Puts the process together for the address it will be reached at, without serving.
    pub async fn assemble(
        self,
        config: Config,
        data: &Path,
        kernel: Kernel,
        bound: SocketAddr,
    ) -> Result<Assembled, StartError> {
        let process = Process::assemble(self.registry, config, data, kernel, bound).await?;
        let identity = self.handles.identity.get().cloned();
        let tenancy = self.handles.tenancy.get().cloned();
        let missing = || StartError::Registry(RegistryError::Authority(0));
        Ok(Assembled {
            process,
            identity: identity.ok_or_else(missing)?,
            tenancy: tenancy.ok_or_else(missing)?,
        })
    }

    /// Runs the whole process until `stopper` is asked; see [`gantry_runtime::run`].
    pub async fn serve(
        self,
        config: Config,
        data: &Path,
        kernel: Kernel,
        stopper: &Stopper,
        announce: impl FnOnce(SocketAddr, &[String]),
    ) -> Result<Ended, StartError> {
        gantry_runtime::run(self.registry, config, data, kernel, stopper, announce).await
    }
}

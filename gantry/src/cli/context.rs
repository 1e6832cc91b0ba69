//! What every command starts from: the modules, and where data and configuration are.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use gantry_kernel::Kernel;
use gantry_runtime::config::{Flag, Sources};
use gantry_runtime::{Config, ServerSettings, Stores};

use super::{CliError, Place};
use crate::{App, Assembled};

/// Where data goes when nobody says: visible, in the directory one stands in.
const DATA: &str = "gantry-data";

pub(super) struct Context {
    pub(super) app: App,
    pub(super) data: PathBuf,
    pub(super) sources: Sources,
}

impl Context {
    pub(super) fn new(place: Place) -> Result<Self, CliError> {
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let named = |name: &str| {
            env.get(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let data = place
            .data
            .or_else(|| named("GANTRY_DATA"))
            .unwrap_or_else(|| DATA.into());
        let beside = Some(data.join("gantry.toml")).filter(|path| path.is_file());
        let file = place.config.or_else(|| named("GANTRY_CONFIG")).or(beside);
        let sources = Sources {
            file,
            env,
            flags: Vec::new(),
        };
        Ok(Self {
            app: App::new()?,
            data,
            sources,
        })
    }

    pub(super) fn flag(&mut self, flag: Flag) {
        self.sources.flags.push(flag);
    }

    pub(super) fn config(&self) -> Result<Config, CliError> {
        Ok(self.app.config(&self.sources)?)
    }

    /// Databases and keys, for commands that need no module.
    pub(super) async fn stores(&self) -> Result<Stores, CliError> {
        let config = self.config()?;
        self.must_exist(&config)?;
        let migrations = self.app.registry().migrations();
        Ok(Stores::open(&config, migrations, &self.data, &Kernel::system()).await?)
    }

    /// All modules, for commands that do what a route does. Links they print lead to the server as
    /// it is configured.
    pub(super) async fn assemble(self) -> Result<Assembled, CliError> {
        let config = self.config()?;
        self.must_exist(&config)?;
        let bound = config.section::<ServerSettings>("server")?.listen;
        Ok(self
            .app
            .assemble(config, &self.data, Kernel::system(), bound)
            .await?)
    }

    /// A misspelt `--data` would otherwise make a new, empty installation and answer from it.
    fn must_exist(&self, config: &Config) -> Result<(), CliError> {
        let on_files = config
            .section::<gantry_runtime::DatabaseSettings>("database")?
            .url
            .expose()
            .is_empty();
        if on_files && !self.data.is_dir() {
            return Err(CliError::Failed(format!(
                "there is no data directory {}; name it with --data",
                self.data.display()
            )));
        }
        Ok(())
    }
}

/// Runs an async command to its end.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    // Behind a pointer: the runtime would have a copy of all that a command does for each way it can wait.
    let work: Pin<Box<dyn Future<Output = Result<T, CliError>> + '_>> = Box::pin(work);
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

//! How the module joins a process.

use std::sync::Arc;

use gantry_outbound::OutboundSettings;
use gantry_runtime::config::ConfigSection;
use gantry_runtime::{
    BuildError, Manifest, Parts, PlatformBuild, PlatformModule, SealedColumns, sealed_column,
};

use crate::{Files, FilesConfig, Keep, jobs, routes};

/// The module's name and its section of the configuration.
const NAME: &str = "files";

struct Module;

/// The files module.
pub fn module() -> impl PlatformModule {
    Module
}

impl PlatformModule for Module {
    fn manifest(&self) -> Manifest {
        Manifest {
            needs: &[gantry_contracts::LIMITS],
            config: vec![ConfigSection::reviewed(NAME, FilesConfig::review)],
            sealed: SealedColumns {
                tenant: vec![sealed_column!("files", "id", "sealed_key")],
                ..SealedColumns::default()
            },
            ..Manifest::new(NAME)
        }
    }

    fn build(self: Box<Self>, cx: &PlatformBuild) -> Result<Parts, BuildError> {
        let config = cx.section::<FilesConfig>(NAME)?;
        let outbound = cx.section::<OutboundSettings>("outbound")?;
        let keep = Keep::open(&config, &outbound, cx.tenants.data_dir());
        let keep = keep.map_err(BuildError::other)?;
        let files = Arc::new(Files::new(
            cx.kernel.clone(),
            cx.tenants.clone(),
            Arc::clone(&cx.keyring),
            cx.limits.clone(),
            &cx.public_url,
            keep,
        ));
        cx.contracts.files.provide(Arc::clone(&files) as _)?;
        Ok(Parts {
            routes: routes(Arc::clone(&files)),
            jobs: jobs::kinds(&files),
            ..Parts::default()
        })
    }
}

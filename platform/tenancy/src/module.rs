//! How the module joins a process.

use std::sync::Arc;

use gantry_runtime::config::ConfigSection;
use gantry_runtime::{BuildError, Manifest, Parts, PlatformBuild, PlatformModule};

use crate::{Beginner, LimitBook, MIGRATIONS, Tenancy, TenancyConfig, job, permissions, routes};

const NAME: &str = "tenancy";

struct Module;

/// The tenancy module.
pub fn module() -> impl PlatformModule {
    Module
}

impl PlatformModule for Module {
    fn manifest(&self) -> Manifest {
        Manifest {
            needs: &[gantry_contracts::MEMBERS],
            migrations: MIGRATIONS,
            permissions: permissions::declared(),
            config: Some(ConfigSection::reviewed(NAME, TenancyConfig::review)),
            ..Manifest::new(NAME)
        }
    }

    fn build(self: Box<Self>, cx: &PlatformBuild) -> Result<Parts, BuildError> {
        let config = cx.section::<TenancyConfig>(NAME)?.as_ref().clone();
        cx.contracts.workspaces.provide(Arc::new(Beginner))?;
        cx.contracts
            .limits
            .provide(Arc::new(LimitBook::new(cx.control.clone(), &config)))?;
        let tenancy = Arc::new(Tenancy {
            control: cx.control.clone(),
            tenants: cx.tenants.clone(),
            members: cx.contracts.members.clone(),
            access_cache: cx.contracts.access_cache.clone(),
            config,
        });
        Ok(Parts {
            routes: routes(Arc::clone(&tenancy)),
            jobs: vec![job(tenancy)],
            ..Parts::default()
        })
    }
}

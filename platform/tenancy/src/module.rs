//! How the module joins a process.

use std::sync::{Arc, OnceLock};

use gantry_runtime::config::ConfigSection;
use gantry_runtime::{BuildError, Manifest, Module, Parts, PlatformBuild, PlatformModule};

use crate::{
    Beginner, LimitBook, MIGRATIONS, Tenancy, TenancyConfig, closing, job, moving, permissions,
    routes,
};

const NAME: &str = "tenancy";

struct TenancyModule {
    handle: Handle,
}

/// Where the built module can be found.
#[derive(Clone, Default)]
pub struct Handle(Arc<OnceLock<Arc<Tenancy>>>);

impl Handle {
    /// The module; `None` before it was built.
    pub fn get(&self) -> Option<&Arc<Tenancy>> {
        self.0.get()
    }
}

/// The tenancy module.
pub fn module() -> Module {
    module_with_handle().0
}

/// The module, and the handle by which commands reach it once the process is put together.
pub fn module_with_handle() -> (Module, Handle) {
    let handle = Handle::default();
    let module = TenancyModule {
        handle: handle.clone(),
    };
    (Module::platform(module), handle)
}

impl PlatformModule for TenancyModule {
    fn manifest(&self) -> Manifest {
        Manifest {
            needs: &[gantry_contracts::MEMBERS, gantry_contracts::FILES],
            migrations: MIGRATIONS,
            permissions: permissions::declared(),
            config: vec![ConfigSection::reviewed(NAME, TenancyConfig::review)],
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
            files: cx.contracts.files.clone(),
            access_cache: cx.contracts.access_cache.clone(),
            config,
        });
        // A list of modules is built once.
        drop(self.handle.0.set(Arc::clone(&tenancy)));
        Ok(Parts {
            routes: routes(Arc::clone(&tenancy)),
            jobs: vec![
                job(Arc::clone(&tenancy)),
                moving::job(Arc::clone(&tenancy)),
                closing::removal(tenancy),
            ],
            schedules: vec![closing::schedule()],
            ..Parts::default()
        })
    }
}

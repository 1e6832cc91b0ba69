//! How the module joins a process.

use std::sync::Arc;

use gantry_runtime::{BuildError, Manifest, Parts, PlatformBuild, PlatformModule};

use crate::configuration::Configuration;
use crate::{Telemetry, permissions, routes};

const NAME: &str = "telemetry";

struct Module;

/// The telemetry module.
pub fn module() -> impl PlatformModule {
    Module
}

impl PlatformModule for Module {
    fn manifest(&self) -> Manifest {
        Manifest {
            permissions: permissions::declared(),
            ..Manifest::new(NAME)
        }
    }

    fn build(self: Box<Self>, cx: &PlatformBuild) -> Result<Parts, BuildError> {
        let telemetry = Arc::new(Telemetry {
            control: cx.control.clone(),
            vitals: cx.telemetry.clone(),
            configuration: Configuration::new(cx.shown_configuration()),
        });
        Ok(Parts {
            routes: routes::routes(telemetry),
            ..Parts::default()
        })
    }
}

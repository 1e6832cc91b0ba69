//! The program once more, over other databases: what it would answer there. It is asked in process; no job runs, no schedule and no
//! start hook, and nobody can connect.

use std::sync::Arc;

use gantry_contracts::Contracts;
use gantry_db::Databases;
use gantry_http::{Authority, Service, Setup};
use gantry_jobs::Hints;
use gantry_kernel::Kernel;
use gantry_kernel::crypto::Keyring;
use gantry_outbound::{Outbound, OutboundSettings};

use crate::config::{Config, ConfigError};
use crate::module::{MailBook, PlatformBuild, ProductBuild};
use crate::process::http_config;
use crate::registry::Registry;
use crate::settings::ServerSettings;
use crate::vitals::{self, Telemetry};
use crate::{LogControl, LogSettings, StartError, Stores};

/// What a program needs besides its databases: its configuration, its master keys, time and randomness.
#[derive(Clone)]
pub struct Surroundings {
    pub(crate) config: Arc<Config>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) kernel: Kernel,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

impl PlatformBuild {
    /// Those of the process that is being built.
    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            config: Arc::clone(&self.common.config),
            keyring: Arc::clone(&self.common.keyring),
            kernel: self.common.kernel.clone(),
        }
    }
}

impl Stores {
    /// Those of a command.
    pub fn surroundings(&self, config: Config, kernel: &Kernel) -> Surroundings {
        Surroundings {
            config: Arc::new(config),
            keyring: Arc::clone(&self.keyring),
            kernel: kernel.clone(),
        }
    }
}

impl Surroundings {
    /// Time and randomness.
    pub const fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// What modules are built from.
    pub(crate) fn build(
        &self,
        registry: &Registry,
        databases: &Databases,
        public_url: &str,
        telemetry: &Telemetry,
    ) -> Result<PlatformBuild, ConfigError> {
        let outbound = self.config.section::<OutboundSettings>("outbound")?;
        let contracts = Contracts::new();
        let common = ProductBuild {
            kernel: self.kernel.clone(),
            tenants: databases.tenants.clone(),
            keyring: Arc::clone(&self.keyring),
            catalogue: Arc::clone(registry.catalogue()),
            limits: contracts.limits.clone(),
            metrics: telemetry.metrics.clone(),
            public_url: public_url.to_owned(),
            config: Arc::clone(&self.config),
        };
        Ok(PlatformBuild {
            common,
            control: databases.control.clone(),
            outbound: Outbound::new(OutboundSettings::clone(&outbound)),
            contracts,
            mails: MailBook::default(),
            telemetry: telemetry.clone(),
        })
    }
}

/// The HTTP edge of a program over these databases. `authority` says who asks, whatever they present; nobody is refused for asking
/// too often.
pub fn rehearse(
    registry: Registry,
    around: &Surroundings,
    databases: &Databases,
    authority: Arc<dyn Authority>,
) -> Result<Service, StartError> {
    let level = &around.config.section::<LogSettings>("log")?.level;
    let telemetry = Telemetry::starting(&around.kernel, LogControl::detached(level));
    let server = around.config.section::<ServerSettings>("server")?;
    let mut http = http_config(&around.config, &server, server.listen)?;
    http.limits.off = true;
    let cx = around.build(&registry, databases, &http.public_url, &telemetry)?;
    let assembled = registry.build(&cx)?;
    // Reading may leave a trace that is due to be worked on; nobody comes to do it.
    databases.install_hook(Hints::new(
        databases.control.clone(),
        around.kernel.clone(),
        databases.config().max_transaction,
    ))?;
    let mut checks = vec![vitals::control_check(databases)];
    checks.extend(assembled.health);
    Ok(Service::new(Setup {
        config: http,
        kernel: around.kernel.clone(),
        authority,
        tenants: databases.tenants.clone(),
        modules: assembled.routes,
        checks,
    })?)
}

//! One process, from its configuration to its end.
//!
//! Start: reserve the address, lock the data directory, open and migrate control, prove the master
//! key, build the modules, run their start hooks, and only then accept connections and jobs. Stop:
//! turn unready, accept nothing, finish what was accepted, then jobs, then close the databases.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_audit::chain::SealKeys;
use gantry_contracts::Contracts;
use gantry_db::{ControlTx, DataDirLock, Databases, DbError, args, sql};
use gantry_http::{HealthCheck, HttpConfig, Server, Service, Setup, SetupError};
use gantry_jobs::{Hints, Runner};
use gantry_kernel::Kernel;
use gantry_outbound::{Outbound, OutboundSettings};

use crate::config::{Config, ConfigError};
use crate::listen::Reserved;
use crate::master_key::MasterKeyError;
use crate::module::{MailBook, PlatformBuild, ProductBuild, StartHook};
use crate::registry::{Registry, RegistryError};
use crate::settings::{AuditSettings, DatabaseSettings, JobsSettings, ServerSettings};
use crate::stores::{Stores, make_private};
use crate::{MasterKeys, Stopper, auditing, logging, upkeep};

/// Why a process did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log level cannot be used.
    #[error("log.level: {0}")]
    Log(#[from] tracing_subscriber::filter::ParseError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The data directory cannot be made.
    #[error("cannot use the data directory {}: {source}", path.display())]
    Data {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A database cannot be opened.
    #[error(transparent)]
    Db(#[from] DbError),
    /// There is no fitting master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The modules cannot work together.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The jobs cannot work together.
    #[error(transparent)]
    Jobs(#[from] gantry_jobs::RegistryError),
    /// The routes cannot work together.
    #[error(transparent)]
    Http(#[from] SetupError),
    /// A start hook failed.
    #[error("{hook}: {reason}")]
    Hook {
        /// Its name.
        hook: &'static str,
        /// Why.
        reason: String,
    },
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(#[source] io::Error),
}

impl StartError {
    /// The exit code, after BSD's sysexits.h: 78 the configuration is wrong, 69 something needed is
    /// not available (trying again later may help), 70 a defect of the binary, 71 the system refused.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Db(error) | Self::MasterKey(MasterKeyError::Db(error))
                if error.is_transient() =>
            {
                69
            }
            Self::Config(_)
            | Self::Log(_)
            | Self::MasterKey(_)
            | Self::Db(DbError::Config(_))
            | Self::Http(SetupError::Config(_)) => 78,
            Self::Db(_) | Self::Registry(_) | Self::Jobs(_) | Self::Http(_) | Self::Hook { .. } => {
                70
            }
            Self::Listen { .. } | Self::Data { .. } | Self::Signals(_) => 71,
        }
    }
}

/// A process that is put together and not serving yet.
pub struct Process {
    /// Control and tenants.
    pub databases: Databases,
    /// The assembled HTTP edge; answers requests without a socket too.
    pub service: Service,
    /// The jobs; not started.
    pub runner: Runner,
    /// Every kind of mail the modules send.
    pub mails: MailBook,
    /// The master keys, and what is sealed under them.
    pub master_keys: MasterKeys,
    start: Vec<StartHook>,
    jobs: Arc<JobsSettings>,
    notes: Vec<String>,
}

impl Process {
    /// Puts a process together for the address it will be reached at.
    pub async fn assemble(
        registry: Registry,
        config: Config,
        data: &Path,
        kernel: Kernel,
        bound: SocketAddr,
    ) -> Result<Self, StartError> {
        let stores = Stores::open(&config, registry.migrations(), data, &kernel).await?;
        let server = config.section::<ServerSettings>("server")?;
        let jobs = config.section::<JobsSettings>("jobs")?;
        let http = http_config(&config, &server, bound)?;
        let notes = stores.notes(&config);
        let Stores {
            databases, keyring, ..
        } = stores;
        let master_keys = MasterKeys::new(
            kernel.clone(),
            databases.control.clone(),
            databases.tenants.clone(),
            Arc::clone(&keyring),
            registry.sealed(),
        );
        let auditing = auditing::Auditing {
            control: databases.control.clone(),
            tenants: databases.tenants.clone(),
            keys: SealKeys::new(Arc::clone(&keyring)),
            retention: config.section::<AuditSettings>("audit")?.retention.get(),
        };
        let outbound = config.section::<OutboundSettings>("outbound")?;
        let contracts = Contracts::new();
        let common = ProductBuild {
            kernel: kernel.clone(),
            tenants: databases.tenants.clone(),
            keyring,
            catalogue: Arc::clone(registry.catalogue()),
            limits: contracts.limits.clone(),
            public_url: http.public_url.clone(),
            config: Arc::new(config),
        };
        let cx = PlatformBuild {
            common,
            control: databases.control.clone(),
            outbound: Outbound::new(OutboundSettings::clone(&outbound)),
            contracts,
            mails: MailBook::default(),
        };
        let assembled = registry.build(&cx)?;
        let (control, tenants) = (databases.control.clone(), databases.tenants.clone());
        let hints = Hints::new(
            control.clone(),
            kernel.clone(),
            databases.config().max_transaction,
        );
        databases.install_hook(Arc::<Hints>::clone(&hints))?;
        let mut kinds = upkeep::jobs(&control, &tenants);
        kinds.extend(auditing::jobs(auditing));
        kinds.extend(assembled.jobs);
        let mut schedules = upkeep::schedules();
        schedules.extend(auditing::schedules());
        schedules.extend(assembled.schedules);
        let runner = Runner::new(
            control,
            tenants.clone(),
            kernel.clone(),
            hints,
            jobs.to_runner(),
            kinds,
            schedules,
        )?;
        let mut checks = vec![control_check(&databases)];
        checks.extend(assembled.health);
        let setup = Setup {
            config: http,
            kernel,
            authority: assembled.authority,
            tenants,
            modules: assembled.routes,
            checks,
        };
        let service = Service::with_site(setup, assembled.site)?;
        Ok(Self {
            databases,
            service,
            runner,
            mails: cx.mails,
            master_keys,
            start: assembled.start,
            jobs,
            notes,
        })
    }

    /// What happens once per start, before anybody can connect. Returns the lines to show to the
    /// person who starts Gantry: what is not configured, and what modules have to say.
    pub async fn prepare(&self) -> Result<Vec<String>, StartError> {
        let mut lines = self.notes.clone();
        for StartHook { name, run } in &self.start {
            let said = run()
                .await
                .map_err(|reason| StartError::Hook { hook: name, reason })?;
            lines.extend(said);
        }
        upkeep::at_start(&self.databases.control).await?;
        Ok(lines)
    }

    /// Serves until asked to stop, then drains.
    async fn serve(
        self,
        listener: tokio::net::TcpListener,
        stopper: &Stopper,
    ) -> Result<(), StartError> {
        let running = self.runner.start();
        let cut = Server::serve(listener, self.service, stopper.asked(1)).await;
        tracing::info!(
            connections.cut = cut,
            "accepting nothing any more; ending jobs"
        );
        running.stop(self.jobs.stop_timeout.get()).await;
        drop(self.runner);
        self.databases.close().await?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything accepted was finished or given back.
    Drained,
    /// A second request to stop cut the draining short.
    Cut,
}

/// Runs a whole process: `announce` gets the lines for people once connections are accepted.
pub async fn run(
    registry: Registry,
    config: Config,
    data: &Path,
    kernel: Kernel,
    stopper: &Stopper,
    announce: impl FnOnce(SocketAddr, &[String]),
) -> Result<Ended, StartError> {
    logging::install(&*config.section("log")?)?;
    let server = config.section::<ServerSettings>("server")?;
    let failed = |source| StartError::Listen {
        address: server.listen,
        source,
    };
    let reserved = Reserved::bind(server.listen).map_err(failed)?;
    let bound = reserved.address;
    let on_files = config
        .section::<DatabaseSettings>("database")?
        .url
        .expose()
        .is_empty();
    make_private(data).map_err(|source| StartError::Data {
        path: data.to_owned(),
        source,
    })?;
    let _lock = if on_files {
        Some(DataDirLock::take(data)?)
    } else {
        None
    };
    let work = async {
        let process = Process::assemble(registry, config, data, kernel, bound).await?;
        let lines = process.prepare().await?;
        let listener = reserved.listen().map_err(failed)?;
        tracing::info!(address = %bound, "accepting connections");
        announce(bound, &lines);
        process.serve(listener, stopper).await
    };
    tokio::select! {
        ended = work => ended.map(|()| Ended::Drained),
        () = stopper.asked(2) => Ok(Ended::Cut),
    }
}

/// `[server]` owns what `[http]` needs to know about the outside.
fn http_config(
    config: &Config,
    server: &ServerSettings,
    bound: SocketAddr,
) -> Result<HttpConfig, ConfigError> {
    let mut http = HttpConfig::clone(&*config.section::<HttpConfig>("http")?);
    server.tell(&mut http, bound);
    Ok(http)
}

fn control_check(databases: &Databases) -> HealthCheck {
    let control = databases.control.clone();
    HealthCheck::needed("control_database", move || {
        let control = control.clone();
        async move {
            let asked: Result<(i64,), DbError> = control
                .read(async |tx: &mut ControlTx| tx.one(sql!("SELECT 1"), &args![]).await)
                .await;
            asked.map(drop).map_err(|error| {
                tracing::warn!(%error, "the control database does not answer");
                "the control database does not answer".to_owned()
            })
        }
    })
}

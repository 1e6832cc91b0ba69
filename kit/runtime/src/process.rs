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
use gantry_db::{DataDirLock, Databases, DbError, Engine};
use gantry_events::Hub;
use gantry_export::SettingsError;
use gantry_http::{HttpConfig, Server, Service, Setup, SetupError};
use gantry_jobs::{Hints, Runner};
use gantry_kernel::Kernel;
use gantry_telemetry::trace::Recorder;

use crate::config::{Config, ConfigError};
use crate::listen::Reserved;
use crate::master_key::MasterKeyError;
use crate::measured::Measured;
use crate::module::{MailBook, StartHook};
use crate::registry::{Registry, RegistryError};
use crate::rehearse::Surroundings;
use crate::settings::{
    AuditSettings, DatabaseSettings, JobsSettings, MetricsSettings, ServerSettings,
};
use crate::stores::{Stores, make_private};
use crate::vitals::{self, Queues, Telemetry};
use crate::{LogControl, LogSettings, MasterKeys, Stopper, auditing, events, logging, upkeep};

/// Why a process did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log level cannot be used.
    #[error("log.level: {0}")]
    Log(#[from] logging::LevelError),
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
    /// Where telemetry goes cannot be used.
    #[error(transparent)]
    Export(#[from] SettingsError),
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(#[source] io::Error),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
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
            | Self::Export(_)
            | Self::MasterKey(_)
            | Self::Db(DbError::Config(_))
            | Self::Http(SetupError::Config(_)) => 78,
            Self::Listen { .. }
            | Self::Data { .. }
            | Self::Signals(_)
            | Self::Thread(_)
            | Self::Db(DbError::NotKept { .. }) => 71,
            Self::Db(_) | Self::Registry(_) | Self::Jobs(_) | Self::Http(_) | Self::Hook { .. } => {
                70
            }
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
    hub: Hub,
    telemetry: Telemetry,
    queues: Arc<Queues>,
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
        let level = &config.section::<LogSettings>("log")?.level;
        let log = LogControl::detached(level);
        Self::assemble_with(registry, config, data, kernel, bound, log, None).await
    }

    async fn assemble_with(
        registry: Registry,
        config: Config,
        data: &Path,
        kernel: Kernel,
        bound: SocketAddr,
        log: LogControl,
        recorder: Option<Arc<dyn Recorder>>,
    ) -> Result<Self, StartError> {
        let telemetry = Telemetry::starting(&kernel, log);
        let queues = Queues::new(&kernel);
        telemetry.metrics.join(Arc::<Queues>::clone(&queues));
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
        telemetry.metrics.join(databases.measures());
        let around = Surroundings {
            config: Arc::new(config),
            keyring,
            kernel: kernel.clone(),
        };
        let cx = around.build(&registry, &databases, &http.public_url, &telemetry)?;
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
        let hub = Hub::new(databases.engine() == Engine::Sqlite);
        kinds.extend(events::jobs(events::Relaying {
            control: control.clone(),
            hub: hub.clone(),
        }));
        let streams = events::routes(Arc::new(events::Streaming {
            control: control.clone(),
            tenants: tenants.clone(),
            hub: hub.clone(),
        }));
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
        telemetry.metrics.join(runner.measures());
        vitals::tell(recorder.as_ref(), &databases, &runner);
        let mut checks = vec![vitals::control_check(&databases)];
        checks.extend(assembled.health);
        let mut modules = assembled.routes;
        modules.push(streams);
        let setup = Setup {
            config: http,
            kernel,
            authority: assembled.authority,
            tenants,
            modules,
            checks,
        };
        let service = Service::recorded(setup, assembled.site, recorder)?;
        telemetry.metrics.join(service.measures());
        Ok(Self {
            databases,
            service,
            runner,
            mails: cx.mails,
            master_keys,
            start: assembled.start,
            jobs,
            hub,
            telemetry,
            queues,
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
        operations: Option<tokio::task::JoinHandle<()>>,
        stopper: &Stopper,
    ) -> Result<(), StartError> {
        let running = self.runner.start();
        let ear = tokio::spawn(events::hear(self.databases.clone(), self.hub));
        let watching = tokio::spawn(vitals::watch(
            self.databases.control.clone(),
            Arc::clone(&self.queues),
            Arc::clone(&self.telemetry.history),
        ));
        let cut = Server::serve(listener, self.service, stopper.asked(1)).await;
        tracing::info!(
            connections.cut = cut,
            "accepting nothing any more; ending jobs"
        );
        ear.abort();
        running.stop(self.jobs.stop_timeout.get()).await;
        drop(self.runner);
        // They hold databases, and are between two looks nearly always.
        for task in operations.into_iter().chain([watching]) {
            task.abort();
            drop(task.await);
        }
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
    let mut exports = vitals::exports(&config, &kernel)?;
    let log = logging::install(&*config.section("log")?, exports.take_listeners())?;
    log.on_signals().map_err(StartError::Signals)?;
    let server = config.section::<ServerSettings>("server")?;
    let failed = |source| StartError::Listen {
        address: server.listen,
        source,
    };
    let reserved = Reserved::bind(server.listen).map_err(failed)?;
    let bound = reserved.address;
    let metrics = config.section::<MetricsSettings>("metrics")?;
    let measured = Measured::reserve(&metrics)?;
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
        let recorder = exports.recorder();
        let process =
            Process::assemble_with(registry, config, data, kernel, bound, log, recorder).await?;
        for measures in exports.measures() {
            process.telemetry.metrics.join(measures);
        }
        let mut lines = process.prepare().await?;
        let listener = reserved.listen().map_err(failed)?;
        let operations = match measured {
            Some(measured) => Some(measured.serve(&process.telemetry, &mut lines)?),
            None => None,
        };
        tracing::info!(address = %bound, "accepting connections");
        announce(bound, &lines);
        process.serve(listener, operations, stopper).await
    };
    let ended = tokio::select! {
        ended = work => ended.map(|()| Ended::Drained),
        () = stopper.asked(2) => Ok(Ended::Cut),
    };
    if !matches!(ended, Ok(Ended::Cut)) {
        exports.close().await;
    }
    ended
}

/// `[server]` owns what `[http]` needs to know about the outside.
pub(crate) fn http_config(
    config: &Config,
    server: &ServerSettings,
    bound: SocketAddr,
) -> Result<HttpConfig, ConfigError> {
    let mut http = HttpConfig::clone(&*config.section::<HttpConfig>("http")?);
    server.tell(&mut http, bound);
    Ok(http)
}

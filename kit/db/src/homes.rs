//! Where databases are: files, if control is one, and PostgreSQL servers by name. The directory says
//! of each tenant which of these homes has its database.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use gantry_kernel::Kernel;
use tokio::runtime::Handle;

use crate::database::blocking;
use crate::hook::HookSlot;
use crate::keep::Keep;
use crate::migrate::Plan;
use crate::postgres::{Limits, Pool, Server, Target};
use crate::sqlite::{Checkpoints, Files, Lane, WriterContext};
use crate::stats::Stats;
use crate::{DbConfig, DbError, Engine, PostgresConfig, directory};

/// The name of control's own server, and what is written for files.
const DEFAULT: &str = "default";
/// The name by which people ask for files; no server may have it.
const FILES: &str = "sqlite";

/// A place for tenants' databases, by the name people use: `sqlite`, or that of a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Home {
    engine: Engine,
    cluster: String,
}

impl Home {
    /// The engine.
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// The group of servers, as the directory writes it.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Whether control is there too.
    pub(crate) fn is_controls(&self) -> bool {
        self.cluster == DEFAULT
    }

    /// Where the directory says that a tenant is.
    pub fn of(tenant: &directory::Tenant) -> Self {
        Self::new(&tenant.engine, tenant.cluster.clone())
    }

    pub(crate) fn new(engine: &str, cluster: String) -> Self {
        let engine = if engine == Engine::Sqlite.name() {
            Engine::Sqlite
        } else {
            Engine::Postgres
        };
        Self { engine, cluster }
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.engine {
            Engine::Sqlite => FILES,
            Engine::Postgres => &self.cluster,
        })
    }
}

/// Files, and the threads that write them.
pub(crate) struct FileHome {
    pub(crate) files: Files,
    pub(crate) context: WriterContext,
    pub(crate) control: Arc<Lane>,
    pub(crate) tenants: Arc<Lane>,
}

/// All homes of a process.
pub(crate) struct Homes {
    pub(crate) files: Option<FileHome>,
    pub(crate) servers: BTreeMap<String, Server>,
    /// Control has connections of its own: a tenant's transaction waits for control while it holds
    /// its own, and must never wait for itself.
    pub(crate) control_pool: Option<Arc<Pool>>,
    tenant_pool: Option<Arc<Pool>>,
}

/// One of them.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    Files(&'a FileHome),
    Server(&'a Server),
}

impl Homes {
    /// Reaches the servers, and opens or makes control and brings it to the plan; how many migrations
    /// that took comes with it. On a server control may have
    /// another name than in the URL. A further server that does not answer is left for later: only its own
    /// tenants miss it.
    pub(crate) async fn open(
        config: &DbConfig,
        kernel: &Kernel,
        hook: &HookSlot,
        plan: &Plan,
        stats: &Arc<Stats>,
        control: Option<&str>,
    ) -> Result<(Self, usize), DbError> {
        let mut homes = Self::servers(config, kernel)?;
        if let Some(name) = control
            && let Some(server) = homes.servers.remove(DEFAULT)
        {
            let server = server.with_control(name);
            homes.servers.insert(DEFAULT.to_owned(), server);
        }
        if let Some(server) = homes.servers.get(DEFAULT) {
            let applied = server.open_control(plan).await?;
            return Ok((homes, applied));
        }
        let keep = Keep::new(config.keep_before_upgrade.clone());
        let files = Files::new(config.data_dir.clone(), config.sqlite.clone()).keeping(keep);
        let (to_open, plan, now) = (files.clone(), plan.clone(), kernel.now());
        let applied = blocking(move || to_open.open_control(&plan, now)).await?;
        homes.files = Some(FileHome {
            files,
            context: WriterContext {
                kernel: kernel.clone(),
                hook: hook.clone(),
                runtime: Handle::current(),
                sqlite: config.sqlite.clone(),
                max_transaction: config.max_transaction,
                max_queued: config.max_queued_writes,
                checkpoints: Checkpoints::start()?,
                stats: Arc::clone(stats),
            },
            control: Lane::start("control", 1)?,
            tenants: Lane::start("tenants", config.sqlite.writer_threads)?,
        });
        Ok((homes, applied))
    }

    /// Control's server alone, without opening anything.
    pub(crate) fn own_server(config: &DbConfig, kernel: &Kernel) -> Result<Server, DbError> {
        let own = Self::servers(config, kernel)?.servers.remove(DEFAULT);
        own.ok_or_else(|| DbError::Config("there is no postgres url".to_owned()))
    }

    fn servers(config: &DbConfig, kernel: &Kernel) -> Result<Self, DbError> {
        let mut named: Vec<(Arc<str>, &PostgresConfig)> = Vec::new();
        named.extend(config.postgres.iter().map(|one| (DEFAULT.into(), one)));
        for (name, one) in &config.clusters {
            if matches!(name.as_str(), DEFAULT | FILES) {
                return Err(DbError::Config(format!(
                    "no further server can be called {name}"
                )));
            }
            named.push((name.as_str().into(), one));
        }
        let mut homes = Self {
            files: None,
            servers: BTreeMap::new(),
            control_pool: None,
            tenant_pool: None,
        };
        let Some(cap) = named.iter().map(|(_, one)| one.max_connections).max() else {
            return Ok(homes);
        };
        // One on each server is for making databases.
        let for_control = config.postgres.as_ref().map_or(0, |_| (cap / 4).max(1));
        let for_tenants = cap.saturating_sub(for_control + named.len());
        if cap < 4 || for_tenants == 0 {
            return Err(DbError::Config(format!(
                "at least {} postgres connections are needed",
                4.max(for_control + named.len() + 1)
            )));
        }
        let limits = Limits::new(config.max_transaction);
        let mut targets = BTreeMap::new();
        for (name, one) in &named {
            targets.insert(Arc::clone(name), Target::new(one)?);
        }
        let reached = |(name, (target, _)): (&Arc<str>, &(Target, String))| {
            (Arc::clone(name), target.clone())
        };
        let pool = |of: Vec<(Arc<str>, Target)>, size| {
            Arc::new(Pool::new(of, limits, size, config.max_wait))
        };
        let tenant_pool = pool(targets.iter().map(reached).collect(), for_tenants);
        let own = targets.get_key_value(DEFAULT).map(reached);
        homes.control_pool = own.map(|own| pool(vec![own], for_control));
        for (name, one) in named {
            let Some(target) = targets.remove(&name) else {
                continue;
            };
            let server = Server::new(
                Arc::clone(&name),
                target,
                one.max_tenants,
                limits,
                Arc::clone(&tenant_pool),
                Keep::new(config.keep_before_upgrade.clone()),
                kernel.clone(),
            );
            homes.servers.insert(name.to_string(), server);
        }
        homes.tenant_pool = Some(tenant_pool);
        Ok(homes)
    }

    /// Where the directory says that a tenant's database is.
    pub(crate) fn of(&self, tenant: &directory::Tenant) -> Result<At<'_>, DbError> {
        self.at(&Home::of(tenant))
    }

    pub(crate) fn at(&self, home: &Home) -> Result<At<'_>, DbError> {
        match home.engine {
            Engine::Sqlite => self.files.as_ref().map(At::Files),
            Engine::Postgres => self.servers.get(&home.cluster).map(At::Server),
        }
        .ok_or_else(|| DbError::Unsupported(format!("this process has no home called {home}")))
    }

    /// The home people call by this name.
    pub(crate) fn named(&self, name: &str) -> Option<Home> {
        self.all().into_iter().find(|home| home.to_string() == name)
    }

    pub(crate) fn all(&self) -> Vec<Home> {
        let files = self.files.as_ref().map(|_| Home {
            engine: Engine::Sqlite,
            cluster: DEFAULT.to_owned(),
        });
        let servers = self.servers.keys().map(|name| Home {
            engine: Engine::Postgres,
            cluster: name.clone(),
        });
        files.into_iter().chain(servers).collect()
    }

    /// Control's, where scratch databases are made too.
    pub(crate) fn own(&self) -> Result<At<'_>, DbError> {
        let server = self.servers.get(DEFAULT).map(At::Server);
        self.files
            .as_ref()
            .map(At::Files)
            .or(server)
            .ok_or_else(|| DbError::Config("control has no home".to_owned()))
    }

    /// Writes what is queued, then lends no more connections. Tenants first: their commits still write
    /// to control.
    pub(crate) async fn close(&self) -> Result<(), DbError> {
        if let Some(home) = &self.files {
            let (control, tenants) = (Arc::clone(&home.control), Arc::clone(&home.tenants));
            let checkpoints = Arc::clone(&home.context.checkpoints);
            if let Some(pool) = &self.tenant_pool {
                pool.close().await;
            }
            blocking(move || {
                tenants.drain();
                control.drain();
                checkpoints.drain();
                Ok(())
            })
            .await?;
        }
        for pool in [&self.tenant_pool, &self.control_pool]
            .into_iter()
            .flatten()
        {
            pool.close().await;
        }
        for server in self.servers.values() {
            server.close();
        }
        Ok(())
    }

    /// Closes what is idle.
    pub(crate) fn forget(&self) {
        for pool in [&self.tenant_pool, &self.control_pool]
            .into_iter()
            .flatten()
        {
            pool.forget(None);
        }
    }
}

impl Drop for Homes {
    /// Everything queued is still written; then the threads end.
    fn drop(&mut self) {
        if let Some(home) = &self.files {
            home.tenants.stop();
            home.control.stop();
            home.context.checkpoints.stop();
        }
    }
}

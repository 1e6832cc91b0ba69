//! One process's worth of tenancy: databases, runner, and the HTTP edge with a caller who is whoever
//! the token says.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_contracts::{Contracts, Members, NewWorkspace, TenantFiles};
use gantry_db::{
    ControlTx, Databases, DbError, Migration, MigrationSet, Migrations, PostgresConfig,
    TenantState, args, directory, sql,
};
use gantry_http::{
    Access, Authority, Credentials, Granted, HttpConfig, Identified, Principal, Service, Session,
    Setup, Standing, Via,
};
use gantry_jobs::{Hints, Runner, RunnerConfig};
use gantry_kernel::{
    IdentityId, Kernel, ManualClock, Period, Problem, Scope, SessionId, Slug, TenantId, Timestamp,
};
use gantry_notices::{Filter, Kept, Notice};
use gantry_tenancy::{Beginner, Tenancy, TenancyConfig};
use gantry_testkit::{Engine, TestDatabases};
use serde_json::Value;

pub(crate) const MEMBERS: Migrations = Migrations {
    module: "test_members",
    control: &[Migration::new(
        "0001_test_members",
        "create table test_members (tenant_id {id} not null, identity_id {id} not null,
         primary key (tenant_id, identity_id));",
    )],
    tenant: &[],
};

pub(crate) const NOTES: Migrations = Migrations {
    module: "test_notes",
    control: &[],
    tenant: &[Migration::new(
        "0001_test_notes",
        "create table test_notes (id {text} not null primary key);",
    )],
};

/// Keeps members in a table; the first `failing` calls fail.
pub(crate) struct Book {
    pub(crate) failing: AtomicI64,
    pub(crate) refusing: bool,
}

impl Members for Book {
    fn add_owner<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
        identity: IdentityId,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        async move {
            let insert = sql!(
                "insert into test_members (tenant_id, identity_id) values ($1, $2)
                 on conflict do nothing"
            );
            tx.execute(insert, &args![tenant, identity]).await?;
            if self.refusing {
                return Err(Problem::not_found());
            }
            if self.failing.fetch_sub(1, Ordering::Relaxed) > 0 {
                return Err(Problem::unavailable(
                    "not_now",
                    "not now",
                    Duration::from_secs(1),
                ));
            }
            Ok(())
        }
        .boxed()
    }

    fn forget<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        async move {
            let delete = sql!("delete from test_members where tenant_id = $1");
            tx.execute(delete, &args![tenant]).await?;
            Ok(())
        }
        .boxed()
    }

    fn count<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        tenant: TenantId,
    ) -> BoxFuture<'a, Result<i64, Problem>> {
        async move {
            let count = sql!("select count(*) from test_members where tenant_id = $1");
            Ok(tx.one(count, &args![tenant]).await?)
        }
        .boxed()
    }
}

/// Whose files were deleted.
#[derive(Clone, Default)]
pub(crate) struct Forgotten(pub(crate) Arc<Mutex<Vec<TenantId>>>);

impl TenantFiles for Forgotten {
    fn forget(&self, tenant: TenantId) -> BoxFuture<'_, Result<(), Problem>> {
        self.0.lock().unwrap().push(tenant);
        std::future::ready(Ok(())).boxed()
    }
}

/// `operator` may do everything on the platform, anybody else is an owner of every tenant.
struct AnyAuthority {
    databases: Databases,
    who: IdentityId,
    session: SessionId,
}

impl Authority for AnyAuthority {
    fn identify<'a>(
        &'a self,
        credentials: Credentials<'a>,
        tenant: Option<&'a str>,
        _: Option<std::net::IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        async move {
            let operator = matches!(credentials, Credentials::Bearer("operator"));
            let platform = [
                gantry_tenancy::TENANT_READ,
                gantry_tenancy::TENANT_CREATE,
                gantry_tenancy::TENANT_EDIT,
                gantry_tenancy::TENANT_SUSPEND,
                gantry_tenancy::TENANT_CLOSE,
                gantry_tenancy::TENANT_MOVE,
            ];
            let platform = platform.map(|one| one.as_str().to_owned());
            let principal = Principal {
                identity: self.who,
                standing: Standing::Session(Session {
                    id: self.session,
                    multi_factor: true,
                    fresh_until: Some(Timestamp::from_micros(i64::MAX)),
                    operator: None,
                    only: None,
                }),
                via: Via::Bearer,
                platform: if operator {
                    platform.into()
                } else {
                    BTreeSet::new()
                },
            };
            let slug: Option<Slug> = tenant.and_then(|tenant| tenant.parse().ok());
            let found = match slug {
                None => None,
                Some(slug) => {
                    self.databases
                        .control
                        .read(async move |tx| directory::by_slug(tx, &slug).await)
                        .await?
                }
            };
            let permissions = [
                gantry_tenancy::WORKSPACE_READ,
                gantry_tenancy::WORKSPACE_EDIT,
            ];
            let permissions = permissions.map(|one| one.as_str().to_owned());
            let access = found.map(|tenant| Access {
                tenant: tenant.id,
                slug: tenant.slug,
                state: tenant.state,
                grants: vec![Granted {
                    permissions: Arc::new(permissions.into()),
                    scope: Scope::All,
                }],
            });
            Ok(Identified {
                principal,
                access,
                second_factor_only: false,
            })
        }
        .boxed()
    }

    fn csrf_ok(&self, _: SessionId, _: &str) -> bool {
        true
    }
}

/// A running process, or as much of it as tenancy needs.
pub(crate) struct Process {
    pub(crate) databases: Databases,
    pub(crate) runner: Runner,
    pub(crate) service: Service,
    pub(crate) contracts: Contracts,
    pub(crate) tenancy: Arc<Tenancy>,
    pub(crate) forgotten: Forgotten,
}

/// An answer of the API.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    pub(crate) body: Value,
}

/// What outlives processes.
pub(crate) struct World {
    pub(crate) place: TestDatabases,
    pub(crate) north: TestDatabases,
    pub(crate) clock: ManualClock,
    pub(crate) owner: IdentityId,
    /// The longest pause of a move in processes to come.
    pub(crate) max_pause: Period,
    seed: u64,
}

impl World {
    pub(crate) fn new(engine: Engine) -> Self {
        let clock = ManualClock::default();
        let owner = Kernel::manual(&clock, 1).id();
        Self {
            place: TestDatabases::new(engine),
            north: TestDatabases::new(Engine::Postgres),
            clock,
            owner,
            max_pause: TenancyConfig::default().move_max_pause,
            seed: 1,
        }
    }

    pub(crate) async fn start(&mut self) -> Process {
        self.start_with(Book {
            failing: AtomicI64::new(0),
            refusing: false,
        })
        .await
    }

    pub(crate) async fn start_with(&mut self, book: Book) -> Process {
        self.seed += 1;
        let kernel = Kernel::manual(&self.clock, self.seed);
        let set = MigrationSet::new([
            gantry_audit::MIGRATIONS,
            gantry_events::MIGRATIONS,
            gantry_notices::MIGRATIONS,
            gantry_jobs::MIGRATIONS,
            gantry_http::migrations(),
            MEMBERS,
            NOTES,
            gantry_tenancy::MIGRATIONS,
        ])
        .unwrap();
        let mut config = self.place.config();
        let mut north = PostgresConfig::new(self.north.control_url().unwrap());
        north.max_connections = 8;
        config.clusters.insert("north".to_owned(), north);
        let longest = config.max_transaction;
        let databases = Databases::open(config, kernel.clone(), set).await.unwrap();
        let hints = Hints::new(databases.control.clone(), kernel.clone(), longest);
        databases.install_hook(hints.clone()).unwrap();
        let contracts = Contracts::new();
        contracts.members.provide(Arc::new(book)).unwrap();
        contracts.workspaces.provide(Arc::new(Beginner)).unwrap();
        let forgotten = Forgotten::default();
        contracts
            .files
            .provide(Arc::new(forgotten.clone()))
            .unwrap();
        let tenancy = Arc::new(Tenancy {
            control: databases.control.clone(),
            tenants: databases.tenants.clone(),
            members: contracts.members.clone(),
            files: contracts.files.clone(),
            access_cache: contracts.access_cache.clone(),
            config: TenancyConfig {
                provision_attempts: 3,
                move_attempts: 2,
                move_max_pause: self.max_pause,
                ..TenancyConfig::default()
            },
        });
        let limits = gantry_tenancy::LimitBook::new(databases.control.clone(), &tenancy.config);
        contracts.limits.provide(Arc::new(limits)).unwrap();
        let runner = Runner::new(
            databases.control.clone(),
            databases.tenants.clone(),
            kernel.clone(),
            hints,
            RunnerConfig::default(),
            vec![
                gantry_tenancy::job(Arc::clone(&tenancy)),
                gantry_tenancy::move_job(Arc::clone(&tenancy)),
                gantry_tenancy::removal(Arc::clone(&tenancy)),
            ],
            Vec::new(),
        )
        .unwrap();
        let service = Service::new(Setup {
            config: HttpConfig::default(),
            kernel: kernel.clone(),
            authority: Arc::new(AnyAuthority {
                databases: databases.clone(),
                who: self.owner,
                session: kernel.id(),
            }),
            tenants: databases.tenants.clone(),
            modules: vec![gantry_tenancy::routes(Arc::clone(&tenancy))],
            checks: Vec::new(),
        })
        .unwrap();
        Process {
            databases,
            runner,
            service,
            contracts,
            tenancy,
            forgotten,
        }
    }
}

impl Process {
    /// Signs somebody up, as identity does it.
    pub(crate) async fn begin(&self, owner: IdentityId, name: &str) -> TenantId {
        let workspaces = self.contracts.workspaces.clone();
        let new = NewWorkspace {
            owner,
            name: name.parse().unwrap(),
            slug: None,
        };
        self.databases
            .control
            .write(async move |tx| workspaces.get()?.begin(tx, new.clone()).await)
            .await
            .unwrap_or_else(|problem: Problem| panic!("{problem}"))
    }

    pub(crate) async fn tenant(&self, id: TenantId) -> directory::Tenant {
        let found = self
            .databases
            .control
            .read(async |tx| directory::by_id(tx, id).await)
            .await;
        found.unwrap().unwrap()
    }

    /// Tells a person something about a tenant.
    pub(crate) async fn tell(&self, person: IdentityId, tenant: TenantId) {
        let notice = Notice::to_person("test.thing.happened", person).in_tenant(tenant);
        let write = async move |tx: &mut ControlTx| gantry_notices::tell(tx, notice.clone()).await;
        self.databases.control.write(write).await.unwrap();
    }

    /// What a person is told, the last first.
    pub(crate) async fn notices(&self, person: IdentityId) -> Vec<Kept> {
        let filter = Filter { person, only: None };
        let control = &self.databases.control;
        let read =
            control.read(async |tx| gantry_notices::list(tx, filter, false, None, 100).await);
        read.await.unwrap()
    }

    /// The owners of a tenant.
    pub(crate) async fn owners(&self, id: TenantId) -> Vec<IdentityId> {
        let rows: Result<Vec<(IdentityId,)>, DbError> = self
            .databases
            .control
            .read(async |tx| {
                let select = sql!("select identity_id from test_members where tenant_id = $1");
                tx.all(select, &args![id]).await
            })
            .await;
        rows.unwrap().into_iter().map(|(id,)| id).collect()
    }

    /// The actions audited about a tenant, by name: on a clock that stands still they share an instant.
    pub(crate) async fn actions(&self, id: TenantId) -> Vec<String> {
        let filter = gantry_audit::Filter {
            tenant: Some(id),
            ..Default::default()
        };
        let rows = self
            .databases
            .control
            .read(async |tx| gantry_audit::list(tx, &filter, None, 100).await)
            .await
            .unwrap();
        let mut actions: Vec<String> = rows.into_iter().map(|row| row.action).collect();
        actions.sort();
        actions
    }

    /// Exactly one usable tenant with its owner.
    pub(crate) async fn assert_active(&self, id: TenantId, owner: IdentityId) {
        let tenant = self.tenant(id).await;
        let path = format!("/api/v1/admin/tenants/{id}");
        let seen = self.call("operator", "GET", &path, None, None).await.body;
        assert_eq!(tenant.state, TenantState::Active, "{seen}");
        assert_eq!(self.owners(id).await, [owner]);
        let db = self.databases.tenants.get(id).await.unwrap();
        let meta = db
            .read(async |tx| {
                tx.one::<(TenantId,)>(sql!("select tenant_id from _meta"), &args![])
                    .await
            })
            .await
            .unwrap();
        assert_eq!(meta.0, id);
        let activated = self.actions(id).await;
        let count = activated
            .iter()
            .filter(|one| *one == "tenancy.tenant.activated")
            .count();
        assert_eq!(count, 1, "{activated:?}");
    }

    pub(crate) async fn call(
        &self,
        who: &str,
        method: &str,
        path: &str,
        etag: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost:8080")
            .header("authorization", format!("Bearer {who}"));
        if let Some(etag) = etag {
            request = request.header("if-match", etag);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                body.to_string().into()
            }
            None => bytes::Bytes::new(),
        };
        let answer = self.service.call(request.body(bytes).unwrap()).await;
        Answer {
            status: answer.status().as_u16(),
            etag: answer
                .headers()
                .get("etag")
                .map(|tag| tag.to_str().unwrap().to_owned()),
            body: serde_json::from_slice(answer.body()).unwrap_or(Value::Null),
        }
    }
}

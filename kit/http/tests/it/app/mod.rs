//! The server under test and the shape of a request and a reply.

mod flow;
mod notes;
mod people;

pub(crate) use flow::WAVE;
pub(crate) use notes::{Gate, count};
use people::People;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use gantry_db::{ControlDb, Databases, Migration, MigrationSet, Migrations, TenantDb, directory};
use gantry_http::{HealthCheck, HttpConfig, Service, Setup, Site};
use gantry_kernel::{Kernel, ManualClock, Slug, TenantId};
use gantry_testkit::{Engine, TestDatabases};
use serde_json::Value;
use tokio::sync::watch;

const SCHEMA: Migrations = Migrations {
    module: "test",
    control: &[Migration::new(
        "0001_notes",
        "create table notes (body {text} not null);",
    )],
    tenant: &[Migration::new(
        "0001_notes",
        "create table notes (body {text} not null);",
    )],
};

pub(crate) struct App {
    pub(crate) service: Service,
    pub(crate) clock: ManualClock,
    pub(crate) tenant: TenantId,
    pub(crate) control: ControlDb,
    pub(crate) db: TenantDb,
    pub(crate) gate: Arc<Gate>,
    pub(crate) asked: Arc<AtomicUsize>,
    pub(crate) waves: Arc<AtomicUsize>,
    pub(crate) shut_out: Arc<watch::Sender<bool>>,
    pub(crate) changed: Arc<watch::Sender<u64>>,
    _rooms: (Databases, TestDatabases),
}

impl App {
    pub(crate) async fn new() -> Self {
        Self::with(Engine::Sqlite, |_| {}).await
    }

    pub(crate) async fn with(engine: Engine, change: impl FnOnce(&mut HttpConfig)) -> Self {
        Self::with_checks(engine, change, Vec::new()).await
    }

    pub(crate) async fn with_checks(
        engine: Engine,
        change: impl FnOnce(&mut HttpConfig),
        checks: Vec<HealthCheck>,
    ) -> Self {
        Self::whole(engine, change, checks, Site::default()).await
    }

    /// One with a web interface.
    pub(crate) async fn with_site(site: Site) -> Self {
        Self::whole(Engine::Sqlite, |_| {}, Vec::new(), site).await
    }

    async fn whole(
        engine: Engine,
        change: impl FnOnce(&mut HttpConfig),
        checks: Vec<HealthCheck>,
        site: Site,
    ) -> Self {
        let room = TestDatabases::new(engine);
        let set = MigrationSet::new([gantry_http::migrations(), SCHEMA]).unwrap();
        let clock = ManualClock::default();
        let kernel = Kernel::manual(&clock, 11);
        let dbs = Databases::open(room.config(), kernel.clone(), set)
            .await
            .unwrap();
        let tenant: TenantId = kernel.id();
        let slug: Slug = "alpha".parse().unwrap();
        dbs.control
            .write(async move |tx| directory::insert(tx, tenant, &slug, "Alpha").await)
            .await
            .unwrap();
        let db = dbs.tenants.provision(tenant).await.unwrap();
        let mut config = HttpConfig::default();
        change(&mut config);
        let people = People {
            kernel: kernel.clone(),
            tenant,
            unit: kernel.id(),
            asked: Arc::default(),
            shut_out: Arc::default(),
            changed: Arc::default(),
        };
        let (shut_out, changed) = (Arc::clone(&people.shut_out), Arc::clone(&people.changed));
        let waves: Arc<AtomicUsize> = Arc::default();
        let asked = Arc::clone(&people.asked);
        let gate = Gate::new();
        let setup = Setup {
            config,
            kernel,
            authority: Arc::new(people),
            tenants: dbs.tenants.clone(),
            modules: vec![
                notes::routes(dbs.control.clone(), Arc::clone(&gate)),
                flow::routes(flow::Taps {
                    waves: Arc::clone(&waves),
                    shut_out: Arc::clone(&shut_out),
                }),
            ],
            checks,
        };
        let service = Service::with_site(setup, site).unwrap();
        Self {
            service,
            clock,
            tenant,
            control: dbs.control.clone(),
            db,
            gate,
            asked,
            waves,
            shut_out,
            changed,
            _rooms: (dbs, room),
        }
    }

    /// Sends a request without a socket.
    pub(crate) async fn send(&self, request: Ask) -> Answer {
        let response = self.service.call(request.build()).await;
        let (parts, bytes) = response.into_parts();
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            bytes,
        };
        answer.check(&self.service);
        answer
    }
}

/// A request.
pub(crate) struct Ask(http::request::Builder, Bytes);

impl Ask {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self(
            http::Request::builder().method(method).uri(path),
            Bytes::new(),
        )
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value), self.1)
    }

    pub(crate) fn bearer(self, who: &str) -> Self {
        self.header("authorization", &format!("Bearer {who}"))
    }

    pub(crate) fn cookie(self, who: &str) -> Self {
        self.header(
            "cookie",
            &format!("theme=dark; __Host-gantry_session={who}"),
        )
    }

    pub(crate) fn json(self, body: &str) -> Self {
        let Self(builder, _) = self.header("content-type", "application/json");
        Self(builder, Bytes::from(body.to_owned()))
    }

    pub(crate) fn bytes(self, body: impl Into<Bytes>) -> Self {
        Self(self.0, body.into())
    }

    fn build(self) -> http::Request<Bytes> {
        self.0.body(self.1).unwrap()
    }
}

/// A reply.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// What must hold of every reply in every test.
    fn check(&self, service: &Service) {
        for name in [
            "x-request-id",
            "content-security-policy",
            "x-content-type-options",
            "cache-control",
        ] {
            assert!(self.headers.contains_key(name), "{name} is missing");
        }
        if self.status >= 400
            && !self.bytes.is_empty()
            && self.header("content-type") == "application/problem+json"
        {
            let problem = self.json();
            let code = problem["code"].as_str().unwrap();
            let known = service.table().error_codes();
            let known = known.iter().find(|known| known.code == code);
            let known = known.unwrap_or_else(|| panic!("{code} is not documented"));
            assert_eq!(known.status, self.status, "{code} came with another status");
            assert_eq!(problem["type"], format!("/errors/{code}"));
            assert_eq!(problem["title"], known.title);
            assert_eq!(problem["request_id"], self.header("x-request-id"));
        }
    }
}

//! Two tenants, people who are told apart by their token, and a folder for the bytes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_contracts::{Contracts, Limits};
use gantry_db::{DbError, TenantDb, TenantState};
use gantry_files::{FileId, Holder, Links, Opens, Variant};
use gantry_http::{
    Access, Authority, Credentials, HttpConfig, Identified, Principal, Service, Session, Setup,
    Standing, Via,
};
use gantry_kernel::crypto::Keyring;
use gantry_kernel::{IdentityId, Kernel, ManualClock, Problem, SessionId, TenantId, Timestamp};
use gantry_outbound::OutboundSettings;
use gantry_platform_files::{Files, FilesConfig, Keep, MEGABYTES, kinds, routes};
use gantry_testkit::{Engine, Stage};
use serde_json::Value;

pub(crate) struct App {
    pub(crate) service: Service,
    pub(crate) clock: ManualClock,
    pub(crate) alpha: TenantDb,
    pub(crate) beta: TenantDb,
    pub(crate) folder: PathBuf,
    pub(crate) links: Links,
    pub(crate) stage: Stage,
    files: Arc<Files>,
    megabytes: Arc<Mutex<Option<i64>>>,
    _room: tempfile::TempDir,
}

struct Plan(Arc<Mutex<Option<i64>>>);

impl Limits for Plan {
    fn limit<'a>(
        &'a self,
        _: TenantId,
        name: &'static str,
    ) -> BoxFuture<'a, Result<Option<i64>, Problem>> {
        assert_eq!(name, MEGABYTES);
        std::future::ready(Ok(*self.0.lock().unwrap())).boxed()
    }
}

pub(crate) fn person(name: &str) -> IdentityId {
    let number = name
        .bytes()
        .fold(7_u64, |n, b| n.wrapping_mul(31).wrapping_add(b.into()));
    let text = format!("01987c5e-5d5e-7cc0-8d51-{:012x}", number & 0xffff_ffff_ffff);
    text.parse().unwrap()
}

struct People {
    kernel: Kernel,
    tenants: [(&'static str, TenantId); 2],
}

impl Authority for People {
    fn identify<'a>(
        &'a self,
        credentials: Credentials<'a>,
        tenant: Option<&'a str>,
        _: Option<std::net::IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        let (Credentials::Bearer(who) | Credentials::Cookie(who)) = credentials;
        let principal = Principal {
            identity: person(who),
            standing: Standing::Session(Session {
                id: self.kernel.id::<SessionId>(),
                multi_factor: true,
                fresh_until: Some(Timestamp::from_micros(i64::MAX)),
                operator: None,
                only: None,
            }),
            via: Via::Bearer,
            platform: [].into(),
        };
        let known = self.tenants.iter().find(|(slug, _)| Some(*slug) == tenant);
        let access = known.map(|(slug, id)| Access {
            tenant: *id,
            slug: slug.parse().unwrap(),
            state: TenantState::Active,
            grants: Vec::new(),
        });
        std::future::ready(Ok(Identified {
            principal,
            access,
            second_factor_only: false,
        }))
        .boxed()
    }

    fn csrf_ok(&self, _: SessionId, _: &str) -> bool {
        false
    }
}

impl App {
    pub(crate) async fn new(engine: Engine) -> Self {
        let room = tempfile::tempdir().unwrap();
        let config = FilesConfig {
            directory: Some(room.path().join("files")),
            ..FilesConfig::default()
        };
        Self::with(engine, config, room).await
    }

    pub(crate) async fn with(engine: Engine, config: FilesConfig, room: tempfile::TempDir) -> Self {
        let modules = [
            gantry_audit::MIGRATIONS,
            gantry_events::MIGRATIONS,
            gantry_notices::MIGRATIONS,
            gantry_http::migrations(),
            gantry_jobs::MIGRATIONS,
            gantry_files::MIGRATIONS,
        ];
        let stage = Stage::new(engine, modules).await;
        let (alpha, beta) = (stage.tenant("alpha").await, stage.tenant("beta").await);
        let folder = room.path().join("files");
        let megabytes = Arc::new(Mutex::new(None));
        let contracts = Contracts::new();
        let plan = Arc::new(Plan(Arc::clone(&megabytes)));
        contracts.limits.provide(plan).unwrap();
        let keyring = Arc::new(Keyring::new("k1", [7; 32]).unwrap());
        let keep = Keep::open(&config, &OutboundSettings::default(), room.path()).unwrap();
        let files = Arc::new(Files::new(
            stage.kernel.clone(),
            stage.databases.tenants.clone(),
            Arc::clone(&keyring),
            contracts.limits,
            "https://gantry.example",
            keep,
        ));
        let mut http = HttpConfig::default();
        // The clock stands still, so nothing ever runs back into the buckets.
        let plenty = gantry_http::Quota::new(1_000_000, gantry_kernel::Period::minutes(1));
        http.limits.interactive = plenty;
        http.limits.tenant = plenty;
        let service = Service::new(Setup {
            config: http,
            kernel: stage.kernel.clone(),
            authority: Arc::new(People {
                kernel: stage.kernel.clone(),
                tenants: [("alpha", alpha.id()), ("beta", beta.id())],
            }),
            tenants: stage.databases.tenants.clone(),
            modules: vec![routes(Arc::clone(&files))],
            checks: Vec::new(),
        });
        Self {
            service: service.unwrap(),
            clock: stage.clock.clone(),
            alpha,
            beta,
            folder,
            links: Links::new(&keyring, "https://gantry.example"),
            stage,
            files,
            megabytes,
            _room: room,
        }
    }

    pub(crate) fn limit(&self, megabytes: i64) {
        *self.megabytes.lock().unwrap() = Some(megabytes);
    }

    /// Does everything that is due now.
    pub(crate) async fn work(&self) {
        let runner = self.stage.runner(kinds(&self.files), Vec::new());
        runner.drain().await.unwrap();
    }

    async fn call(
        &self,
        who: Option<&str>,
        method: &str,
        path: &str,
        head: &[(&str, &str)],
        body: Bytes,
    ) -> Answer {
        let mut builder = http::Request::builder().method(method).uri(path);
        if let Some(who) = who {
            builder = builder.header("authorization", format!("Bearer {who}"));
        }
        for (name, value) in head {
            builder = builder.header(*name, *value);
        }
        let request = builder.body(body).unwrap();
        let (parts, bytes) = self.service.call(request).await.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            bytes,
        }
    }

    pub(crate) async fn upload(&self, who: &str, media: &str, bytes: impl Into<Bytes>) -> Answer {
        let path = "/api/v1/tenants/alpha/files?name=a%20file";
        let head = [("content-type", media)];
        self.call(Some(who), "POST", path, &head, bytes.into())
            .await
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.call(Some(who), "GET", path, &[], Bytes::new()).await
    }

    /// Follows a link as somebody without a session.
    pub(crate) async fn follow(&self, url: &str) -> Answer {
        let path = url.strip_prefix("https://gantry.example").unwrap_or(url);
        self.call(None, "GET", path, &[], Bytes::new()).await
    }

    pub(crate) fn link(&self, file: FileId, variant: Variant) -> String {
        let opens = Opens {
            tenant: self.alpha.id(),
            file,
            variant,
        };
        self.links.make(opens, self.stage.kernel.now()).url
    }

    /// A record of the test holds the file.
    pub(crate) async fn attach(&self, file: FileId, who: &str) -> Result<(), String> {
        let person = person(who);
        let held = self
            .alpha
            .write(async move |tx| {
                let held = gantry_files::attach(tx, file, person, Holder("test.record"), "1").await;
                Ok::<_, DbError>(held.map(drop).map_err(|error| error.to_string()))
            })
            .await;
        held.unwrap()
    }

    pub(crate) async fn detach(&self, file: FileId) {
        let gone = self
            .alpha
            .write(async move |tx| gantry_files::detach(tx, file).await);
        gone.await.unwrap();
    }

    /// All objects in the folder, with what is in them.
    pub(crate) fn objects(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push((path.clone(), std::fs::read(path).unwrap()));
                }
            }
        }
        found
    }
}

/// A reply.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: http::HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.bytes);
        let body: String = body.chars().take(1_000).collect();
        assert_eq!(self.status, status, "{body}");
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16) -> String {
        self.expect(status).json()["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn file(&self) -> FileId {
        self.json()["id"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

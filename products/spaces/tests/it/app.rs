//! The module behind the real route table and the real queue, with people whose reach is in their token.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_contracts::{Contracts, Limits};
use gantry_db::{TenantDb, TenantState};
use gantry_http::{
    Access, Authority, Credentials, Granted, HttpConfig, Identified, Principal, Service, Session,
    Setup, Standing, Via,
};
use gantry_jobs::Runner;
use gantry_kernel::crypto::Keyring;
use gantry_kernel::{
    IdentityId, Kernel, ManualClock, Problem, Scope, SessionId, Slug, TenantId, Timestamp,
};
use gantry_runtime::ProductModule;
use gantry_spaces::allowance::Allowance;
use gantry_spaces::{MIGRATIONS, Spaces, jobs, people, routes};
use gantry_testkit::{Engine, Stage};
use serde_json::{Value, json};

pub(crate) struct App {
    pub(crate) service: Service,
    pub(crate) clock: ManualClock,
    pub(crate) db: TenantDb,
    allowance: Allowance,
    plan: Arc<TestPlan>,
    stage: Stage,
}

/// What the tenant may have, by name; anything else is not limited.
#[derive(Default)]
struct TestPlan(Mutex<BTreeMap<&'static str, i64>>);

impl Limits for TestPlan {
    fn limit<'a>(
        &'a self,
        _: TenantId,
        name: &'static str,
    ) -> BoxFuture<'a, Result<Option<i64>, Problem>> {
        let limit = self.0.lock().unwrap().get(name).copied();
        std::future::ready(Ok(limit)).boxed()
    }
}

/// Recognises `<role>` (the whole tenant) and `<role>.<unit>` (one unit); the role's first letters may be
/// anything after a dash, so that there are several people of a role: `receptionist-2`.
struct People {
    kernel: Kernel,
    tenant: TenantId,
}

fn permissions(role: &str) -> Vec<String> {
    let declared = Spaces.manifest().roles;
    let role = role.split('-').next().unwrap_or_default();
    let key = match role {
        "owner" => "spaces.manager".to_owned(),
        role => format!("spaces.{role}"),
    };
    let found = declared.iter().find(|declared| declared.key == key);
    found.map_or_else(Vec::new, |role| {
        role.permissions.iter().map(ToString::to_string).collect()
    })
}

/// Who somebody is, by their token.
pub(crate) fn person(who: &str) -> IdentityId {
    let number = who
        .bytes()
        .fold(7_u64, |n, b| n.wrapping_mul(31).wrapping_add(b.into()));
    let text = format!("01987c5e-5d5e-7cc0-8d51-{:012x}", number & 0xffff_ffff_ffff);
    text.parse().unwrap()
}

impl Authority for People {
    fn identify<'a>(
        &'a self,
        credentials: Credentials<'a>,
        tenant: Option<&'a str>,
        _: Option<std::net::IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        async move {
            let (Credentials::Bearer(who) | Credentials::Cookie(who)) = credentials;
            let (role, unit) = who
                .split_once('.')
                .map_or((who, None), |(r, u)| (r, Some(u)));
            let identity = person(who);
            let session: SessionId = self.kernel.id();
            let principal = Principal {
                identity,
                standing: Standing::Session(Session {
                    id: session,
                    multi_factor: true,
                    fresh_until: Some(Timestamp::from_micros(i64::MAX)),
                    operator: None,
                    only: None,
                }),
                via: Via::Bearer,
                platform: [].into(),
            };
            let scope = match unit {
                None => Scope::All,
                Some(unit) => Scope::Units([unit.parse().unwrap()].into()),
            };
            let granted = Granted {
                permissions: Arc::new(permissions(role).into_iter().collect()),
                scope,
            };
            let slug: Slug = "alpha".parse().unwrap();
            let access = (tenant == Some("alpha")).then(|| Access {
                tenant: self.tenant,
                slug,
                state: TenantState::Active,
                grants: vec![granted],
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
        false
    }
}

impl App {
    pub(crate) async fn new(engine: Engine) -> Self {
        let modules = [
            gantry_audit::MIGRATIONS,
            gantry_events::MIGRATIONS,
            gantry_notices::MIGRATIONS,
            gantry_http::migrations(),
            gantry_jobs::MIGRATIONS,
            gantry_files::MIGRATIONS,
            gantry_ledger::MIGRATIONS,
            MIGRATIONS,
        ];
        let stage = Stage::new(engine, modules).await;
        let db = stage.tenant("alpha").await;
        let mut config = HttpConfig::default();
        // The clock stands still, so nothing ever runs back into the buckets.
        let plenty = gantry_http::Quota::new(1_000_000, gantry_kernel::Period::minutes(1));
        config.limits.interactive = plenty;
        config.limits.tenant = plenty;
        config.limits.heavy = plenty;
        let people = People {
            kernel: stage.kernel.clone(),
            tenant: db.id(),
        };
        let plan = Arc::new(TestPlan::default());
        let contracts = Contracts::new();
        contracts.limits.provide(Arc::clone(&plan) as _).unwrap();
        let allowance = Allowance::new(contracts.limits);
        let keyring = Arc::new(Keyring::new("k1", [7; 32]).unwrap());
        let folk = Arc::new(people::People::new(
            stage.kernel.clone(),
            Arc::clone(&keyring),
            "https://gantry.example",
            allowance.clone(),
        ));
        let service = Service::new(Setup {
            config,
            kernel: stage.kernel.clone(),
            authority: Arc::new(people),
            tenants: stage.databases.tenants.clone(),
            modules: vec![routes::routes(&allowance).join(people::routes::routes(&folk))],
            checks: Vec::new(),
        });
        Self {
            service: service.unwrap(),
            clock: stage.clock.clone(),
            db,
            allowance,
            plan,
            stage,
        }
    }

    pub(crate) fn runner(&self) -> Runner {
        self.stage.runner(jobs(&self.allowance), Vec::new())
    }

    /// From now on the tenant may have this many.
    pub(crate) fn limit(&self, name: &'static str, most: i64) {
        self.plan.0.lock().unwrap().insert(name, most);
    }

    /// Does everything that is due now.
    pub(crate) async fn work(&self) {
        self.runner().drain().await.unwrap();
    }

    pub(crate) fn ask<'a>(&'a self, who: &str, method: &str, path: &str) -> Ask<'a> {
        let builder = http::Request::builder()
            .method(method)
            .uri(format!("/api/v1/tenants/alpha/spaces{path}"))
            .header("authorization", format!("Bearer {who}"));
        Ask {
            app: self,
            builder,
            body: Bytes::new(),
        }
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, "GET", path).send().await
    }

    pub(crate) async fn post(&self, who: &str, path: &str, body: Value) -> Answer {
        self.ask(who, "POST", path).json(&body).send().await
    }

    /// A branch of this code; its id.
    pub(crate) async fn branch(&self, code: &str) -> String {
        let body = json!({ "code": code, "name": format!("Hall {code}") });
        self.post("owner", "/branches", body).await.expect(201).id()
    }

    /// A student; the whole record.
    pub(crate) async fn student(&self, branch: &str, name: &str, phone: &str) -> Value {
        let body = json!({ "branch_id": branch, "name": name, "phone": phone });
        self.post("owner", "/students", body)
            .await
            .expect(201)
            .json()
    }

    /// Uploads a file as the owner; the import.
    pub(crate) async fn upload(&self, query: &str, bytes: impl Into<Bytes>) -> Value {
        let path = format!("/imports{query}");
        let ask = self
            .ask("owner", "POST", &path)
            .header("content-type", "text/csv");
        ask.bytes(bytes).send().await.expect(201).json()
    }

    /// Uploads and runs a file to its end; the import afterwards.
    pub(crate) async fn import(&self, query: &str, bytes: impl Into<Bytes>) -> Value {
        let import = self.upload(query, bytes).await;
        let path = format!("/imports/{}", import["id"].as_str().unwrap());
        self.ask("owner", "POST", &format!("{path}/run"))
            .send()
            .await
            .expect(202);
        self.work().await;
        self.get("owner", &path).await.expect(200).json()
    }

    /// A clean file that somebody uploaded, as the module of files leaves it.
    pub(crate) async fn file(&self, who: &str, media: &'static str) -> String {
        let id: gantry_files::FileId = self.stage.kernel.id();
        let (by, now) = (person(who), self.stage.kernel.now());
        let insert = self.db.write(async move |tx| {
            let insert = gantry_db::sql!(
                "insert into files (id, state, media, bytes, sha256, sealed_key, uploaded_by, created_at, updated_at)
                 values ($1, 'clean', $2, 10, 'none', $3, $4, $5, $5)"
            );
            let none: Vec<u8> = Vec::new();
            tx.execute(insert, &gantry_db::args![id, media, none, by, now]).await
        });
        assert_eq!(insert.await.unwrap(), 1);
        id.to_string()
    }

    /// How many rows a statement counts.
    pub(crate) async fn count(&self, count: gantry_db::Sql) -> i64 {
        let counted = self
            .db
            .read(async move |tx| tx.one::<i64>(count, &gantry_db::args![]).await);
        counted.await.unwrap()
    }

    /// All items of a list, page by page.
    pub(crate) async fn all(&self, who: &str, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut token = String::new();
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let page = format!("{path}{sign}page_size=100&page_token={token}");
            let page = self.get(who, &page).await.expect(200).json();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_page_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => return items,
            }
        }
    }
}

/// A request.
pub(crate) struct Ask<'a> {
    app: &'a App,
    builder: http::request::Builder,
    body: Bytes,
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    pub(crate) fn version(self, version: u32) -> Self {
        self.header("if-match", &format!("\"v{version}\""))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .bytes(body.to_string())
    }

    pub(crate) fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let request = self.builder.body(self.body).unwrap();
        let (parts, bytes) = self.app.service.call(request).await.into_parts();
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            bytes,
        };
        answer.check(&self.app.service);
        answer
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
        assert_eq!(
            self.status,
            status,
            "{}",
            body.chars().take(2_000).collect::<String>()
        );
        self
    }

    /// The code of a problem with this status.
    #[track_caller]
    pub(crate) fn refused(self, status: u16) -> String {
        let answer = self.expect(status);
        answer.json()["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.to_vec()).unwrap()
    }

    /// Every code is documented with the status it comes with.
    fn check(&self, service: &Service) {
        if self.status >= 400 && self.header("content-type") == "application/problem+json" {
            let problem = self.json();
            let code = problem["code"].as_str().unwrap();
            let known = service.table().error_codes();
            let known = known.iter().find(|known| known.code == code);
            let known = known.unwrap_or_else(|| panic!("{code} is not documented"));
            assert_eq!(known.status, self.status, "{code} came with another status");
        }
    }
}

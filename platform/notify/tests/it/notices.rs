//! From a telling to its reader: over the jobs and the HTTP edge, with people and sessions in the test's hands.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_contracts::{Contracts, People};
use gantry_db::{ControlTx, TenantDb, TenantTx};
use gantry_http::{
    Authority, Credentials, HttpConfig, Identified, Principal, Service, Session, Setup, Standing,
    Via,
};
use gantry_jobs::Runner;
use gantry_kernel::{ApiKeyId, IdentityId, Kernel, Permission, Problem, SessionId, TenantId};
use gantry_notices::{Notice, tell};
use gantry_notify::Notices;
use gantry_testkit::{Engine, Stage, both_engines};
use serde_json::{Value, json};

const DAY: u64 = 24 * 3_600;
const KIND: &str = "test.thing.happened";
const READ: Permission = Permission::new("test.thing.read");

/// Members of tenants, and operators, each of whom holds everything that begins with `test`.
#[derive(Default)]
struct Book {
    members: Mutex<Vec<(TenantId, IdentityId)>>,
    operators: Vec<IdentityId>,
}

impl People for Book {
    fn is_member<'a>(
        &'a self,
        _: &'a mut ControlTx,
        tenant: TenantId,
        person: IdentityId,
    ) -> BoxFuture<'a, Result<bool, Problem>> {
        let found = self.members.lock().unwrap().contains(&(tenant, person));
        async move { Ok(found) }.boxed()
    }

    fn operators<'a>(
        &'a self,
        _: &'a mut ControlTx,
        permission: &'a str,
    ) -> BoxFuture<'a, Result<Vec<IdentityId>, Problem>> {
        let held = permission.starts_with("test.");
        let found = if held {
            self.operators.clone()
        } else {
            Vec::new()
        };
        async move { Ok(found) }.boxed()
    }
}

/// Lets the token say who calls: `own`, `acted` (staff act as the person), `key`, or the tenant whose provider vouched.
struct Sessions {
    person: IdentityId,
    kernel: Kernel,
}

impl Authority for Sessions {
    fn identify<'a>(
        &'a self,
        credentials: Credentials<'a>,
        _: Option<&'a str>,
        _: Option<std::net::IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        let Credentials::Bearer(token) = credentials else {
            return async { Err(Problem::not_found()) }.boxed();
        };
        let session = Session {
            id: self.kernel.id(),
            multi_factor: true,
            fresh_until: None,
            operator: (token == "acted").then(|| self.kernel.id()),
            only: token.parse().ok(),
        };
        let standing = match token {
            "key" => Standing::Key(self.kernel.id::<ApiKeyId>()),
            _ => Standing::Session(session),
        };
        let identified = Identified {
            principal: Principal {
                identity: self.person,
                standing,
                via: Via::Bearer,
                platform: BTreeSet::new(),
            },
            access: None,
            second_factor_only: false,
        };
        async move { Ok(identified) }.boxed()
    }

    fn csrf_ok(&self, _: SessionId, _: &str) -> bool {
        true
    }
}

struct World {
    stage: Stage,
    runner: Runner,
    service: Service,
    book: Arc<Book>,
    person: IdentityId,
}

impl World {
    async fn new(engine: Engine) -> Self {
        let modules = [
            gantry_jobs::MIGRATIONS,
            gantry_events::MIGRATIONS,
            gantry_notices::MIGRATIONS,
        ];
        let stage = Stage::new(engine, modules).await;
        let person = stage.kernel.id();
        let book = Arc::new(Book {
            operators: vec![person, stage.kernel.id()],
            ..Book::default()
        });
        let contracts = Contracts::new();
        contracts.people.provide(Arc::clone(&book) as _).unwrap();
        let notices = Arc::new(Notices::new(
            stage.databases.control.clone(),
            contracts.people.clone(),
            Duration::from_secs(30 * DAY),
        ));
        let mut config = HttpConfig::default();
        config.limits.off = true;
        let service = Service::new(Setup {
            config,
            kernel: stage.kernel.clone(),
            authority: Arc::new(Sessions {
                person,
                kernel: stage.kernel.clone(),
            }),
            tenants: stage.databases.tenants.clone(),
            modules: vec![notices.routes()],
            checks: Vec::new(),
        })
        .unwrap();
        Self {
            runner: stage.runner(notices.jobs(), Notices::schedules()),
            stage,
            service,
            book,
            person,
        }
    }

    async fn work(&self) {
        self.runner.drain().await.unwrap();
    }

    fn join(&self, tenant: &TenantDb) {
        let member = (tenant.id(), self.person);
        self.book.members.lock().unwrap().push(member);
    }

    async fn tell(&self, notice: Notice) {
        let control = &self.stage.databases.control;
        let told = control.write(async move |tx: &mut ControlTx| tell(tx, notice.clone()).await);
        told.await.unwrap();
    }

    async fn call(&self, token: &str, body: Option<Value>) -> (u16, Value) {
        let (method, path) = match body {
            Some(_) => ("POST", "/api/v1/me/notices/read"),
            None => ("GET", "/api/v1/me/notices"),
        };
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8080")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body.into())
            .unwrap();
        let (parts, body) = self.service.call(request).await.into_parts();
        (
            parts.status.as_u16(),
            serde_json::from_slice(&body).unwrap_or(Value::Null),
        )
    }

    async fn list(&self, token: &str) -> Value {
        let (status, page) = self.call(token, None).await;
        assert_eq!(status, 200, "{page}");
        page
    }

    async fn count(&self, token: &str) -> usize {
        self.list(token).await["items"].as_array().unwrap().len()
    }
}

/// Tells in a tenant's database.
async fn tell_in(tenant: &TenantDb, notice: Notice) {
    let told = tenant.write(async move |tx: &mut TenantTx| tell(tx, notice.clone()).await);
    told.await.unwrap();
}

both_engines! {
    async fn what_a_tenant_tells_reaches_a_member_and_nobody_who_left(engine: Engine) {
        let world = World::new(engine).await;
        let (north, south) = (world.stage.tenant("north").await, world.stage.tenant("south").await);
        world.join(&north);
        let notice = Notice::to_person(KIND, world.person).with("n", 7).once("one");
        tell_in(&north, notice.clone()).await;
        tell_in(&south, notice).await;
        world.stage.clock.advance(Duration::from_secs(1));
        world.work().await;
        let page = world.list("own").await;
        assert_eq!(page["unread"], json!(1), "{page}");
        assert_eq!(page["items"][0]["tenant"]["slug"], json!("north"));
        assert_eq!(page["items"][0]["subjects"], json!({"n": 7}));
        // It happened before the job ran.
        assert_ne!(page["items"][0]["at"], json!(world.stage.kernel.now()));

        // A job that ran and died before it was done, and the same told again.
        tell_in(&north, Notice::to_person(KIND, world.person).once("one")).await;
        world.work().await;
        assert_eq!(world.count("own").await, 1);
    }

    async fn operators_are_told_by_what_they_hold(engine: Engine) {
        let world = World::new(engine).await;
        let north = world.stage.tenant("north").await;
        world.tell(Notice::to_operators(KIND, READ)).await;
        world.tell(Notice::to_operators(KIND, Permission::new("other.thing.read"))).await;
        tell_in(&north, Notice::to_operators(KIND, READ).with("tenant", north.id().to_string())).await;
        world.work().await;
        let page = world.list("own").await;
        assert_eq!(page["items"].as_array().unwrap().len(), 2, "{page}");
        for notice in page["items"].as_array().unwrap() {
            assert_eq!(notice["tenant"], Value::Null, "the platform's, wherever it happened");
        }
    }

    async fn a_session_sees_what_it_may(engine: Engine) {
        let world = World::new(engine).await;
        let (north, south) = (world.stage.tenant("north").await.id(), world.stage.tenant("south").await.id());
        let about = |tenant| Notice::to_person(KIND, world.person).in_tenant(tenant);
        world.tell(about(north)).await;
        world.tell(about(south)).await;
        world.tell(Notice::to_person(KIND, world.person)).await;
        let (only, none) = (north.to_string(), json!({"items": [], "unread": 0}));
        assert_eq!(world.count("own").await, 3);
        let page = world.list(&only).await;
        assert_eq!((&page["unread"], &page["items"][0]["tenant"]["slug"]), (&json!(1), &json!("north")));
        assert_eq!(world.list("acted").await, none);
        assert_eq!(world.call("key", None).await.0, 403);

        let last = world.list("own").await["items"][0]["id"].clone();
        let all = json!({"up_to": last});
        assert_eq!(world.call("acted", Some(all.clone())).await.0, 403);
        assert_eq!(world.call("key", Some(all.clone())).await.0, 403);
        assert_eq!(world.call(&only, Some(all.clone())).await, (200, json!({"unread": 0})));
        assert_eq!(world.list("own").await["unread"], json!(2), "the others are none of its business");
        assert_eq!(world.call("own", Some(all)).await, (200, json!({"unread": 0})));
    }

    async fn what_was_read_goes_after_its_time(engine: Engine) {
        let world = World::new(engine).await;
        world.tell(Notice::to_person(KIND, world.person)).await;
        world.tell(Notice::to_person(KIND, world.person)).await;
        let read = world.list("own").await["items"][0]["id"].clone();
        world.call("own", Some(json!({"ids": [read]}))).await;
        world.work().await;
        world.stage.clock.advance(Duration::from_secs(29 * DAY));
        world.work().await;
        assert_eq!(world.count("own").await, 2);
        // The sweep comes every six hours, give or take.
        world.stage.clock.advance(Duration::from_secs(2 * DAY));
        world.work().await;
        let left = world.list("own").await;
        assert_eq!((left["items"].as_array().unwrap().len(), &left["unread"]), (1, &json!(1)), "{left}");
    }
}

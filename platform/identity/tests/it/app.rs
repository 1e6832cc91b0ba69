//! The module under test, with a tenancy that only writes the directory and a mail that is read by the test.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_contracts::{Contracts, Limits, Members, NewWorkspace, Units, Workspaces};
use gantry_db::{ControlDb, ControlTx, DbError, Sql, TenantState, args, directory, sql};
use gantry_http::{HttpConfig, Service, Setup};
use gantry_identity::{
    Declared, Identity, IdentityConfig, MIGRATIONS, Needs, NewUser, Role, Roles,
};
use gantry_jobs::{OutboxId, OutboxMail, Place};
use gantry_kernel::crypto::Keyring;
use gantry_kernel::{Kernel, ManualClock, Problem, ScopeKind, Secret, Slug, TenantId, UnitId};
use gantry_outbound::{Outbound, OutboundSettings};
use gantry_testkit::{Engine, Stage};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "nine brass lamps burn";
const ORIGIN: &str = "http://127.0.0.1:8080";

pub(crate) struct App {
    pub(crate) identity: Arc<Identity>,
    pub(crate) service: Service,
    pub(crate) clock: ManualClock,
    pub(crate) kernel: Kernel,
    pub(crate) control: ControlDb,
    pub(crate) member_limit: Arc<Limit>,
    units: Arc<Halls>,
    pub(crate) stage: Arc<Stage>,
}

struct Directory;

impl Workspaces for Directory {
    fn begin<'a>(
        &'a self,
        tx: &'a mut ControlTx,
        workspace: NewWorkspace,
    ) -> BoxFuture<'a, Result<TenantId, Problem>> {
        async move {
            let id: TenantId = tx.kernel().id();
            let slug = workspace
                .slug
                .or_else(|| Slug::from_name(workspace.name.as_str()))
                .ok_or_else(Problem::not_found)?;
            directory::insert(tx, id, &slug, workspace.name.as_str()).await?;
            Ok(id)
        }
        .boxed()
    }
}

pub(crate) struct Limit(pub(crate) AtomicI64);

impl Limits for Limit {
    fn limit<'a>(
        &'a self,
        _: TenantId,
        _: &'static str,
    ) -> BoxFuture<'a, Result<Option<i64>, Problem>> {
        let most = self.0.load(Ordering::Relaxed);
        async move { Ok((most >= 0).then_some(most)) }.boxed()
    }
}

/// The units of the tenants, which a product would keep.
#[derive(Default)]
struct Halls(Mutex<BTreeSet<(TenantId, UnitId)>>);

impl Units for Halls {
    fn unknown(
        &self,
        tenant: TenantId,
        mut asked: BTreeSet<UnitId>,
    ) -> BoxFuture<'_, Result<BTreeSet<UnitId>, Problem>> {
        let known = self.0.lock().unwrap();
        asked.retain(|unit| !known.contains(&(tenant, *unit)));
        async move { Ok(asked) }.boxed()
    }
}

/// Two permissions of a product, and a role that can be given by unit.
fn roles() -> Roles {
    let carries = |names: &[&str]| Arc::new(names.iter().map(ToString::to_string).collect());
    let declared = |name: &str, scopes: &[ScopeKind]| Declared {
        name: name.to_owned(),
        title: format!("May {name}"),
        scopes: scopes.to_vec(),
    };
    let people = [
        "identity.member.read",
        "identity.member.manage",
        "identity.role.manage",
        "identity.service.read",
        "identity.service.manage",
        "identity.ownership.transfer",
        "identity.audit.read",
    ]
    .map(|name| declared(name, &[ScopeKind::All]));
    let students = ["spaces.student.read", "spaces.student.edit"]
        .map(|name| declared(name, &[ScopeKind::All, ScopeKind::Units]));
    let manager = Role {
        key: "spaces.manager".into(),
        title: "Manager".into(),
        permissions: carries(&["spaces.student.read", "spaces.student.edit"]),
        scopes: vec![ScopeKind::All, ScopeKind::Units],
    };
    let host = Role {
        key: "people.host".into(),
        title: "Host".into(),
        permissions: carries(&["identity.member.read", "identity.member.manage"]),
        scopes: vec![ScopeKind::All],
    };
    Roles::new(
        people.into_iter().chain(students),
        [manager, host],
        [
            "tenancy.tenant.read",
            "identity.account.unlock",
            "identity.person.read",
            "identity.person.suspend",
            "identity.person.impersonate",
        ]
        .map(str::to_owned),
    )
}

/// Master keys by number; the first seals.
pub(crate) fn keyring(numbers: &[u8]) -> Keyring {
    let name = |number: u8| format!("k{number}");
    let mut ring = Keyring::new(&name(numbers[0]), [numbers[0]; 32]).unwrap();
    for number in &numbers[1..] {
        ring.add(&name(*number), [*number; 32]).unwrap();
    }
    ring
}

impl App {
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::with(engine, |_| {}).await
    }

    /// As [`App::new`], with other settings.
    pub(crate) async fn with(engine: Engine, set: impl FnOnce(&mut IdentityConfig)) -> Self {
        Self::on(Self::stage(engine).await, keyring(&[1]), set)
    }

    /// Databases and a clock, before anything runs on them.
    pub(crate) async fn stage(engine: Engine) -> Arc<Stage> {
        let modules = [
            gantry_audit::MIGRATIONS,
            gantry_events::MIGRATIONS,
            gantry_notices::MIGRATIONS,
            gantry_http::migrations(),
            gantry_jobs::MIGRATIONS,
            MIGRATIONS,
        ];
        Arc::new(Stage::new(engine, modules).await)
    }

    /// As [`App::new`], where people use another address.
    pub(crate) async fn called(engine: Engine, public_url: &str) -> Self {
        Self::at(Self::stage(engine).await, keyring(&[1]), public_url, |_| {})
    }

    /// Another process over the same databases, with these master keys; the first seals.
    pub(crate) fn beside(&self, master_keys: &[u8]) -> Self {
        Self::on(Arc::clone(&self.stage), keyring(master_keys), |_| {})
    }

    pub(crate) fn on(
        stage: Arc<Stage>,
        keyring: Keyring,
        set: impl FnOnce(&mut IdentityConfig),
    ) -> Self {
        Self::at(stage, keyring, ORIGIN, set)
    }

    fn at(
        stage: Arc<Stage>,
        keyring: Keyring,
        public_url: &str,
        set: impl FnOnce(&mut IdentityConfig),
    ) -> Self {
        let (kernel, databases) = (stage.kernel.clone(), &stage.databases);
        let contracts = Contracts::new();
        let member_limit = Arc::new(Limit(AtomicI64::new(-1)));
        contracts.workspaces.provide(Arc::new(Directory)).unwrap();
        contracts
            .limits
            .provide(Arc::clone(&member_limit) as _)
            .unwrap();
        let units = Arc::new(Halls::default());
        contracts.units.fill(vec![Arc::clone(&units) as _]);
        let mut config = IdentityConfig {
            hash_memory_kib: 64,
            hash_passes: 1,
            ..IdentityConfig::default()
        };
        set(&mut config);
        let identity = Identity::start(Needs {
            kernel: kernel.clone(),
            control: databases.control.clone(),
            keyring: Arc::new(keyring),
            roles: roles(),
            workspaces: contracts.workspaces.clone(),
            limits: contracts.limits.clone(),
            units: contracts.units.clone(),
            public_url: public_url.into(),
            outbound: Outbound::new(OutboundSettings {
                allow_private: vec!["127.0.0.1".to_owned()],
                ..OutboundSettings::default()
            }),
            config,
        })
        .unwrap();
        let mut http = HttpConfig::default();
        http.limits.off = true;
        let service = Service::new(Setup {
            config: http,
            kernel: kernel.clone(),
            authority: Arc::clone(&identity) as _,
            tenants: databases.tenants.clone(),
            modules: vec![identity.routes()],
            checks: Vec::new(),
        })
        .unwrap();
        let control = databases.control.clone();
        Self {
            identity,
            service,
            clock: stage.clock.clone(),
            kernel,
            control,
            member_limit,
            units,
            stage,
        }
    }

    /// Does the background work that is due.
    pub(crate) async fn work(&self) {
        let runner = self
            .stage
            .runner(self.identity.jobs(), Identity::schedules());
        runner.drain().await.unwrap();
    }

    /// A new unit of a tenant.
    pub(crate) fn unit(&self, tenant: TenantId) -> UnitId {
        let unit = self.kernel.id();
        self.units.0.lock().unwrap().insert((tenant, unit));
        unit
    }

    pub(crate) async fn count(&self, count: Sql) -> i64 {
        self.control
            .read(async move |tx| tx.one(count, &args![]).await)
            .await
            .unwrap()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn send(&self, ask: Ask) -> Answer {
        let mut request = http::Request::builder()
            .method(ask.method)
            .uri(&ask.path)
            .header("host", "127.0.0.1:8080");
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let body = match ask.body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Bytes::from(serde_json::to_vec(&body).unwrap())
            }
            None => Bytes::new(),
        };
        let request = request.body(body).unwrap();
        let response = self.service.call_from(ask.peer, request).await;
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }

    /// The mails of one kind to an address, newest first, as they would be filled in now; `None` for those
    /// that are not wanted any more.
    pub(crate) async fn mails(&self, to: &str, template: &str) -> Vec<Option<Value>> {
        let (wanted, kind) = (to.to_owned(), template.to_owned());
        let rows: Vec<(OutboxId, String)> = self
            .control
            .read(async move |tx| {
                tx.all(
                    sql!(
                        "select id, params from outbox where recipient = $1 and template = $2
                         order by created_at desc, id desc"
                    ),
                    &args![wanted, kind],
                )
                .await
            })
            .await
            .unwrap();
        let kinds = self.identity.mails();
        let kind = kinds.iter().find(|kind| kind.name == template).unwrap();
        let mut mails = Vec::new();
        for (id, params) in rows {
            let mail = OutboxMail {
                id,
                to: to.parse().unwrap(),
                params: serde_json::from_str(&params).unwrap(),
                place: Place::Control,
            };
            mails.push(kind.prepare(mail).await.unwrap());
        }
        mails
    }

    /// The token in the newest mail to an address whose link is still wanted.
    pub(crate) async fn token(&self, to: &str) -> String {
        for template in [
            "identity.invitation",
            "identity.reset_password",
            "identity.verify_email",
            "identity.change_email",
        ] {
            let found = self.mails(to, template).await.into_iter().flatten().next();
            if let Some(vars) = found {
                return token_of(match vars.get("sign_ups") {
                    Some(sign_ups) => &sign_ups[0],
                    None => &vars,
                });
            }
        }
        panic!("no mail with a link to {to}");
    }

    pub(crate) async fn sign_up(&self, email: &str, workspace: &str) -> Answer {
        self.send(Ask::post("/api/v1/auth/sign-ups").json(json!({
            "email": email, "password": PASSWORD, "name": "Some Person", "workspace_name": workspace,
        })))
        .await
    }

    pub(crate) async fn verify(&self, token: &str) -> Answer {
        self.send(Ask::post("/api/v1/auth/verifications").json(json!({ "token": token })))
            .await
    }

    /// A confirmed person with an active workspace: its id and the person's id.
    pub(crate) async fn owner(&self, email: &str, workspace: &str) -> (TenantId, String) {
        assert_eq!(self.sign_up(email, workspace).await.status, 202);
        let mailbox = email.trim().to_lowercase();
        let verified = self.verify(&self.token(&mailbox).await).await;
        assert_eq!(verified.status, 200, "{:?}", verified.json);
        assert_eq!(verified.json["tenant"]["state"], "provisioning");
        let tenant: TenantId = verified.json["tenant"]["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let person = verified.json["identity"].as_str().unwrap().to_owned();
        self.stage
            .databases
            .tenants
            .provision(tenant)
            .await
            .unwrap();
        let (identity, owner) = (Arc::clone(&self.identity), person.parse().unwrap());
        self.control
            .write(async move |tx| {
                directory::set_state(tx, tenant, TenantState::Active, None).await?;
                identity
                    .add_owner(tx, tenant, owner)
                    .await
                    .map_err(|_| DbError::NoRow)?;
                identity
                    .add_owner(tx, tenant, owner)
                    .await
                    .map_err(|_| DbError::NoRow)
            })
            .await
            .unwrap();
        (tenant, person)
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.send(Ask::log_in(email, password)).await
    }

    /// An operator of the platform, with a second factor: the id and an access token.
    pub(crate) async fn operator(&self, email: &str) -> (String, String) {
        let made = self
            .identity
            .rescue_create(NewUser {
                email: email.parse().unwrap(),
                name: "Platform Staff".parse().unwrap(),
                password: Some(Secret::new(PASSWORD.to_owned())),
                operator: true,
            })
            .await
            .unwrap();
        (made.identity.to_string(), self.guard(email).await.access)
    }

    /// Access and refresh token of a new session.
    pub(crate) async fn tokens(&self, email: &str) -> (String, String) {
        let answer = self.log_in(email, PASSWORD).await;
        assert_eq!(answer.status, 201, "{:?}", answer.json);
        (answer.text("access_token"), answer.text("refresh_token"))
    }

    pub(crate) async fn me(&self, access: &str) -> u16 {
        self.send(Ask::get("/api/v1/me").bearer(access))
            .await
            .status
    }

    /// How often an action was written to the audit log of control.
    pub(crate) async fn audited(&self, action: &str) -> i64 {
        let action = action.to_owned();
        self.control
            .read(async move |tx| {
                tx.one::<i64>(
                    sql!("select count(*) from audit where action = $1"),
                    &args![action],
                )
                .await
            })
            .await
            .unwrap()
    }

    /// Invites and accepts with a new account; answers the person's id.
    pub(crate) async fn invite(
        &self,
        access: &str,
        slug: &str,
        email: &str,
        grant: Value,
    ) -> String {
        let mut body = grant;
        body["email"] = json!(email);
        let path = format!("/api/v1/tenants/{slug}/identity/invitations");
        let invited = self.send(Ask::post(&path).bearer(access).json(body)).await;
        assert_eq!(invited.status, 201, "{:?}", invited.json);
        let token = self.token(email).await;
        let accepted = self
            .send(Ask::post("/api/v1/auth/invitations/accept").json(json!({
                "token": token, "name": "Invited Person", "password": PASSWORD,
            })))
            .await;
        assert_eq!(accepted.status, 200, "{:?}", accepted.json);
        accepted.text("identity")
    }
}

/// The token of the link in what a template is filled in with.
pub(crate) fn token_of(vars: &Value) -> String {
    let link = vars["link"].as_str().unwrap();
    assert!(link.starts_with(ORIGIN), "{link}");
    link.split_once("#token=").unwrap().1.to_owned()
}

pub(crate) struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
    peer: Option<IpAddr>,
}

impl Ask {
    fn new(method: &'static str, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
            peer: None,
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    pub(crate) fn put(path: &str) -> Self {
        Self::new("PUT", path)
    }

    pub(crate) fn delete(path: &str) -> Self {
        Self::new("DELETE", path)
    }

    pub(crate) fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        let value = format!("Bearer {token}");
        self.header("authorization", &value)
    }

    pub(crate) fn log_in(email: &str, password: &str) -> Self {
        Self::post("/api/v1/auth/sessions").json(json!({ "email": email, "password": password }))
    }

    pub(crate) fn from(mut self, peer: &str) -> Self {
        self.peer = Some(peer.parse().unwrap());
        self
    }

    /// From a browser that holds this cookie of devices.
    pub(crate) fn device(self, value: &str) -> Self {
        let value = format!("other=1; __Host-gantry_device={value}");
        self.header("cookie", &value)
    }

    pub(crate) fn cookie(self, value: &str) -> Self {
        let value = format!("__Host-gantry_session={value}");
        self.header("cookie", &value)
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn text(&self, name: &str) -> String {
        self.json[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.json))
            .to_owned()
    }

    pub(crate) fn code(&self) -> String {
        let kind = self.text("type");
        kind.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// The value of the session cookie it sets.
    pub(crate) fn cookie(&self) -> Option<String> {
        let line = self.headers.get("set-cookie")?.to_str().unwrap();
        let value = line
            .split(';')
            .next()?
            .strip_prefix("__Host-gantry_session=")?;
        Some(value.to_owned())
    }

    /// The value of the cookie of devices it sets.
    pub(crate) fn device(&self) -> Option<String> {
        let lines = self.headers.get_all("set-cookie");
        let line = lines.iter().map(|line| line.to_str().unwrap());
        let line = line
            .into_iter()
            .find_map(|line| line.strip_prefix("__Host-gantry_device="))?;
        assert!(
            line.contains("; Secure; HttpOnly; SameSite=Lax; Max-Age="),
            "{line}"
        );
        line.split(';').next().map(str::to_owned)
    }

    pub(crate) fn retry_after(&self) -> u64 {
        self.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// What a client can see, without what is different in every answer.
    pub(crate) fn visible(&self) -> (u16, Value) {
        let mut json = self.json.clone();
        if let Some(object) = json.as_object_mut() {
            object.remove("request_id");
            object.remove("instance");
        }
        (self.status, json)
    }
}

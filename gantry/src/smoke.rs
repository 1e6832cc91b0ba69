//! Whether this program can serve what a backup holds: it is put together over restored databases and asked everything about a
//! tenant that needs no more than the tenant's name.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_backup::{Answer, Api, Smoke};
use gantry_db::{ControlDb, Databases, MigrationSet, directory};
use gantry_http::{
    Access, AccessRule, Authority, Credentials, Granted, Identified, Principal, Service, Session,
    Standing, Via,
};
use gantry_kernel::{IdentityId, Kernel, Problem, Scope, SessionId, TenantId};
use gantry_runtime::{
    Catalogue, PermissionDecl, Registry, RegistryError, StartError, Surroundings, rehearse,
};

use crate::modules::modules;

/// The tenant's name in a path.
const TENANT: &str = "{tenant}";

/// Puts this program together over restored copies.
pub(crate) struct Rehearsed {
    around: Surroundings,
    kernel: Kernel,
}

impl Rehearsed {
    /// As [`gantry_backup::module_with`] wants it.
    pub(crate) fn smoke(around: Surroundings) -> Arc<dyn Smoke> {
        let kernel = around.kernel().clone();
        Arc::new(Self { around, kernel })
    }
}

fn registry() -> Result<Registry, RegistryError> {
    Registry::new(modules().0)
}

impl Smoke for Rehearsed {
    fn migrations(&self) -> Result<MigrationSet, String> {
        let registry = registry().map_err(|error| error.to_string())?;
        Ok(registry.migrations().clone())
    }

    fn over(&self, databases: &Databases) -> Result<Box<dyn Api>, String> {
        let told = |error: StartError| error.to_string();
        let registry = registry().map_err(|error| told(error.into()))?;
        let caller = Arc::new(Caller {
            control: databases.control.clone(),
            catalogue: Arc::clone(registry.catalogue()),
            kernel: self.kernel.clone(),
            person: Mutex::new(self.kernel.id()),
        });
        let authority = Arc::<Caller>::clone(&caller);
        let service = rehearse(registry, &self.around, databases, authority).map_err(told)?;
        let described = service.table().openapi();
        Ok(Box::new(Asking {
            service,
            caller,
            described,
        }))
    }
}

/// Who asks: somebody who may do everything, in the tenant and on the platform.
struct Caller {
    control: ControlDb,
    catalogue: Arc<Catalogue>,
    kernel: Kernel,
    person: Mutex<IdentityId>,
}

impl Caller {
    fn become_person(&self, person: IdentityId) {
        *self.person.lock().unwrap_or_else(PoisonError::into_inner) = person;
    }

    fn principal(&self) -> Principal {
        Principal {
            identity: *self.person.lock().unwrap_or_else(PoisonError::into_inner),
            standing: Standing::Session(Session {
                id: self.kernel.id::<SessionId>(),
                multi_factor: true,
                fresh_until: None,
                operator: None,
                only: None,
            }),
            via: Via::Bearer,
            platform: names(self.catalogue.platform_permissions()),
        }
    }

    async fn access(&self, tenant: &str) -> Result<Option<Access>, Problem> {
        let Ok(id) = tenant.parse::<TenantId>() else {
            return Ok(None);
        };
        let found = self
            .control
            .read(async |tx| directory::by_id(tx, id).await)
            .await?;
        Ok(found.map(|tenant| Access {
            tenant: id,
            slug: tenant.slug,
            state: tenant.state,
            grants: vec![Granted {
                permissions: Arc::new(names(self.catalogue.tenant_permissions())),
                scope: Scope::All,
            }],
        }))
    }
}

fn names<'a>(declared: impl Iterator<Item = &'a PermissionDecl>) -> BTreeSet<String> {
    let name = |one: &PermissionDecl| one.permission.as_str().to_owned();
    declared.map(name).collect()
}

impl Authority for Caller {
    fn identify<'a>(
        &'a self,
        _: Credentials<'a>,
        tenant: Option<&'a str>,
        _: Option<IpAddr>,
    ) -> BoxFuture<'a, Result<Identified, Problem>> {
        async move {
            let access = match tenant {
                Some(tenant) => self.access(tenant).await?,
                None => None,
            };
            Ok(Identified {
                principal: self.principal(),
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

/// The API over restored databases.
struct Asking {
    service: Service,
    caller: Arc<Caller>,
    /// What the API says of itself.
    described: serde_json::Value,
}

impl Asking {
    /// Every question that can be asked knowing no more than the tenant's name, or, about the installation, nothing at all.
    fn questions(&self, about_tenant: bool) -> Vec<&'static str> {
        let operations = self.service.table().operations().into_iter();
        operations
            .filter(|(method, path, _, access)| {
                let asked = match access {
                    AccessRule::Tenant(..) | AccessRule::Member => about_tenant,
                    AccessRule::Platform(_) => true,
                    AccessRule::Public(_) => *path == "/readyz",
                    AccessRule::SignedIn => false,
                };
                let parameters = path.matches('{').count();
                let known = path.contains(TENANT) == about_tenant
                    && parameters == usize::from(about_tenant);
                asked && known && *method == http::Method::GET && !self.wants_more(path)
            })
            .map(|(_, path, _, _)| path)
            .collect()
    }

    /// Whether the question lacks something without a parameter in its query.
    fn wants_more(&self, path: &str) -> bool {
        let parameters = &self.described["paths"][path]["get"]["parameters"];
        let needed = |one: &serde_json::Value| one["in"] == "query" && one["required"] == true;
        parameters
            .as_array()
            .is_some_and(|all| all.iter().any(needed))
    }

    async fn get(&self, path: &str) -> (u16, Bytes) {
        let request = http::Request::get(path)
            .header(http::header::AUTHORIZATION, "Bearer rehearsal")
            .body(Bytes::new());
        match request {
            Ok(request) => {
                let answer = self.service.call(request).await;
                (answer.status().as_u16(), answer.into_body())
            }
            Err(_) => (0, Bytes::new()),
        }
    }
}

impl Api for Asking {
    fn ask(&self, tenant: Option<TenantId>) -> BoxFuture<'_, Vec<Answer>> {
        async move {
            let name = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
            if tenant.is_some() {
                // Some of it is about whoever asks, so an owner does.
                let members = format!("/api/v1/tenants/{name}/identity/members");
                if let Some(owner) = owner_in(&self.get(&members).await.1) {
                    self.caller.become_person(owner);
                }
            }
            let mut answers = Vec::new();
            for path in self.questions(tenant.is_some()) {
                let (status, body) = self.get(&path.replace(TENANT, &name)).await;
                if !(200..300).contains(&status) {
                    let body = String::from_utf8_lossy(&body);
                    tracing::warn!(path, status, %body, "a restored copy is not served");
                }
                let asked = format!("GET {path}");
                answers.push(Answer { asked, status });
            }
            answers
        }
        .boxed()
    }
}

/// The first owner in a list of members.
fn owner_in(members: &[u8]) -> Option<IdentityId> {
    let listed: serde_json::Value = serde_json::from_slice(members).ok()?;
    let items = listed["items"].as_array()?.iter();
    let is_owner = |item: &&serde_json::Value| item.to_string().contains("\"owner\"");
    let owner = items.clone().find(is_owner)?;
    owner["identity"].as_str()?.parse().ok()
}

//! All routes of a server: checked once when built, then only read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use http::Method;

use crate::meter::Meters;
use crate::openapi::{self, Schemas};
use crate::problem::{ErrorCode, Registry, codes};
use crate::route::{AccessRule, Endpoint, Routes};

/// Why a table cannot be built. All of these are mistakes in a declaration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BuildError {
    /// Two routes with the same method and path.
    #[error("{0} {1} is declared twice")]
    DuplicateRoute(Method, &'static str),
    /// Two routes with the same operation id.
    #[error("operation id {0} is used twice")]
    DuplicateOperation(&'static str),
    /// An operation id that is not snake case.
    #[error("operation id {0} is not snake case")]
    OperationId(&'static str),
    /// A path that cannot be matched, or that hides another.
    #[error("path {0}: {1}")]
    Path(&'static str, String),
    /// A tenant route without `{tenant}` in its path.
    #[error("{0} is for members of a tenant, but its path has no {{tenant}}")]
    TenantMissing(&'static str),
    /// A tenant route that no scope can reach.
    #[error("{0} declares a tenant permission without a scope")]
    NoScope(&'static str),
    /// A public route without a reason.
    #[error("{0} is public without a reason")]
    NoReason(&'static str),
    /// The input wants path parameters that the path does not have.
    #[error("{0} reads path parameters that its path does not have: {1}")]
    PathParameters(&'static str, String),
    /// A type of the body, named by the way to it, would silently drop unknown fields.
    #[error("the type of {1} of {0} must deny unknown fields (#[serde(deny_unknown_fields)])")]
    OpenBody(&'static str, String),
    /// One error code with two meanings.
    #[error("error code {0} is documented twice, differently")]
    ErrorCode(&'static str),
    /// A route names an error code that nobody documents.
    #[error("{0} names the undocumented error code {1}")]
    UnknownErrorCode(&'static str, &'static str),
}

/// What was found at a path.
pub(crate) enum Found<'a> {
    Nothing,
    /// The path exists; these methods work there.
    OtherMethods(&'a [Method]),
    Endpoint(&'a Arc<Endpoint>, Vec<(&'static str, String)>),
}

struct PathEntry {
    methods: Vec<Method>,
    endpoints: HashMap<Method, Arc<Endpoint>>,
}

/// The route table.
pub struct Table {
    router: matchit::Router<usize>,
    paths: Vec<PathEntry>,
    endpoints: Vec<Arc<Endpoint>>,
    registry: Registry,
}

impl Endpoint {
    /// Whether `name` is the tenant of a tenant route, which the pipeline consumes.
    pub(crate) fn is_tenant_param(&self, name: &str) -> bool {
        name == "tenant" && self.access.in_tenant()
    }
}

impl Table {
    /// Checks and joins the routes of all modules.
    pub fn build(modules: Vec<Routes>) -> Result<Self, BuildError> {
        let mut registry = Registry::default();
        for code in codes::ALL {
            add_code(&mut registry, *code)?;
        }
        let mut endpoints = Vec::new();
        for module in modules {
            for code in module.codes {
                add_code(&mut registry, code)?;
            }
            endpoints.extend(module.endpoints);
        }

        let mut schemas = Schemas::new();
        let mut operations = HashSet::new();
        for endpoint in &mut endpoints {
            check(endpoint, &mut operations, &registry)?;
            endpoint.params = path_names(endpoint.path);
            let described = openapi::describe(&mut schemas, endpoint);
            if let Some(place) = described.open_body {
                return Err(BuildError::OpenBody(endpoint.operation_id, place));
            }
            if !described.unknown_path.is_empty() {
                let names = described.unknown_path.join(", ");
                return Err(BuildError::PathParameters(endpoint.operation_id, names));
            }
            endpoint.json_only = described.responses.iter().all(|reply| {
                reply
                    .content
                    .as_ref()
                    .is_none_or(|(kind, _)| *kind == "application/json")
            });
            endpoint.known_query = described
                .parameters
                .into_iter()
                .filter(|known| known.place == "query")
                .map(|known| known.name)
                .collect();
        }
        endpoints.sort_by_key(|endpoint| (endpoint.path, endpoint.method.as_str().to_owned()));
        Self::index(endpoints.into_iter().map(Arc::new).collect(), registry)
    }

    fn index(endpoints: Vec<Arc<Endpoint>>, registry: Registry) -> Result<Self, BuildError> {
        let mut router = matchit::Router::new();
        let mut paths: Vec<PathEntry> = Vec::new();
        let mut places: HashMap<&'static str, usize> = HashMap::new();
        for endpoint in &endpoints {
            let place = if let Some(place) = places.get(endpoint.path) {
                *place
            } else {
                let place = paths.len();
                router
                    .insert(endpoint.path, place)
                    .map_err(|error| BuildError::Path(endpoint.path, error.to_string()))?;
                places.insert(endpoint.path, place);
                paths.push(PathEntry {
                    methods: vec![Method::OPTIONS],
                    endpoints: HashMap::new(),
                });
                place
            };
            let entry = &mut paths[place];
            let method = endpoint.method.clone();
            if entry
                .endpoints
                .insert(method.clone(), Arc::clone(endpoint))
                .is_some()
            {
                return Err(BuildError::DuplicateRoute(method, endpoint.path));
            }
            if method == Method::GET {
                entry.methods.push(Method::HEAD);
            }
            entry.methods.push(method);
        }
        for entry in &mut paths {
            entry.methods.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        }
        Ok(Self {
            router,
            paths,
            endpoints,
            registry,
        })
    }

    /// Finds the route of a request; parameters come percent-decoded.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Ok(matched) = self.router.at(path) else {
            return Found::Nothing;
        };
        let entry = &self.paths[*matched.value];
        let wanted = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let Some(endpoint) = entry.endpoints.get(wanted) else {
            return Found::OtherMethods(&entry.methods);
        };
        let mut params = Vec::with_capacity(endpoint.params.len());
        for (name, (_, value)) in endpoint.params.iter().zip(matched.params.iter()) {
            match percent_encoding::percent_decode_str(value).decode_utf8() {
                // No engine stores U+0000, so nothing is found by it either.
                Ok(value) if !value.contains('\0') => params.push((*name, value.into_owned())),
                _ => return Found::Nothing,
            }
        }
        Found::Endpoint(endpoint, params)
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The meters of all routes, and of what is no route.
    pub(crate) fn meters(&self) -> Meters {
        let routes = self.endpoints.iter();
        Meters::new(routes.map(|one| Arc::clone(&one.meter)).collect())
    }

    pub(crate) fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter().map(AsRef::as_ref)
    }

    /// Every public operation with its reason, as `METHOD path: reason`, sorted by path; a snapshot
    /// test holds the list.
    pub fn public_routes(&self) -> Vec<String> {
        self.endpoints()
            .filter_map(|endpoint| match endpoint.access {
                AccessRule::Public(reason) => {
                    Some(format!("{} {}: {reason}", endpoint.method, endpoint.path))
                }
                _ => None,
            })
            .collect()
    }

    /// Every operation as `(method, path, operation id, access)`, sorted by path and method.
    pub fn operations(&self) -> Vec<(Method, &'static str, &'static str, AccessRule)> {
        self.endpoints()
            .map(|endpoint| {
                (
                    endpoint.method.clone(),
                    endpoint.path,
                    endpoint.operation_id,
                    endpoint.access,
                )
            })
            .collect()
    }

    /// Every documented error code.
    pub fn error_codes(&self) -> Vec<ErrorCode> {
        self.registry.iter().copied().collect()
    }

    /// The `OpenAPI` 3.1 document.
    pub fn openapi(&self) -> serde_json::Value {
        openapi::document(
            self.endpoints(),
            &self.registry,
            "Gantry",
            env!("CARGO_PKG_VERSION"),
        )
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.endpoints().map(|endpoint| endpoint.operation_id))
            .finish()
    }
}

fn add_code(registry: &mut Registry, code: ErrorCode) -> Result<(), BuildError> {
    registry
        .add(code)
        .map_err(|known| BuildError::ErrorCode(known.code))
}

fn check(
    endpoint: &Endpoint,
    operations: &mut HashSet<&'static str>,
    registry: &Registry,
) -> Result<(), BuildError> {
    let id = endpoint.operation_id;
    let snake = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if id.is_empty() || !id.bytes().all(snake) {
        return Err(BuildError::OperationId(id));
    }
    if !operations.insert(id) {
        return Err(BuildError::DuplicateOperation(id));
    }
    if !endpoint.path.starts_with('/') {
        return Err(BuildError::Path(
            endpoint.path,
            "does not start with /".into(),
        ));
    }
    match endpoint.access {
        AccessRule::Tenant(_, []) => return Err(BuildError::NoScope(id)),
        rule if rule.in_tenant() && !path_names(endpoint.path).contains(&"tenant") => {
            return Err(BuildError::TenantMissing(id));
        }
        AccessRule::Public("") => return Err(BuildError::NoReason(id)),
        _ => {}
    }
    match endpoint
        .options
        .errors
        .iter()
        .find(|code| registry.get(code).is_none())
    {
        Some(code) => Err(BuildError::UnknownErrorCode(id, code)),
        None => Ok(()),
    }
}

/// Names in braces, in order.
fn path_names(path: &'static str) -> Vec<&'static str> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .collect()
}

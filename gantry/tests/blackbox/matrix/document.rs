//! The OpenAPI document as the matrix needs it: who may call each operation, and what its body may hold.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Map, Value};

/// What the server says about itself.
pub(super) struct Document {
    pub(super) operations: Vec<Operation>,
    schemas: Map<String, Value>,
}

/// One operation.
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) method: Method,
    /// With the parameters in braces.
    pub(super) path: String,
    pub(super) access: Access,
    /// Names of its query parameters.
    pub(super) query: Vec<String>,
    /// The schema of its JSON body.
    pub(super) body: Option<Value>,
    /// Whether it asks for a recent proof that a person is there.
    pub(super) step_up: bool,
    /// Whether it is refused while the tenant is suspended.
    pub(super) stops_when_suspended: bool,
    /// Whether it answers with what happens, which is something else each time.
    pub(super) streams: bool,
}

/// Who may call.
pub(super) enum Access {
    Public,
    SignedIn,
    Tenant {
        permission: String,
        scopes: BTreeSet<String>,
    },
    /// Every member of the tenant.
    Member,
    Platform {
        permission: String,
    },
}

impl Document {
    /// Reads `/api/openapi.json`.
    pub(super) fn read(document: &Value) -> Self {
        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, described) in methods.as_object().unwrap() {
                operations.push(Operation::read(path, method, described));
            }
        }
        let schemas = document["components"]["schemas"]
            .as_object()
            .unwrap()
            .clone();
        Self {
            operations,
            schemas,
        }
    }

    pub(super) fn operation(&self, id: &str) -> &Operation {
        self.operations
            .iter()
            .find(|operation| operation.id == id)
            .unwrap_or_else(|| panic!("no operation {id}"))
    }

    /// Every object inside `body` that has named members, as a JSON pointer with the names its schema knows.
    /// Objects whose member names are data (`additionalProperties` with a schema) are none.
    pub(super) fn objects(&self, schema: &Value, body: &Value) -> Vec<(String, BTreeSet<String>)> {
        let mut found = Vec::new();
        self.walk(schema, body, "", &mut found);
        found
    }

    fn walk(
        &self,
        schema: &Value,
        body: &Value,
        at: &str,
        found: &mut Vec<(String, BTreeSet<String>)>,
    ) {
        let schema = self.resolve(schema, body);
        match body {
            Value::Object(members) => {
                let more = &schema["additionalProperties"];
                // Names of the caller's choice, or what a browser made in a format that is not ours.
                if more.is_object() || *more == true {
                    return;
                }
                // It names one of several kinds, and a second name is no JSON of it.
                if let Some(kinds) = schema["oneOf"].as_array() {
                    for (name, inner) in members {
                        let kind = kinds
                            .iter()
                            .find(|kind| !kind["properties"][name].is_null());
                        if let Some(kind) = kind {
                            let at = format!("{at}/{name}");
                            self.walk(&kind["properties"][name], inner, &at, found);
                        }
                    }
                    return;
                }
                let known = schema["properties"].as_object();
                let names = known.into_iter().flat_map(Map::keys).cloned().collect();
                found.push((at.to_owned(), names));
                for (name, inner) in members {
                    self.walk(
                        &schema["properties"][name],
                        inner,
                        &format!("{at}/{name}"),
                        found,
                    );
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    self.walk(&schema["items"], inner, &format!("{at}/{index}"), found);
                }
            }
            _ => {}
        }
    }

    /// Follows references, and of an optional schema takes the branch that is not null.
    fn resolve<'a>(&'a self, schema: &'a Value, body: &Value) -> &'a Value {
        let name = schema["$ref"]
            .as_str()
            .and_then(|link| link.rsplit('/').next());
        if let Some(target) = name.and_then(|name| self.schemas.get(name)) {
            return self.resolve(target, body);
        }
        let choices = schema["anyOf"].as_array().into_iter().flatten();
        match choices
            .into_iter()
            .find(|choice| choice["type"] != "null" && !body.is_null())
        {
            Some(choice) => self.resolve(choice, body),
            None => schema,
        }
    }
}

impl Operation {
    fn read(path: &str, method: &str, described: &Value) -> Self {
        let text = |name: &str| described[name].as_str().map(str::to_owned);
        let id = text("operationId").unwrap();
        let parameters = described["parameters"].as_array().into_iter().flatten();
        let query = parameters.filter(|parameter| parameter["in"] == "query");
        let query = query
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .collect();
        let codes = described["responses"]["403"]["x-codes"].as_array();
        Self {
            method: method.to_ascii_uppercase().parse().unwrap(),
            path: path.to_owned(),
            query,
            access: Access::read(&id, described),
            step_up: described["x-step-up"] == true,
            streams: described["responses"]["200"]["content"]
                .get("text/event-stream")
                .is_some(),
            body: described["requestBody"]["content"]
                .get("application/json")
                .map(|json| json["schema"].clone()),
            stops_when_suspended: codes
                .is_some_and(|codes| codes.contains(&"tenant_suspended".into())),
            id,
        }
    }

    /// Names of the path's parameters.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Whether the path names a thing besides the tenant.
    pub(super) fn names_a_thing(&self) -> bool {
        self.parameters().any(|name| name != "tenant")
    }

    pub(super) fn reads(&self) -> bool {
        self.method == Method::GET
    }

    pub(super) fn is_tenant(&self) -> bool {
        matches!(self.access, Access::Tenant { .. } | Access::Member)
    }

    pub(super) fn is_public(&self) -> bool {
        matches!(self.access, Access::Public)
    }

    pub(super) fn is_platform(&self) -> bool {
        matches!(self.access, Access::Platform { .. })
    }
}

impl Access {
    fn read(id: &str, described: &Value) -> Self {
        let text = |name: &str| described[name].as_str().map(str::to_owned);
        let open = described["security"].as_array().is_some_and(Vec::is_empty);
        match (
            open,
            text("x-public-reason"),
            text("x-permission"),
            text("x-platform-permission"),
        ) {
            (true, Some(_), None, None) => Self::Public,
            (false, None, None, None) if described["x-member"] == true => Self::Member,
            (false, None, None, None) => Self::SignedIn,
            (false, None, Some(permission), None) => {
                let scopes = described["x-scopes"].as_array().into_iter().flatten();
                let scopes = scopes
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect();
                Self::Tenant { permission, scopes }
            }
            (false, None, None, Some(permission)) => Self::Platform { permission },
            _ => panic!("the document does not say who may call {id}: {described}"),
        }
    }
}

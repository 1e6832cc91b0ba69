//! Puts the whole document together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::describe::{Describe, Parameter};
use super::schemas::rename;
use super::{Schemas, describe};
use crate::input::BodyKind;
use crate::problem::{Registry, codes};
use crate::route::{AccessRule, Endpoint};

/// The document of a table as a JSON value.
pub(crate) fn document<'a>(
    endpoints: impl Iterator<Item = &'a Endpoint>,
    registry: &Registry,
    title: &str,
    version: &str,
) -> Value {
    let mut schemas = Schemas::new();
    let mut inputs = Vec::new();
    for endpoint in endpoints {
        let operation = describe(&mut schemas, endpoint);
        inputs.push((
            endpoint,
            request(endpoint, &operation),
            replies(endpoint, &operation, registry),
        ));
    }
    let (mut components, renames) = schemas.merge();
    components.insert("Problem".into(), problem_schema());

    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (endpoint, mut operation, responses) in inputs {
        let mut responses = Value::Object(responses);
        rename(&mut responses, &renames);
        operation.insert("responses".into(), responses);
        let method = endpoint.method.as_str().to_ascii_lowercase();
        paths
            .entry(endpoint.path)
            .or_default()
            .insert(method, Value::Object(operation));
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": crate::authority::SESSION_COOKIE},
            },
        },
        "x-error-codes": registry.iter().map(|code| json!({
            "code": code.code, "status": code.status, "title": code.title, "meaning": code.meaning,
        })).collect::<Vec<_>>(),
    })
}

fn request(endpoint: &Endpoint, operation: &Describe<'_>) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("operationId".into(), endpoint.operation_id.into());
    for (name, text) in [
        ("summary", endpoint.options.summary),
        ("description", endpoint.options.description),
    ] {
        if !text.is_empty() {
            out.insert(name.into(), text.into());
        }
    }
    let tag = tag(endpoint.path);
    out.insert("tags".into(), json!([tag]));

    let signed_in = json!([{"bearer": []}, {"session": []}]);
    match endpoint.access {
        AccessRule::Public(reason) => {
            out.insert("security".into(), json!([]));
            out.insert("x-public-reason".into(), reason.into());
        }
        AccessRule::SignedIn => {
            out.insert("security".into(), signed_in);
        }
        AccessRule::Tenant(permission, scopes) => {
            out.insert("security".into(), signed_in);
            out.insert("x-permission".into(), permission.as_str().into());
            let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
            out.insert("x-scopes".into(), json!(scopes));
        }
        AccessRule::Member => {
            out.insert("security".into(), signed_in);
            out.insert("x-member".into(), true.into());
        }
        AccessRule::Platform(permission) => {
            out.insert("security".into(), signed_in);
            out.insert("x-platform-permission".into(), permission.as_str().into());
        }
    }

    if endpoint.options.step_up {
        out.insert("x-step-up".into(), true.into());
    }

    let parameters = parameters(endpoint, &operation.parameters);
    if !parameters.is_empty() {
        out.insert("parameters".into(), Value::Array(parameters));
    }
    if let Some((media_type, schema)) = &operation.body {
        let content = json!({*media_type: {"schema": schema}});
        out.insert(
            "requestBody".into(),
            json!({"required": true, "content": content}),
        );
    }
    out
}

fn parameters(endpoint: &Endpoint, described: &[Parameter]) -> Vec<Value> {
    let mut all = Vec::new();
    for name in &endpoint.params {
        let found = described
            .iter()
            .find(|known| known.place == "path" && known.name == *name);
        let schema = found.map_or_else(|| json!({"type": "string"}), |known| known.schema.clone());
        let mut parameter = json!({"name": name, "in": "path", "required": true, "schema": schema});
        if endpoint.is_tenant_param(name)
            && let Some(parameter) = parameter.as_object_mut()
        {
            parameter.insert("description".into(), "slug or id of the workspace".into());
        }
        all.push(parameter);
    }
    for known in described.iter().filter(|known| known.place == "query") {
        all.push(json!({
            "name": known.name, "in": "query", "required": known.required, "schema": known.schema,
        }));
    }
    if endpoint.options.if_match {
        all.push(json!({
            "name": "If-Match", "in": "header", "required": true,
            "description": "the ETag of the version to change",
            "schema": {"type": "string", "pattern": "^\"v(0|[1-9][0-9]{0,17})\"$"},
        }));
    }
    if endpoint.options.stream {
        all.push(json!({
            "name": "Last-Event-ID", "in": "header", "required": false,
            "description": "the id of the last event that was taken; the stream goes on after it",
            "schema": {"type": "string", "maxLength": 255},
        }));
    }
    if endpoint.options.idempotent {
        all.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "the same key with the same request is answered once and replayed for 24 hours",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }));
    }
    all
}

fn replies(
    endpoint: &Endpoint,
    operation: &Describe<'_>,
    registry: &Registry,
) -> Map<String, Value> {
    let mut out = Map::new();
    for reply in &operation.responses {
        let mut value = Map::new();
        let words = reply.status.canonical_reason().unwrap_or("response");
        value.insert("description".into(), words.into());
        if let Some((media_type, schema)) = &reply.content {
            let named = match media_type {
                &"application/json" => &[],
                _ => endpoint.options.media,
            };
            let mut content: Map<String, Value> = named
                .iter()
                .map(|name| ((*name).to_owned(), json!({"schema": content_of(name)})))
                .collect();
            if content.is_empty() {
                content.insert((*media_type).to_owned(), json!({"schema": schema}));
            }
            value.insert("content".into(), Value::Object(content));
        }
        if !reply.headers.is_empty() {
            let headers: Map<String, Value> = reply
                .headers
                .iter()
                .map(|name| ((*name).to_owned(), json!({"schema": {"type": "string"}})))
                .collect();
            value.insert("headers".into(), Value::Object(headers));
        }
        out.insert(reply.status.as_str().to_owned(), Value::Object(value));
    }
    for (status, codes) in errors(endpoint, operation, registry) {
        let listed: Vec<_> = codes.into_iter().collect();
        out.entry(status.to_string()).or_insert_with(|| {
            json!({
                "description": listed.join(", "),
                "x-codes": listed,
                "content": {"application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                }},
            })
        });
    }
    out
}

/// What is known of a document from its media type alone.
fn content_of(media_type: &str) -> Value {
    if media_type == "application/json" {
        json!({"type": "object"})
    } else {
        json!({"type": "string"})
    }
}

/// The problems an operation can answer with, by status: what follows from its declaration, and what it names.
fn errors(
    endpoint: &Endpoint,
    operation: &Describe<'_>,
    registry: &Registry,
) -> BTreeMap<u16, BTreeSet<&'static str>> {
    let mut found = vec![
        codes::RATE_LIMITED,
        codes::INTERNAL,
        codes::TIMEOUT,
        codes::UNAVAILABLE,
    ];
    match endpoint.access {
        AccessRule::Public(_) => {}
        AccessRule::SignedIn => {
            found.extend([codes::UNAUTHENTICATED, codes::PEOPLE_ONLY]);
            if !endpoint.options.while_impersonating {
                found.push(codes::IMPERSONATION_REFUSED);
                if !endpoint.options.in_one_tenant {
                    found.push(codes::WORKSPACE_SESSION);
                }
            }
        }
        AccessRule::Tenant(..) | AccessRule::Member => {
            found.extend([
                codes::UNAUTHENTICATED,
                codes::SECOND_FACTOR_REQUIRED,
                codes::NOT_FOUND,
            ]);
            if endpoint.access != AccessRule::Member {
                found.extend([codes::PERMISSION_MISSING, codes::SCOPE_MISSING]);
            }
            if endpoint.writes() {
                found.push(codes::TENANT_SUSPENDED);
            }
        }
        AccessRule::Platform(_) => {
            found.extend([
                codes::UNAUTHENTICATED,
                codes::PERMISSION_MISSING,
                codes::SECOND_FACTOR_REQUIRED,
                codes::PEOPLE_ONLY,
                codes::IMPERSONATION_REFUSED,
            ]);
        }
    }
    if endpoint.writes() {
        found.push(codes::ORIGIN_REFUSED);
        if !matches!(endpoint.access, AccessRule::Public(_)) {
            found.push(codes::CSRF_FAILED);
        }
    }
    if endpoint.options.stream {
        found.extend([codes::TOO_MANY_STREAMS, codes::STREAMS_FULL]);
    }
    if endpoint.options.step_up {
        found.extend([
            codes::STEP_UP_REQUIRED,
            codes::PEOPLE_ONLY,
            codes::IMPERSONATION_REFUSED,
        ]);
    }
    if !endpoint.params.is_empty() {
        found.push(codes::NOT_FOUND);
    }
    if operation
        .parameters
        .iter()
        .any(|known| known.place == "query")
    {
        found.push(codes::INVALID_PARAMETER);
    }
    match endpoint.body {
        BodyKind::None => {}
        BodyKind::Json => found.extend([
            codes::MALFORMED_JSON,
            codes::INVALID_REQUEST,
            codes::JSON_TOO_DEEP,
            codes::BODY_TOO_LARGE,
            codes::UNSUPPORTED_MEDIA_TYPE,
            codes::REQUEST_TIMEOUT,
        ]),
        BodyKind::Raw => found.extend([codes::BODY_TOO_LARGE, codes::REQUEST_TIMEOUT]),
    }
    if endpoint.options.if_match {
        found.extend([
            codes::IF_MATCH_REQUIRED,
            codes::IF_MATCH_INVALID,
            codes::VERSION_MISMATCH,
        ]);
    }
    if endpoint.options.idempotent {
        found.extend([
            codes::IDEMPOTENCY_KEY_INVALID,
            codes::IDEMPOTENCY_KEY_REUSED,
        ]);
    }
    found.extend(
        endpoint
            .options
            .errors
            .iter()
            .filter_map(|code| registry.get(code).copied()),
    );

    let mut by_status: BTreeMap<u16, BTreeSet<&'static str>> = BTreeMap::new();
    for code in found {
        by_status.entry(code.status).or_default().insert(code.code);
    }
    by_status
}

/// The first segment that says which module an address belongs to.
fn tag(path: &str) -> &str {
    let rest = path.strip_prefix("/api/v1/").unwrap_or("");
    let rest = rest.strip_prefix("tenants/{tenant}/").unwrap_or(rest);
    match rest.split('/').next() {
        Some(first) if !first.is_empty() => first,
        _ => "server",
    }
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "a problem as in RFC 9457",
        "required": ["type", "title", "status", "code", "instance", "request_id"],
        "properties": {
            "type": {"type": "string", "description": "address of the page that explains the code"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "stable word for programs"},
            "detail": {"type": "string"},
            "instance": {"type": "string", "description": "path of the request"},
            "request_id": {"type": "string"},
            "errors": {"type": "array", "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer into the body, or ?name for a parameter"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            }},
        },
        "example": {
            "type": "/errors/not_found", "title": "Not found", "status": 404, "code": "not_found",
            "detail": "there is nothing here, or it is not yours",
            "instance": "/api/v1/me", "request_id": "01987c5e-5d5e-7cc0-8d51-3a4f1f0b5f7e",
        },
    })
}

//! From a [`Problem`] to `application/problem+json`, and the one place where causes are logged.

use std::error::Error;

use gantry_kernel::{Problem, TenantId};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use super::Registry;
use crate::limit::whole_seconds;
use crate::output::{Response, bytes_response};

/// A problem on its way out of the pipeline, with what the kernel's kinds cannot say: statuses that only the HTTP
/// edge knows, and header fields that belong to the refusal.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) problem: Problem,
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.kind.status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            problem,
            status,
            headers: Vec::new(),
        }
    }
}

impl Failure {
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// What a problem is rendered with.
pub(crate) struct Rendering<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) base: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) instance: &'a str,
    /// The route's template, for the log.
    pub(crate) route: &'static str,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) trace_id: Option<String>,
}

/// Writes the problem. Server errors lose their detail unless they are `unavailable` or `timeout`, whose details are
/// written for clients; the cause is logged here and nowhere else.
pub(crate) fn render(failure: Failure, with: &Rendering<'_>) -> Response {
    let Failure {
        problem,
        status,
        headers,
    } = failure;
    if problem.source.is_some() || status == StatusCode::INTERNAL_SERVER_ERROR {
        log(&problem, status, with);
    }
    let known = with.registry.get(problem.code);
    if known.is_none() {
        tracing::warn!(code = problem.code, "an error code is not documented");
    }
    let title = known.map_or_else(
        || status.canonical_reason().unwrap_or("Error"),
        |code| code.title,
    );

    let mut body = Map::with_capacity(8 + problem.extra.len());
    for (name, value) in problem.extra {
        body.insert(name, value);
    }
    body.insert(
        "type".into(),
        format!("{}/errors/{}", with.base, problem.code).into(),
    );
    body.insert("title".into(), title.into());
    body.insert("status".into(), status.as_u16().into());
    body.insert("code".into(), problem.code.into());
    if status != StatusCode::INTERNAL_SERVER_ERROR {
        body.insert("detail".into(), problem.detail.into());
    }
    body.insert("instance".into(), with.instance.into());
    body.insert("request_id".into(), with.request_id.into());
    if !problem.fields.is_empty() {
        body.insert(
            "errors".into(),
            serde_json::to_value(&problem.fields).unwrap_or(Value::Null),
        );
    }
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = bytes_response(
        status,
        HeaderValue::from_static("application/problem+json"),
        bytes.into(),
    );
    if let Some(after) = problem.retry_after {
        let seconds = HeaderValue::from(whole_seconds(after).max(1));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"gantry\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response.headers_mut().extend(headers);
    response
}

fn log(problem: &Problem, status: StatusCode, with: &Rendering<'_>) {
    let mut causes = Vec::new();
    let mut next = problem.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    let cause = causes.join(": ");
    if status.is_server_error() {
        tracing::error!(
            request_id = with.request_id,
            trace_id = with.trace_id.as_deref(),
            route = with.route,
            tenant = with.tenant.map(tracing::field::display),
            code = problem.code,
            detail = problem.detail,
            cause,
            "request failed"
        );
    } else {
        tracing::debug!(
            request_id = with.request_id,
            code = problem.code,
            cause,
            "request refused"
        );
    }
}

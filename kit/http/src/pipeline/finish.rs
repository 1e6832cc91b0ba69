//! The end of every request: problems written, headers that belong on every reply, one log line.

use std::sync::Arc;
use std::time::Duration;

use gantry_telemetry::trace::{Attribute, Span, SpanKind};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use hyper::body::Body;

use super::Inner;
use super::head::Trail;
use crate::config::Settings;
use crate::context::RequestInfo;
use crate::limit::{policy_value, rate_limit_value};
use crate::meter::{Meter, Running};
use crate::output::{Response, ResponseBody, none_match};
use crate::problem::{Failure, Rendering, render};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Security header fields of every reply; a reply that set one itself keeps its own.
pub(super) fn standard_headers(settings: &Settings) -> Vec<(HeaderName, HeaderValue)> {
    let fixed = [
        (
            "content-security-policy",
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), display-capture=(), fullscreen=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    let mut all: Vec<_> = fixed
        .into_iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect();
    if settings.secure {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        all.push((header::STRICT_TRANSPORT_SECURITY, year));
    }
    all
}

/// 304 when the client already has what a read found (RFC 9110, section 13.2.2).
pub(super) fn conditional(info: &RequestInfo, mut response: Response) -> Response {
    let read = matches!(*info.method(), Method::GET | Method::HEAD);
    if !read || response.status() != StatusCode::OK {
        return response;
    }
    let tag = response
        .headers()
        .get(header::ETAG)
        .and_then(|value| value.to_str().ok());
    if let (Some(tag), Some(field)) = (tag, info.header("if-none-match"))
        && none_match(field, tag)
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = ResponseBody::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

impl Inner {
    pub(super) fn finish(&self, trail: &mut Trail, outcome: Result<Response, Failure>) -> Response {
        let code = outcome.as_ref().err().map(|failure| failure.problem.code);
        let mut response = outcome.unwrap_or_else(|failure| {
            let with = Rendering {
                registry: self.table.registry(),
                base: &self.settings.raw.problem_base,
                request_id: &trail.request_id,
                instance: &trail.path,
                route: trail.route.unwrap_or("none"),
                tenant: trail.tenant,
                trace_id: trail.span.map(|span| span.trace_hex()),
            };
            render(failure, &with)
        });
        self.dress(trail, &mut response);
        if trail.method == Method::HEAD {
            strip_body(&mut response);
        }
        let took = self.kernel.clock.monotonic().saturating_sub(trail.started);
        let running = trail.running.take();
        // What was refused before anybody looked where it belongs: a host, a size.
        running
            .unwrap_or_else(|| self.running(trail, self.meters.unrouted(&trail.method)))
            .answered(response.status().as_u16(), took);
        Self::log(trail, took, response.status(), code);
        self.record(trail, took, response.status());
        response
    }

    fn dress(&self, trail: &Trail, response: &mut Response) {
        let cacheable =
            response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
        let cache = trail.cache.clone().filter(|_| cacheable);
        let headers = response.headers_mut();
        for (name, value) in &self.standard_headers {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        headers.insert(
            header::CACHE_CONTROL,
            cache.unwrap_or_else(|| HeaderValue::from_static("no-store")),
        );
        if let Ok(id) = HeaderValue::try_from(&trail.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        if trail.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(policy) = policy_value(&trail.limits) {
            headers.insert(RATE_LIMIT_POLICY, policy);
        }
        if let Some(state) = rate_limit_value(&trail.limits) {
            headers.insert(RATE_LIMIT, state);
        }
        if trail.cut && trail.version < http::Version::HTTP_2 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        self.settings.cors_headers(trail.origin.as_ref(), headers);
    }

    fn record(&self, trail: &Trail, took: Duration, status: StatusCode) {
        let (Some(recorder), Some(context)) = (&self.recorder, trail.span) else {
            return;
        };
        if !context.sampled || trail.quiet {
            return;
        }
        let (method, route) = (trail.method.as_str(), trail.route.unwrap_or("none"));
        let text = |text: &str| Attribute::Text(text.to_owned());
        let mut attributes = vec![
            ("http.request.method", text(method)),
            ("http.route", text(route)),
            (
                "http.response.status_code",
                Attribute::Number(status.as_u16().into()),
            ),
            ("gantry.request_id", text(&trail.request_id)),
        ];
        if let Some(tenant) = trail.tenant {
            attributes.push(("gantry.tenant", Attribute::Text(tenant.to_string())));
        }
        recorder.record(Span {
            context,
            kind: SpanKind::Server,
            name: format!("{method} {route}"),
            start: trail.received,
            took,
            attributes,
            failed: status.is_server_error(),
        });
    }

    /// Begins to count a request at a meter.
    pub(super) fn running(&self, trail: &Trail, meter: &Arc<Meter>) -> Running {
        Running::new(meter, &self.kernel.clock, trail.started)
    }

    /// `code` says which refusal it was: without it a wrong CSRF token and a missing permission look alike.
    fn log(trail: &Trail, took: Duration, status: StatusCode, code: Option<&str>) {
        let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
        let identity = trail.identity.map(tracing::field::display);
        let tenant = trail.tenant.map(tracing::field::display);
        let client = trail.ip.map(tracing::field::display);
        let trace_id = trail.span.map(|span| span.trace_hex());
        let (method, route) = (trail.method.as_str(), trail.route.unwrap_or("none"));
        let (status, request_id) = (status.as_u16(), trail.request_id.as_str());
        if trail.quiet {
            tracing::debug!(
                method,
                route,
                status,
                code,
                duration_ms,
                request_id,
                client,
                "request"
            );
        } else {
            tracing::info!(
                method,
                route,
                status,
                code,
                duration_ms,
                request_id,
                trace_id,
                identity,
                tenant,
                client,
                "request"
            );
        }
    }
}

/// A reply to `HEAD` says how long the body would be and sends none.
fn strip_body(response: &mut Response) {
    let length = response.body().size_hint().exact();
    *response.body_mut() = ResponseBody::empty();
    if let Some(length) = length
        && response.status() != StatusCode::NOT_MODIFIED
        && response.status() != StatusCode::NO_CONTENT
    {
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

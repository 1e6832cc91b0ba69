//! The request as handlers may see it: addresses, headers and ids, already checked.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use gantry_kernel::{Kernel, Kind, MAX_USER_AGENT, Origin, Problem, Timestamp};
use http::{HeaderMap, Method, Uri, header};

use crate::problem::codes;

/// The `traceparent` of a request (W3C Trace Context, level 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// 32 lower-case hexadecimal digits.
    pub trace_id: String,
    /// 16 lower-case hexadecimal digits.
    pub parent_id: String,
    /// Whether the caller records this trace.
    pub sampled: bool,
}

impl TraceParent {
    /// Parses version 00; anything malformed is ignored, as the standard asks.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, parent, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, len: usize| {
            text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let nonzero = |text: &str| text.bytes().any(|b| b != b'0');
        let well_formed = version == "00"
            && parts.next().is_none()
            && hex(trace, 32)
            && nonzero(trace)
            && hex(parent, 16)
            && nonzero(parent)
            && hex(flags, 2);
        if !well_formed {
            return None;
        }
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self {
            trace_id: trace.into(),
            parent_id: parent.into(),
            sampled: flags & 1 == 1,
        })
    }
}

/// What the pipeline collects before a handler runs.
pub(crate) struct RequestParts {
    pub(crate) kernel: Kernel,
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) route: &'static str,
    pub(crate) idempotent: bool,
    pub(crate) if_match: bool,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) received: Timestamp,
    pub(crate) trace: Option<TraceParent>,
    pub(crate) body: Bytes,
    pub(crate) replayed: AtomicBool,
}

/// A handler that asks for a version on a route that does not say so.
#[derive(Debug, thiserror::Error)]
#[error("{0} reads If-Match without .if_match() in its table of routes")]
struct Undeclared(&'static str);

/// One request. Cheap to clone.
#[derive(Clone)]
pub struct RequestInfo(Arc<RequestParts>);

impl RequestInfo {
    pub(crate) fn new(parts: RequestParts) -> Self {
        Self(Arc::new(parts))
    }

    /// Clock and randomness.
    pub fn kernel(&self) -> &Kernel {
        &self.0.kernel
    }

    /// The request id, as returned in `X-Request-ID`.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// The route's template, for example `/api/v1/tenants/{tenant}`.
    pub fn route(&self) -> &'static str {
        self.0.route
    }

    /// Whether the route promises to have its effect once; see [`crate::Declared::idempotent`].
    pub(crate) fn is_idempotent(&self) -> bool {
        self.0.idempotent
    }

    /// The path as sent.
    pub fn path(&self) -> &str {
        self.0.uri.path()
    }

    /// The query as sent, without the question mark.
    pub fn query(&self) -> &str {
        self.0.uri.query().unwrap_or_default()
    }

    /// The client's address, believing only configured proxies; `None` when called without a network.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.ip
    }

    /// When the request arrived.
    pub fn received(&self) -> Timestamp {
        self.0.received
    }

    /// The caller's trace, if it sent one.
    pub fn trace(&self) -> Option<&TraceParent> {
        self.0.trace.as_ref()
    }

    /// A request header as text; `None` when missing or not visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name)?.to_str().ok()
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        cookie(&self.0.headers, name)
    }

    /// The bytes of the body.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// Whether the result of this request came from a stored earlier one (see `write_once`).
    pub fn replayed(&self) -> bool {
        self.0.replayed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_replayed(&self) {
        self.0.replayed.store(true, Ordering::Relaxed);
    }

    /// Where the request came from, for audit rows.
    pub fn origin(&self) -> Origin {
        Origin {
            ip: self.0.ip,
            user_agent: self
                .header("user-agent")
                .map(|text| text.chars().take(MAX_USER_AGENT).collect()),
            request_id: Some(self.0.id.clone()),
        }
    }

    /// See [`super::RequestContext::if_match`].
    pub(crate) fn if_match(&self) -> Result<i64, Problem> {
        // Clients would not learn from the document that they must send it.
        if !self.0.if_match {
            return Err(Problem::internal(Undeclared(self.0.route)));
        }
        let Some(value) = self.0.headers.get(header::IF_MATCH) else {
            return Err(Problem::new(
                Kind::PreconditionRequired,
                codes::IF_MATCH_REQUIRED.code,
                "send the ETag of the version you last saw in If-Match",
            ));
        };
        value
            .to_str()
            .ok()
            .and_then(crate::output::parse_etag)
            .ok_or_else(|| {
                Problem::invalid(
                    codes::IF_MATCH_INVALID.code,
                    "If-Match must hold one ETag of this API",
                )
            })
    }

    /// The `Idempotency-Key` of the request.
    ///
    /// Errors: 422 unless it is 1 to 255 visible ASCII characters.
    pub fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        let Some(value) = self.0.headers.get("idempotency-key") else {
            return Ok(None);
        };
        match value.to_str() {
            Ok(key)
                if (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                Ok(Some(key))
            }
            _ => Err(Problem::invalid(
                codes::IDEMPOTENCY_KEY_INVALID.code,
                "Idempotency-Key must be 1 to 255 visible ASCII characters without spaces",
            )),
        }
    }
}

impl std::fmt::Debug for RequestInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestInfo")
            .field("id", &self.0.id)
            .field("method", &self.0.method)
            .field("route", &self.0.route)
            .finish_non_exhaustive()
    }
}

/// The first cookie called `name` (RFC 6265, section 4.2).
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim_matches('"'))
}

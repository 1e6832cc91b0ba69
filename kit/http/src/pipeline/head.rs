//! What is known from the head of a request: its id, its sender's address, its size, what it accepts.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gantry_kernel::{IdentityId, Kind, Problem, TenantId, Timestamp, define_id};
use gantry_telemetry::trace::TraceContext;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use ipnet::IpNet;

use super::Inner;
use crate::config::Settings;
use crate::context::TraceParent;
use crate::limit::Decision;
use crate::meter::Running;
use crate::problem::{ErrorCode, Failure, codes};
use crate::route::Endpoint;

define_id! {
    /// Id of a request whose client did not choose one.
    pub struct RequestId;
}

/// Longest request id taken from a client.
const MAX_REQUEST_ID: usize = 128;

/// What one request leaves behind on its way, for its reply's headers and its log line.
pub(crate) struct Trail {
    pub(crate) started: Duration,
    pub(crate) received: Timestamp,
    pub(crate) request_id: String,
    pub(crate) method: Method,
    /// Path without the query, for the problem's `instance`.
    pub(crate) path: String,
    pub(crate) version: http::Version,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) origin: Option<http::HeaderValue>,
    pub(crate) trace: Option<TraceParent>,
    /// The span of this request, or, when nobody records here, the caller's: what is called on the way belongs to it.
    pub(crate) span: Option<TraceContext>,
    pub(crate) route: Option<&'static str>,
    /// Counts the request at its route; `None` until it is known where it belongs.
    pub(crate) running: Option<Running>,
    pub(crate) quiet: bool,
    /// `Cache-Control` of a reply that is no refusal; without it nothing is kept.
    pub(crate) cache: Option<http::HeaderValue>,
    pub(crate) identity: Option<IdentityId>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) limits: Vec<(&'static str, Decision)>,
    pub(crate) replayed: bool,
    /// The rest of the request was not read, so the connection cannot be used again.
    pub(crate) cut: bool,
}

impl Trail {
    pub(super) fn start(inner: &Inner, parts: &Parts, peer: Option<IpAddr>) -> Self {
        let sent = parts
            .headers
            .get("x-request-id")
            .and_then(|value| value.to_str().ok());
        let request_id = match sent {
            Some(id) if well_formed_id(id) => id.to_owned(),
            _ => inner.kernel.id::<RequestId>().to_string(),
        };
        let caller = parts
            .headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok());
        let trace = caller.and_then(TraceParent::parse);
        let span = span(inner, caller.and_then(TraceContext::parse));
        Self {
            started: inner.kernel.clock.monotonic(),
            received: inner.kernel.now(),
            request_id,
            method: parts.method.clone(),
            path: parts.uri.path().chars().take(512).collect(),
            version: parts.version,
            ip: peer.map(|peer| client_address(&inner.settings.proxies, peer, &parts.headers)),
            origin: parts.headers.get(header::ORIGIN).cloned(),
            trace,
            span,
            route: None,
            running: None,
            quiet: false,
            cache: None,
            identity: None,
            tenant: None,
            limits: Vec::new(),
            replayed: false,
            cut: false,
        }
    }
}

/// Whether a trace is recorded follows from its id and not from what the caller wishes: a stranger could have everything
/// recorded otherwise.
fn span(inner: &Inner, caller: Option<TraceContext>) -> Option<TraceContext> {
    let Some(recorder) = &inner.recorder else {
        return caller;
    };
    let mut span = match caller {
        Some(caller) => caller.child(&inner.kernel),
        None => TraceContext::root(&inner.kernel, false),
    };
    span.sampled = span.is_among(recorder.share());
    Some(span)
}

fn well_formed_id(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The right-most address that is not a trusted proxy. Whatever stands left of it was written by the client.
fn client_address(proxies: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = |ip: IpAddr| proxies.iter().any(|net| net.contains(&ip.to_canonical()));
    let mut client = peer.to_canonical();
    if !trusted(client) {
        return client;
    }
    let lines: Vec<&[u8]> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(http::HeaderValue::as_bytes)
        .collect();
    // Element by element: what a client wrote to the left must not make what the proxy added unreadable.
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    for hop in hops {
        let Some(ip) = parse_hop(String::from_utf8_lossy(hop).trim()) else {
            return client;
        };
        client = ip.to_canonical();
        if !trusted(client) {
            return client;
        }
    }
    client
}

/// An address as proxies write it: bare, bracketed, or with a port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
        .or_else(|_| {
            text.trim_start_matches('[')
                .trim_end_matches(']')
                .parse::<IpAddr>()
        })
        .ok()
}

/// A refusal with a status the kernel's kinds do not know.
pub(super) fn refuse(code: ErrorCode, detail: impl Into<String>) -> Failure {
    let kind = match code.status {
        403 => Kind::Forbidden,
        413 => Kind::TooLarge,
        415 => Kind::Unsupported,
        422 => Kind::Invalid,
        428 => Kind::PreconditionRequired,
        429 => Kind::TooMany,
        _ => Kind::Malformed,
    };
    Failure {
        problem: Problem::new(kind, code.code, detail),
        status: StatusCode::from_u16(code.status).unwrap_or(StatusCode::BAD_REQUEST),
        headers: Vec::new(),
    }
}

/// One `Host`, and one that names a host (RFC 9112, section 3.2). Nothing here is built from it, but a proxy in
/// front that picks another of two would route or cache by it.
pub(super) fn check_host(trail: &mut Trail, parts: &Parts) -> Result<(), Failure> {
    let from_network = trail.ip.is_some();
    if !from_network || parts.version > http::Version::HTTP_11 {
        return Ok(());
    }
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let sound = match first {
        None => parts.version < http::Version::HTTP_11,
        Some(host) => {
            second.is_none()
                && (host.is_empty() || http::uri::Authority::try_from(host.as_bytes()).is_ok())
        }
    };
    if sound {
        return Ok(());
    }
    trail.cut = true;
    Err(refuse(
        codes::MALFORMED_REQUEST,
        "the request must have one Host field that names a host",
    ))
}

/// 414 and 431.
pub(super) fn check_sizes(settings: &Settings, parts: &Parts) -> Result<(), Failure> {
    let uri = parts.uri.path().len() + parts.uri.query().map_or(0, |query| query.len() + 1);
    if uri > settings.max_uri {
        return Err(refuse(
            codes::URI_TOO_LONG,
            format!("path and query may be {} bytes long", settings.max_uri),
        ));
    }
    let fields: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if fields > settings.max_header {
        return Err(refuse(
            codes::HEADERS_TOO_LARGE,
            format!(
                "header fields may be {} bytes together",
                settings.max_header
            ),
        ));
    }
    Ok(())
}

/// 406 when JSON is all there is and the client excludes it (RFC 9110, section 12.5.1).
pub(super) fn check_accept(endpoint: &Endpoint, headers: &HeaderMap) -> Result<(), Failure> {
    if !endpoint.json_only || !headers.contains_key(header::ACCEPT) {
        return Ok(());
    }
    let lines = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut best: Option<(u8, bool)> = None;
    for range in lines.flat_map(|line| line.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let precision = match parts.next().unwrap_or("").to_ascii_lowercase().as_str() {
            "application/json" => 3,
            "application/*" => 2,
            "*/*" => 1,
            _ => continue,
        };
        let quality = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(1.0, |(_, value)| value.trim().parse::<f32>().unwrap_or(0.0));
        let wanted = quality > 0.0;
        if best.is_none_or(|(known, _)| precision > known) {
            best = Some((precision, wanted));
        }
    }
    match best {
        Some((_, true)) => Ok(()),
        _ => Err(refuse(
            codes::NOT_ACCEPTABLE,
            "this operation answers with application/json",
        )),
    }
}

//! One request, one answer.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use gantry_telemetry::trace::TraceContext;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use url::{Host, Url};

use crate::connect::{self, Resolve, SystemResolver, Trust};
use crate::places::Places;
use crate::settings::Allowed;
use crate::{OutboundError, OutboundSettings, not_public, wire};

/// The longest address that is requested.
const MAX_URL: usize = 2_048;

/// A request to make.
#[derive(Clone)]
pub struct Request {
    /// Where to.
    pub url: Url,
    /// Sent as a `POST` of this content type; without it the request is a `GET`.
    pub body: Option<(&'static str, Bytes)>,
    /// The value of `Authorization`.
    pub authorization: Option<HeaderValue>,
    /// The largest answer that is read, in bytes.
    pub max_body: usize,
}

impl Request {
    /// A `GET` whose answer has at most `max_body` bytes.
    pub fn get(url: Url, max_body: usize) -> Self {
        Self {
            url,
            body: None,
            authorization: None,
            max_body,
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

/// A whole answer in JSON.
#[derive(Clone)]
pub struct Response {
    /// The status; never a redirect.
    pub status: StatusCode,
    /// What it said.
    pub body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Makes requests to addresses that people chose.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    settings: OutboundSettings,
    allowed: Vec<Allowed>,
    resolver: Arc<dyn Resolve>,
    places: Places,
    trust: Trust,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

impl Outbound {
    /// With the names of the operating system.
    pub fn new(settings: OutboundSettings) -> Self {
        Self::with_resolver(settings, Arc::new(SystemResolver))
    }

    /// With names of another origin.
    pub fn with_resolver(settings: OutboundSettings, resolver: Arc<dyn Resolve>) -> Self {
        Self(Arc::new(Inner {
            allowed: settings.allowed(),
            trust: Trust::new(settings.clone()),
            settings,
            resolver,
            places: Places::default(),
        }))
    }

    /// Whether an address can be requested as far as its text tells, so that a wrong one is refused when it is
    /// typed. What its host resolves to is judged at each request.
    pub fn check(&self, url: &Url) -> Result<(), OutboundError> {
        if url.as_str().len() > MAX_URL {
            return Err(OutboundError::Address("it is too long"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::Address("it holds credentials"));
        }
        if url.fragment().is_some() {
            return Err(OutboundError::Address("it holds a fragment"));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(OutboundError::Address("it has no host")),
        };
        let host = url.host_str().unwrap_or_default();
        let admitted = |address| self.0.allowed.iter().any(|one| one.admits(host, address));
        if let Some(address) = literal
            && let Some(why) = not_public(address)
            && !admitted(address)
        {
            return Err(OutboundError::NotPublic {
                host: host.to_owned(),
                address,
                why,
            });
        }
        match url.scheme() {
            "https" => Ok(()),
            "http" if literal.is_some_and(|address| address.to_canonical().is_loopback()) => Ok(()),
            _ => Err(OutboundError::Address("https is needed")),
        }
    }

    /// Makes a request and reads its whole answer, which must be JSON and no redirect.
    pub async fn send(&self, request: Request) -> Result<Response, OutboundError> {
        self.check(&request.url)?;
        let host = request.url.host_str().unwrap_or_default();
        let _place = self.0.places.take(host)?;
        let limit = self.0.settings.timeout.get();
        let answered = tokio::time::timeout(limit, self.exchange(request)).await;
        answered.map_err(|_| OutboundError::Timeout)?
    }

    async fn exchange(&self, request: Request) -> Result<Response, OutboundError> {
        let inner = &self.0;
        let (url, max_body) = (request.url.clone(), request.max_body);
        let addresses = connect::addresses(&url, &inner.allowed, inner.resolver.as_ref()).await?;
        let mut answer = wire::ask(&url, &addresses, &inner.trust, written(request)?).await?;
        let status = answer.response.status();
        if status.is_redirection() {
            return Err(OutboundError::Redirect);
        }
        if !is_plain_json(answer.response.headers()) {
            return Err(OutboundError::ContentType("application/json"));
        }
        Ok(Response {
            status,
            body: read(answer.response.body_mut(), max_body).await?,
        })
    }
}

fn written(request: Request) -> Result<http::Request<Full<Bytes>>, OutboundError> {
    let mut builder = wire::head(&request.url)?
        .header(header::ACCEPT, "application/json")
        .header(header::ACCEPT_ENCODING, "identity");
    // Whoever records traces there finds what of theirs belongs to ours.
    if let Some(trace) = TraceContext::current() {
        builder = builder.header("traceparent", trace.traceparent());
    }
    if let Some(mut value) = request.authorization {
        value.set_sensitive(true);
        builder = builder.header(header::AUTHORIZATION, value);
    }
    let body = match request.body {
        Some((kind, body)) => {
            builder = builder
                .method(Method::POST)
                .header(header::CONTENT_TYPE, kind);
            body
        }
        None => Bytes::new(),
    };
    wire::with_body(builder, body)
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let json = kind.eq_ignore_ascii_case("application/json")
        || kind.eq_ignore_ascii_case("application/jwk-set+json");
    let encoding = text(header::CONTENT_ENCODING).unwrap_or("identity");
    json && encoding.eq_ignore_ascii_case("identity")
}

async fn read(body: &mut Incoming, max: usize) -> Result<Bytes, OutboundError> {
    match Limited::new(body, max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(OutboundError::TooLarge(max)),
        Err(error) => match error.downcast::<hyper::Error>() {
            Ok(error) => Err(OutboundError::Http(*error)),
            Err(_) => Err(OutboundError::TooLarge(max)),
        },
    }
}

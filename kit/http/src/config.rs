//! Everything an operator may set about the HTTP edge and its defaults.

use gantry_kernel::{ByteSize, Period};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limit::Quota;

/// Settings of the HTTP edge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address people use, for example `https://gantry.example.com`; links, the origin check and HSTS follow it.
    #[serde(skip)]
    pub public_url: String,
    /// Other addresses under which browsers find these same pages, such as `http://localhost:8080`.
    #[serde(skip)]
    pub own_aliases: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed, as addresses or networks (`10.0.0.0/8`).
    #[serde(skip)]
    pub trusted_proxies: Vec<String>,
    /// Other web origins whose pages may call the API with credentials; exact, for example `https://app.example.com`.
    #[serde(skip)]
    pub cors_origins: Vec<String>,
    /// How long a browser may remember a CORS preflight answer.
    pub cors_max_age: Period,
    /// Address of the security contact (`mailto:` or `https:`) shown in `/.well-known/security.txt`; empty shows none.
    pub security_contact: String,
    /// Base of the `type` links in error replies; empty makes them relative to this server.
    pub problem_base: String,
    /// Largest number of open connections; more wait in the operating system's queue.
    pub max_connections: usize,
    /// Largest number of open connections from one address (one /64 of IPv6); more are closed at once. Trusted proxies
    /// are not counted.
    pub max_connections_per_address: usize,
    /// Largest number of concurrent requests on one HTTP/2 connection.
    pub max_streams: u32,
    /// Largest number of open event streams.
    pub max_event_streams: usize,
    /// Largest number of open event streams of one person or service account; a browser has one for all its tabs.
    pub max_event_streams_per_person: usize,
    /// Longest silence of an event stream; proxies close a connection that says nothing for as long as they think right.
    pub event_stream_heartbeat: Period,
    /// Time a client has to send the head of a request.
    pub header_timeout: Period,
    /// Time a client has to send the body of a request.
    pub body_timeout: Period,
    /// Time a client may refuse to take any byte of a reply.
    pub write_timeout: Period,
    /// Time an idle connection is kept open.
    pub idle_timeout: Period,
    /// Time a handler may take, unless its route says otherwise.
    pub handler_timeout: Period,
    /// Largest head of a request, names and values together.
    pub max_header_size: ByteSize,
    /// Largest path and query of a request.
    pub max_uri_size: ByteSize,
    /// Largest body of a request, unless its route says otherwise.
    pub max_body_size: ByteSize,
    /// Largest body of a request that anybody may send without signing in, unless its route says otherwise.
    pub max_public_body_size: ByteSize,
    /// Deepest nesting of a JSON body.
    pub max_json_depth: usize,
    /// Time requests in flight get to finish when the server stops.
    pub drain_timeout: Period,
    /// Time between answering "not ready" and closing the listener, for load balancers that poll.
    pub drain_delay: Period,
    /// Time an idle connection gets for a request that may be on its way when the server stops.
    pub drain_linger: Period,
    /// Time one health check may take.
    pub health_timeout: Period,
    /// Rate limits.
    pub limits: LimitsConfig,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".into(),
            own_aliases: Vec::new(),
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            cors_max_age: Period::seconds(600),
            security_contact: String::new(),
            problem_base: String::new(),
            max_connections: 10_000,
            max_connections_per_address: 1_000,
            max_streams: 128,
            max_event_streams: 5_000,
            max_event_streams_per_person: 10,
            event_stream_heartbeat: Period::seconds(15),
            header_timeout: Period::seconds(10),
            body_timeout: Period::seconds(30),
            write_timeout: Period::seconds(30),
            idle_timeout: Period::seconds(75),
            handler_timeout: Period::seconds(30),
            max_header_size: ByteSize::kib(16),
            max_uri_size: ByteSize::kib(8),
            max_body_size: ByteSize::mib(1),
            max_public_body_size: ByteSize::kib(16),
            max_json_depth: 32,
            drain_timeout: Period::seconds(30),
            drain_delay: Period::seconds(0),
            drain_linger: Period::millis(500),
            health_timeout: Period::seconds(2),
            limits: LimitsConfig::default(),
        }
    }
}

/// Rate limits by class. Each is a number of requests per period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Turns every limit of this section off; for load tests, never for a server that others can reach.
    pub off: bool,
    /// Largest number of subjects remembered; the least loaded are forgotten first.
    pub max_subjects: usize,
    /// Requests without credentials, per address.
    pub anonymous: Quota,
    /// Requests with credentials that turn out to be no good, per address. Beyond it, credentials from that address are
    /// not looked at any more.
    pub bad_credentials: Quota,
    /// Requests of a signed-in person.
    pub interactive: Quota,
    /// Requests with one key of a service account.
    pub machine: Quota,
    /// Imports, exports and other heavy work, per person.
    pub heavy: Quota,
    /// All requests to one tenant.
    pub tenant: Quota,
    /// Sign-ups, per address.
    pub sign_up: Quota,
    /// Requests for a password reset, per address. A whole class may sit behind one.
    pub reset: Quota,
    /// Requests to send a verification mail again, per address.
    pub resend: Quota,
    /// Event streams that a person begins.
    pub stream: Quota,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let per_minute = |limit| Quota::new(limit, Period::minutes(1));
        let per_hour = |limit| Quota::new(limit, Period::hours(1));
        Self {
            off: false,
            max_subjects: 100_000,
            anonymous: per_minute(100),
            bad_credentials: per_minute(300),
            interactive: per_minute(600),
            machine: per_minute(1_200),
            heavy: per_hour(10),
            tenant: per_minute(6_000),
            sign_up: per_hour(5),
            reset: per_hour(60),
            resend: per_hour(5),
            stream: per_minute(60),
        }
    }
}

/// A setting of the HTTP edge that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} {why}")]
pub struct ConfigError {
    /// The field of [`HttpConfig`].
    pub key: &'static str,
    /// What it must be.
    pub why: String,
}

/// [`HttpConfig`] checked and turned into what the request path compares against.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) raw: HttpConfig,
    /// Origins of `public_url` and its aliases, lower case, without a trailing slash.
    pub(crate) own_origins: Vec<String>,
    pub(crate) secure: bool,
    pub(crate) proxies: Vec<IpNet>,
    pub(crate) cors_origins: Vec<String>,
    pub(crate) max_header: usize,
    pub(crate) max_uri: usize,
    pub(crate) max_body: usize,
    pub(crate) max_public_body: usize,
}

impl Settings {
    /// Refuses with the first fault; [`HttpConfig::faults`] has all.
    pub(crate) fn check(raw: HttpConfig) -> Result<Self, ConfigError> {
        if let Some(fault) = raw.faults().into_iter().next() {
            return Err(fault);
        }
        let own = std::iter::once(&raw.public_url).chain(&raw.own_aliases);
        let bytes = |size: ByteSize| usize::try_from(size.get()).unwrap_or(usize::MAX);
        Ok(Self {
            secure: raw.public_url.starts_with("https://"),
            own_origins: own.filter_map(|text| origin_of(text)).collect(),
            proxies: raw
                .trusted_proxies
                .iter()
                .filter_map(|text| parse_net(text))
                .collect(),
            cors_origins: raw
                .cors_origins
                .iter()
                .filter_map(|text| origin_of(text))
                .collect(),
            max_header: bytes(raw.max_header_size),
            max_uri: bytes(raw.max_uri_size),
            max_body: bytes(raw.max_body_size),
            max_public_body: bytes(raw.max_public_body_size),
            raw,
        })
    }
}

impl HttpConfig {
    /// Everything that cannot be used, without starting anything.
    pub fn faults(&self) -> Vec<ConfigError> {
        let mut faults = Vec::new();
        let mut fault = |key, why| faults.push(ConfigError { key, why });
        if origin_of(&self.public_url).is_none() {
            let given = &self.public_url;
            let why =
                format!("must look like https://gantry.example.com, without a path, not {given:?}");
            fault("public_url", why);
        }
        for text in self
            .trusted_proxies
            .iter()
            .filter(|text| parse_net(text).is_none())
        {
            let why = format!("must be addresses or networks such as 10.0.0.0/8, not {text:?}");
            fault("trusted_proxies", why);
        }
        for text in self
            .cors_origins
            .iter()
            .filter(|text| origin_of(text).is_none())
        {
            let why = format!("must be origins such as https://app.example.com, not {text:?}");
            fault("cors_origins", why);
        }
        let contact = self.security_contact.as_str();
        let link = contact.starts_with("mailto:") || contact.starts_with("https:");
        if !contact.is_empty() && (!link || contact.chars().any(char::is_control)) {
            fault(
                "security_contact",
                "must begin with mailto: or https:".to_owned(),
            );
        }
        let base = self.problem_base.as_str();
        if !base.is_empty()
            && base
                .parse::<http::Uri>()
                .map_or(true, |uri| uri.scheme().is_none())
        {
            fault(
                "problem_base",
                "must be an address such as https://docs.example.com".to_owned(),
            );
        }
        let least = Period::millis(1);
        for (key, period) in [
            ("header_timeout", self.header_timeout),
            ("body_timeout", self.body_timeout),
            ("write_timeout", self.write_timeout),
            ("idle_timeout", self.idle_timeout),
            ("handler_timeout", self.handler_timeout),
            ("health_timeout", self.health_timeout),
            ("event_stream_heartbeat", self.event_stream_heartbeat),
        ] {
            if period < least {
                fault(key, format!("must be at least {least}"));
            }
        }
        for (key, size, least) in [
            ("max_header_size", self.max_header_size, ByteSize::kib(1)),
            ("max_uri_size", self.max_uri_size, ByteSize::bytes(256)),
            ("max_body_size", self.max_body_size, ByteSize::kib(1)),
            (
                "max_public_body_size",
                self.max_public_body_size,
                ByteSize::kib(1),
            ),
        ] {
            if size < least {
                fault(key, format!("must be at least {least}"));
            }
        }
        for (key, count, least) in [
            ("max_connections", self.max_connections, 1),
            (
                "max_connections_per_address",
                self.max_connections_per_address,
                1,
            ),
            ("max_streams", self.max_streams as usize, 1),
            ("max_event_streams", self.max_event_streams, 1),
            (
                "max_event_streams_per_person",
                self.max_event_streams_per_person,
                1,
            ),
            ("max_json_depth", self.max_json_depth, 4),
        ] {
            if count < least {
                fault(key, format!("must be at least {least}"));
            }
        }
        faults
    }
}

fn parse_net(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

/// The serialised origin (RFC 6454, section 6.2) of a link without a path, or `None`.
fn origin_of(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let uri: http::Uri = text.parse().ok()?;
    let scheme = uri
        .scheme_str()
        .filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let authority = uri.authority()?;
    if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    let default_port = if scheme == "https" { 443 } else { 80 };
    Some(match authority.port_u16() {
        Some(port) if port != default_port => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    })
}

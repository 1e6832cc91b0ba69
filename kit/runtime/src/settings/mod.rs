//! The sections of the configuration that belong to the process itself.
#![expect(
    clippy::doc_markdown,
    reason = "these comments become the documented example file"
)]

mod database;
mod metrics;

use std::net::{Ipv4Addr, SocketAddr};

use gantry_export::{ErrorSettings, OtlpSettings, SettingsError};
use gantry_http::HttpConfig;
use gantry_jobs::RunnerConfig;
use gantry_kernel::{Period, Secret};
use gantry_outbound::OutboundSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use database::{ClusterSettings, DatabaseSettings, PostgresSettings, SqliteSettings};
pub use metrics::MetricsSettings;

use crate::config::{ConfigSection, Remark};
use crate::{LogSettings, listen};

/// The sections every process has, before those of its modules.
pub(crate) fn sections() -> Vec<ConfigSection> {
    vec![
        ConfigSection::of::<TopSettings>(""),
        ConfigSection::reviewed::<ServerSettings>("server", review_server),
        ConfigSection::reviewed::<DatabaseSettings>("database", DatabaseSettings::review),
        ConfigSection::reviewed::<LogSettings>("log", LogSettings::review),
        ConfigSection::reviewed::<MetricsSettings>("metrics", MetricsSettings::review),
        ConfigSection::reviewed::<OtlpSettings>("otlp", |otlp| refused_by(otlp.faults())),
        ConfigSection::reviewed::<ErrorSettings>("errors", |errors| refused_by(errors.faults())),
        ConfigSection::reviewed::<HttpConfig>("http", review_http),
        ConfigSection::of::<JobsSettings>("jobs"),
        ConfigSection::reviewed::<AuditSettings>("audit", AuditSettings::review),
        ConfigSection::reviewed::<OutboundSettings>("outbound", review_outbound),
    ]
}

fn review_server(server: &ServerSettings) -> Vec<Remark> {
    let mut edge = HttpConfig::default();
    server.tell(&mut edge, server.listen);
    let mut remarks = listen::review(server);
    remarks.extend(review_http(&edge));
    remarks
}

fn review_outbound(outbound: &OutboundSettings) -> Vec<Remark> {
    let refused = |(key, why)| Remark::Refused { key, why };
    outbound.faults().into_iter().map(refused).collect()
}

fn refused_by(faults: Vec<SettingsError>) -> Vec<Remark> {
    let refused = |SettingsError { key, why }| Remark::Refused { key, why };
    faults.into_iter().map(refused).collect()
}

fn review_http(http: &HttpConfig) -> Vec<Remark> {
    let refused = |gantry_http::ConfigError { key, why }| Remark::Refused { key, why };
    http.faults().into_iter().map(refused).collect()
}

/// What stands at the top of the file, outside any section.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TopSettings {
    /// Seals every secret Gantry keeps: 32 bytes in base64 (44 characters), for example from
    /// "openssl rand -base64 32". Without it a key is generated beside the data directory at the
    /// first start. Data sealed under one key cannot be opened with another. To change it, write the
    /// new key before the old one with a space between: the first seals, the others only open, until
    /// "gantry keys rewrap" has moved everything to the first.
    pub master_key: Option<Secret<String>>,
}

/// How the process is reached.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port to listen on. Anything but this machine's own addresses (127.0.0.1, ::1)
    /// needs behind_proxy, trusted_proxies and an https public_url.
    pub listen: SocketAddr,
    /// A proxy that speaks TLS stands in front.
    pub behind_proxy: bool,
    /// The address people use, for example `https://gantry.example.com`, without a path. Links in
    /// mails, the origin check and HSTS follow it. Not set: the listen address over http, which
    /// browsers on this machine may also call localhost.
    pub public_url: Option<String>,
    /// Proxies whose X-Forwarded-For is believed, as addresses or networks ("10.0.0.0/8"). Needed to
    /// listen beyond this machine. Empty: with behind_proxy this machine, without it nobody.
    pub trusted_proxies: Vec<String>,
    /// Other web origins whose pages may call the API with credentials, exactly as browsers send
    /// them: `https://app.example.com`.
    pub cors_origins: Vec<String>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            behind_proxy: false,
            public_url: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
        }
    }
}

impl ServerSettings {
    /// The address people use, given the one that is really listened on.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{bound}"),
        }
    }

    /// Tells the HTTP edge what it needs to know about the outside.
    pub(crate) fn tell(&self, http: &mut HttpConfig, bound: SocketAddr) {
        http.public_url = self.public_url(bound);
        http.own_aliases = self.own_aliases(bound);
        http.trusted_proxies = self.believed_proxies();
        http.cors_origins.clone_from(&self.cors_origins);
    }

    /// What else browsers on this machine call the listen address, while no other is decided on.
    fn own_aliases(&self, bound: SocketAddr) -> Vec<String> {
        if self.public_url.is_some() || !bound.ip().is_loopback() {
            return Vec::new();
        }
        let port = bound.port();
        ["localhost", "127.0.0.1", "[::1]"]
            .map(|host| format!("http://{host}:{port}"))
            .into()
    }

    /// The proxies to believe.
    pub fn believed_proxies(&self) -> Vec<String> {
        if self.behind_proxy && self.trusted_proxies.is_empty() {
            vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()]
        } else {
            self.trusted_proxies.clone()
        }
    }
}

/// The audit log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSettings {
    /// How long rows are kept, 400 days at least. Older ones are removed once a day.
    pub retention: Period,
}

/// The least that rows are kept, in days: a year, and time to look into what happened in it.
const AUDIT_KEPT_DAYS: u64 = 400;

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            retention: Period::days(AUDIT_KEPT_DAYS),
        }
    }
}

impl AuditSettings {
    fn review(&self) -> Vec<Remark> {
        if self.retention.get() >= Period::days(AUDIT_KEPT_DAYS).get() {
            return Vec::new();
        }
        vec![Remark::Refused {
            key: "retention",
            why: format!("must be {AUDIT_KEPT_DAYS}d or longer"),
        }]
    }
}

/// Background work.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JobsSettings {
    /// Jobs running at once in this process.
    pub workers: usize,
    /// Jobs of one tenant running at once in this process.
    pub per_tenant: usize,
    /// The longest time between two looks for work that other processes have left.
    pub poll: Period,
    /// How long running jobs may take to end when the process stops; then they are given back.
    pub stop_timeout: Period,
}

impl Default for JobsSettings {
    fn default() -> Self {
        let runner = RunnerConfig::default();
        Self {
            workers: runner.workers,
            per_tenant: runner.per_place,
            poll: Period::seconds(runner.poll.as_secs()),
            stop_timeout: Period::seconds(20),
        }
    }
}

impl JobsSettings {
    pub(crate) fn to_runner(&self) -> RunnerConfig {
        RunnerConfig {
            workers: self.workers,
            per_place: self.per_tenant,
            poll: self.poll.get(),
            ..RunnerConfig::default()
        }
    }
}

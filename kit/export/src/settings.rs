//! Where telemetry goes, if anywhere.

use gantry_kernel::{Secret, is_loopback};
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::errors::Dsn;

/// Traces and logs to a collector of OpenTelemetry (OTLP over HTTP, in protobuf).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OtlpSettings {
    /// The collector's base address, such as `http://127.0.0.1:4318`; `/v1/traces` and `/v1/logs` are appended.
    /// Not set: nothing is sent.
    pub endpoint: Option<String>,
    /// Header fields for the collector, as `name=value` with commas between, for a token for instance.
    pub headers: Secret<String>,
    /// Send a span for each recorded request.
    pub traces: bool,
    /// Send what is logged.
    pub logs: bool,
    /// The share of traces that is recorded, from 0 to 1. It follows from the trace's id, so that all services that
    /// record the same share record the same traces.
    pub sample: f64,
    /// Spans, and log records, that may wait. What does not fit is dropped and counted.
    pub queue: usize,
    /// Send over http to another machine. Whoever is on the way reads along.
    pub allow_plaintext: bool,
}

impl Default for OtlpSettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            headers: Secret::default(),
            traces: true,
            logs: false,
            sample: 0.1,
            queue: 4_096,
            allow_plaintext: false,
        }
    }
}

/// Errors to a tracker that speaks Sentry's wire format.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ErrorSettings {
    /// The address the tracker gives for a project, such as `https://key@errors.example.com/42`. Not set: nothing is sent.
    pub dsn: Secret<String>,
    /// What this installation is called at the tracker.
    pub environment: String,
    /// The most errors that are sent in a minute; more are counted only.
    pub per_minute: u32,
    /// Send over http to another machine. Whoever is on the way reads along.
    pub allow_plaintext: bool,
}

impl Default for ErrorSettings {
    fn default() -> Self {
        Self {
            dsn: Secret::default(),
            environment: "production".to_owned(),
            per_minute: 30,
            allow_plaintext: false,
        }
    }
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct SettingsError {
    /// The key, without the section's name.
    pub key: &'static str,
    /// Why, and what to do.
    pub why: String,
}

fn refused(key: &'static str, why: impl Into<String>) -> SettingsError {
    SettingsError {
        key,
        why: why.into(),
    }
}

/// A collector.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) base: Url,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl OtlpSettings {
    /// What cannot be used.
    pub fn faults(&self) -> Vec<SettingsError> {
        let mut faults: Vec<_> = self.target().err().into_iter().collect();
        if !(0.0..=1.0).contains(&self.sample) {
            faults.push(refused("sample", "must be between 0 and 1"));
        }
        if self.queue == 0 {
            faults.push(refused("queue", "must be at least 1"));
        }
        faults
    }

    pub(crate) fn target(&self) -> Result<Option<Target>, SettingsError> {
        let Some(endpoint) = self.endpoint.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let base = endpoint
            .parse::<Url>()
            .map_err(|error| refused("endpoint", error.to_string()))?;
        guarded("endpoint", &base, self.allow_plaintext)?;
        Ok(Some(Target {
            base,
            headers: headers(self.headers.expose())?,
        }))
    }
}

impl ErrorSettings {
    /// What cannot be used.
    pub fn faults(&self) -> Vec<SettingsError> {
        self.tracker().err().into_iter().collect()
    }

    pub(crate) fn tracker(&self) -> Result<Option<Dsn>, SettingsError> {
        let text = self.dsn.expose();
        if text.is_empty() {
            return Ok(None);
        }
        // What is wrong with it is told without it: it holds a key.
        let dsn = Dsn::parse(text)
            .ok_or_else(|| refused("dsn", "must look like https://key@errors.example.com/42"))?;
        guarded("dsn", &dsn.endpoint, self.allow_plaintext)?;
        Ok(Some(dsn))
    }
}

/// http only where nobody can listen in, or where the operator says so.
fn guarded(key: &'static str, url: &Url, plaintext: bool) -> Result<(), SettingsError> {
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => Ok(()),
        "http" if plaintext || is_loopback(host.trim_matches(['[', ']'])) => Ok(()),
        "http" => Err(refused(
            key,
            "is on another machine, so it must begin with https; or set allow_plaintext if nobody else is on that network",
        )),
        _ => Err(refused(key, "must begin with https:// or http://")),
    }
}

fn headers(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, SettingsError> {
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let name = name.trim().parse::<HeaderName>().ok()?;
            let mut value = HeaderValue::from_str(value.trim()).ok()?;
            value.set_sensitive(true);
            Some((name, value))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| refused("headers", "must be name=value, with commas between"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn otlp(endpoint: &str) -> OtlpSettings {
        OtlpSettings {
            endpoint: Some(endpoint.to_owned()),
            ..OtlpSettings::default()
        }
    }

    #[test]
    fn only_loopback_goes_without_tls() {
        for good in [
            "http://127.0.0.1:4318",
            "http://localhost:4318",
            "http://[::1]:4318",
            "https://collector.example.com",
        ] {
            assert_eq!(otlp(good).faults(), [], "{good}");
        }
        for bad in [
            "http://collector.example.com:4318",
            "ftp://127.0.0.1",
            "collector",
        ] {
            assert_eq!(otlp(bad).faults().len(), 1, "{bad}");
        }
        let allowed = OtlpSettings {
            allow_plaintext: true,
            ..otlp("http://collector.example.com:4318")
        };
        assert_eq!(allowed.faults(), []);
    }

    #[test]
    fn a_wrong_dsn_is_not_quoted() {
        let settings = |dsn: &str| ErrorSettings {
            dsn: Secret::new(dsn.to_owned()),
            ..ErrorSettings::default()
        };
        assert_eq!(settings("https://abc@errors.example.com/42").faults(), []);
        for bad in [
            "https://errors.example.com/42",
            "https://abc@errors.example.com/",
            "abc",
            "http://abc@errors.example.com/1",
        ] {
            let faults = settings(bad).faults();
            assert_eq!(faults.len(), 1, "{bad}");
            assert!(!faults[0].why.contains("abc"), "{}", faults[0].why);
        }
    }

    #[test]
    fn headers_are_pairs() {
        let found = headers("authorization=Bearer x, x-team = a").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].1, "Bearer x");
        assert!(headers("nonsense").is_err());
        assert!(headers("a b=c").is_err());
    }
}

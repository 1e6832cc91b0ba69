//! The `[metrics]` section.

use std::net::SocketAddr;

use gantry_kernel::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::Remark;

/// What is measured, for Prometheus.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSettings {
    /// Address and port where the metrics are served at /metrics, such as "127.0.0.1:9464". It is never the address that
    /// people use, and nothing else is served there. Not set: nowhere.
    pub listen: Option<SocketAddr>,
    /// What a collector sends as "Authorization: Bearer ...", 16 characters or more. Needed if other machines
    /// can reach the address.
    pub token: Secret<String>,
}

/// Fewer characters can be guessed.
const LEAST: usize = 16;

impl MetricsSettings {
    pub(super) fn review(&self) -> Vec<Remark> {
        let refused = |why: String| vec![Remark::Refused { key: "token", why }];
        let token = self.token.expose();
        if !token.is_empty() && token.len() < LEAST {
            return refused(format!("must be {LEAST} characters long or longer"));
        }
        match self.listen {
            Some(listen) if token.is_empty() && !listen.ip().is_loopback() => refused(format!(
                "must be set, because other machines can reach {listen}; or listen on 127.0.0.1"
            )),
            _ => Vec::new(),
        }
    }

    /// The token, if one is asked for.
    pub(crate) fn token(&self) -> Option<Secret<String>> {
        (!self.token.expose().is_empty()).then(|| self.token.clone())
    }
}

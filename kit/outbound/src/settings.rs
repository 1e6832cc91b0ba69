//! What the operator decides about outbound requests.

use std::net::IpAddr;
use std::path::PathBuf;

use gantry_kernel::units::Period;
use ipnet::IpNet;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Host;

/// Requests of Gantry to addresses that people chose, such as a workspace's sign-in provider.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutboundSettings {
    /// Hosts and networks beyond the public internet that may be asked all the same, for a provider
    /// on your own network: names ("sso.internal"), addresses ("10.1.2.3"), networks
    /// ("10.1.0.0/16"). Everybody who may name an address can then reach them. On loopback http is
    /// accepted, too.
    pub allow_private: Vec<String>,
    /// A PEM file of certificate authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The longest a request may take, from looking up the name to the last byte.
    pub timeout: Period,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            allow_private: Vec::new(),
            ca_file: None,
            timeout: Period::seconds(10),
        }
    }
}

/// One entry of [`OutboundSettings::allow_private`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    Net(IpNet),
    Host(String),
}

impl Allowed {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(net) = text.parse::<IpNet>() {
            return Some(Self::Net(net));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Net(IpNet::from(address)));
        }
        match Host::parse(text) {
            Ok(Host::Domain(name)) => Some(Self::Host(name)),
            _ => None,
        }
    }

    pub(crate) fn admits(&self, host: &str, address: IpAddr) -> bool {
        match self {
            Self::Net(net) => net.contains(&address.to_canonical()),
            Self::Host(name) => name == host,
        }
    }
}

impl OutboundSettings {
    /// What is wrong: a key, and why.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        for text in &self.allow_private {
            if Allowed::parse(text).is_none() {
                let why = format!("{text:?} is no host name, address or network");
                faults.push(("allow_private", why));
            }
        }
        if let Err(why) = self.authorities() {
            faults.push(("ca_file", why));
        }
        let (least, most) = (Period::millis(100), Period::minutes(1));
        if self.timeout < least || self.timeout > most {
            let why = format!("{} is not between {least} and {most}", self.timeout);
            faults.push(("timeout", why));
        }
        faults
    }

    pub(crate) fn allowed(&self) -> Vec<Allowed> {
        let entries = self.allow_private.iter();
        entries.filter_map(|text| Allowed::parse(text)).collect()
    }

    /// The certificates in [`OutboundSettings::ca_file`].
    pub(crate) fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let Some(path) = &self.ca_file else {
            return Ok(Vec::new());
        };
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let found: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
            .map_err(|error| wrong(&error))?
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(&error))?;
        if found.is_empty() {
            return Err(wrong(&"no certificate in it"));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_names_addresses_and_networks() {
        let settings = |entry: &str| OutboundSettings {
            allow_private: vec![entry.to_owned()],
            ..OutboundSettings::default()
        };
        for good in ["sso.internal", "10.1.2.3", "10.1.0.0/16", "::1", "fd00::/8"] {
            assert_eq!(settings(good).faults(), [], "{good}");
        }
        for wrong in ["", "http://sso", "10.0.0.0/33", "a b", "sso:8443"] {
            assert_eq!(settings(wrong).faults().len(), 1, "{wrong}");
        }
        let missing = OutboundSettings {
            ca_file: Some("/nonexistent/ca.pem".into()),
            ..OutboundSettings::default()
        };
        assert_eq!(missing.faults()[0].0, "ca_file");
    }
}

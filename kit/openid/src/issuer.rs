//! The name of a provider, which is compared letter by letter everywhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

/// The longest issuer.
const MAX: usize = 512;

/// An issuer identifier (OpenID Connect Core 1.0, section 2): kept as it was written, because it is compared so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(String);

/// Why a text is no issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an issuer is an https address of at most 512 characters without query and fragment")]
pub struct NotAnIssuer;

impl Issuer {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, to be shown to people.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.0).ok();
        let host = url.as_ref().and_then(Url::host_str);
        host.unwrap_or(&self.0).to_owned()
    }

    /// The address itself, to be judged before it is requested.
    pub fn url(&self) -> Result<Url, NotAnIssuer> {
        Url::parse(&self.0).map_err(|_| NotAnIssuer)
    }

    /// Where the provider describes itself (OpenID Connect Discovery 1.0, section 4.1).
    pub(crate) fn discovery(&self) -> Result<Url, NotAnIssuer> {
        let base = self.0.trim_end_matches('/');
        Url::parse(&format!("{base}/.well-known/openid-configuration")).map_err(|_| NotAnIssuer)
    }
}

impl FromStr for Issuer {
    type Err = NotAnIssuer;

    fn from_str(text: &str) -> Result<Self, NotAnIssuer> {
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'@' | b'\\');
        if text.len() > MAX || !text.bytes().all(plain) {
            return Err(NotAnIssuer);
        }
        let url = Url::parse(text).map_err(|_| NotAnIssuer)?;
        // http is for loopback, which kit/outbound sees to.
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(NotAnIssuer);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Issuer {
    type Error = NotAnIssuer;

    fn try_from(text: String) -> Result<Self, NotAnIssuer> {
        text.parse()
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_kept_as_written() {
        for text in [
            "https://accounts.example.com",
            "https://accounts.example.com/",
            "https://login.example.com/3fa85f64/v2.0",
            "https://sso.example.com:8443/realms/north",
        ] {
            assert_eq!(text.parse::<Issuer>().unwrap().as_str(), text);
        }
        for text in [
            "",
            "accounts.example.com",
            "ftp://accounts.example.com",
            "javascript:alert(1)",
            "https://user@accounts.example.com",
            "https://accounts.example.com?x=1",
            "https://accounts.example.com#x",
            "https://accounts.example.com/ x",
            "https://accounts.example.com\\@evil.example",
        ] {
            assert_eq!(text.parse::<Issuer>(), Err(NotAnIssuer), "{text}");
        }
        let long = format!("https://a.example/{}", "a".repeat(MAX));
        assert_eq!(long.parse::<Issuer>(), Err(NotAnIssuer));
    }

    #[test]
    fn discovery_is_below_the_issuer() {
        for text in ["https://a.example/realms/b", "https://a.example/realms/b/"] {
            let issuer: Issuer = text.parse().unwrap();
            assert_eq!(
                issuer.discovery().unwrap().as_str(),
                "https://a.example/realms/b/.well-known/openid-configuration"
            );
        }
    }
}

//! What a provider says about itself (OpenID Connect Discovery 1.0, section 3).

use serde::Deserialize;
use url::Url;

use crate::{Issuer, OpenIdError};

/// The largest description that is read; those of large providers have 5 KB.
pub(crate) const MAX_BYTES: usize = 128 * 1024;

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    response_types_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// The part that is used here.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) keys: Url,
    /// Whether answers name their issuer (RFC 9207).
    pub(crate) names_issuer: bool,
}

impl Metadata {
    pub(crate) fn read(issuer: &Issuer, body: &[u8]) -> Result<Self, OpenIdError> {
        let document: Document = serde_json::from_slice(body)
            .map_err(|_| OpenIdError::Provider("its description cannot be read"))?;
        // Letter by letter: a description of another provider is none of this one.
        if document.issuer != issuer.as_str() {
            return Err(OpenIdError::Provider(
                "its description names another issuer",
            ));
        }
        let lists = |list: &Option<Vec<String>>, wanted: &str| {
            list.as_ref()
                .is_none_or(|list| list.iter().any(|one| one == wanted))
        };
        if !lists(&document.response_types_supported, "code") {
            return Err(OpenIdError::Provider("it gives no codes"));
        }
        // Those that do not say so may still do it; all are sent a challenge.
        if !lists(&document.code_challenge_methods_supported, "S256") {
            return Err(OpenIdError::Provider("it takes no S256 challenge"));
        }
        Ok(Self {
            authorization: browsable(issuer, &document.authorization_endpoint)?,
            token: endpoint(&document.token_endpoint)?,
            keys: endpoint(&document.jwks_uri)?,
            names_issuer: document.authorization_response_iss_parameter_supported,
        })
    }
}

/// An address that Gantry requests itself; kit/outbound judges it then.
fn endpoint(text: &str) -> Result<Url, OpenIdError> {
    Url::parse(text).map_err(|_| OpenIdError::Provider("an endpoint is no address"))
}

/// An address that a browser is sent to: never a script, and without TLS only where the issuer has none.
fn browsable(issuer: &Issuer, text: &str) -> Result<Url, OpenIdError> {
    let url = endpoint(text)?;
    let plain = issuer.as_str().starts_with("http://");
    let fits = url.scheme() == "https" || (plain && url.scheme() == "http");
    let bare = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if fits && bare && url.has_host() {
        Ok(url)
    } else {
        Err(OpenIdError::Provider(
            "its log-in page is no address for browsers",
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(change: impl FnOnce(&mut Value)) -> Result<Metadata, OpenIdError> {
        let mut document = json!({
            "issuer": "https://sso.example.com",
            "authorization_endpoint": "https://sso.example.com/authorize?tenant=1",
            "token_endpoint": "https://sso.example.com/token",
            "jwks_uri": "https://sso.example.com/keys",
        });
        change(&mut document);
        let issuer = "https://sso.example.com".parse().unwrap();
        Metadata::read(&issuer, document.to_string().as_bytes())
    }

    #[test]
    fn a_description_must_be_of_this_issuer_and_offer_what_is_used() {
        assert!(read(|_| {}).is_ok());
        for issuer in [
            "https://sso.example.com/",
            "https://SSO.example.com",
            "http://sso.example.com",
            "https://evil.example",
        ] {
            assert!(
                read(|document| document["issuer"] = json!(issuer)).is_err(),
                "{issuer}"
            );
        }
        for (name, value) in [
            ("response_types_supported", json!(["id_token"])),
            ("code_challenge_methods_supported", json!(["plain"])),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            (
                "authorization_endpoint",
                json!("http://sso.example.com/authorize"),
            ),
            (
                "authorization_endpoint",
                json!("https://a@sso.example.com/authorize"),
            ),
            ("token_endpoint", json!("nowhere")),
            ("jwks_uri", json!(null)),
        ] {
            let refused = read(|document| document[name] = value.clone());
            assert!(
                matches!(refused, Err(OpenIdError::Provider(_))),
                "{name}: {value}"
            );
        }
    }
}

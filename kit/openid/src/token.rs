//! Exchanging a code (RFC 6749, section 4.1.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_kernel::Secret;
use gantry_outbound::{Outbound, Request};
use http::HeaderValue;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::{Attempt, Client, ClientAuth, OpenIdError};

/// The largest answer that is read.
const MAX_BYTES: usize = 64 * 1024;

#[derive(Deserialize)]
struct Granted {
    id_token: Option<Secret<String>>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// The ID token that the provider gives for a code.
pub(crate) async fn redeem(
    outbound: &Outbound,
    endpoint: &Url,
    client: &Client,
    attempt: &Attempt,
    code: &Secret<String>,
    redirect_uri: &str,
) -> Result<Secret<String>, OpenIdError> {
    let request = written(endpoint, client, attempt, code, redirect_uri)?;
    let answer = outbound.send(request).await?;
    if !answer.status.is_success() {
        let refused: Option<Refused> = serde_json::from_slice(&answer.body).ok();
        let word = refused.map(|refused| word(&refused.error));
        return Err(OpenIdError::Code(
            word.unwrap_or_else(|| answer.status.as_str().to_owned()),
        ));
    }
    let granted: Granted = serde_json::from_slice(&answer.body)
        .map_err(|_| OpenIdError::Provider("its answer to the code cannot be read"))?;
    granted
        .id_token
        .ok_or(OpenIdError::Provider("it gives no ID token"))
}

fn written(
    endpoint: &Url,
    client: &Client,
    attempt: &Attempt,
    code: &Secret<String>,
    redirect_uri: &str,
) -> Result<Request, OpenIdError> {
    let verifier = attempt.verifier();
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code.expose())
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("code_verifier", verifier.expose());
    let mut request = Request::get(endpoint.clone(), MAX_BYTES);
    match &client.auth {
        ClientAuth::Basic(secret) => request.authorization = Some(basic(&client.id, secret)?),
        ClientAuth::Post(secret) => {
            form.append_pair("client_id", &client.id)
                .append_pair("client_secret", secret.expose());
        }
        ClientAuth::None => {
            form.append_pair("client_id", &client.id);
        }
    }
    let body = form.finish().into_bytes().into();
    request.body = Some(("application/x-www-form-urlencoded", body));
    Ok(request)
}

/// Both parts are form-encoded first (RFC 6749, section 2.3.1).
fn basic(id: &str, secret: &Secret<String>) -> Result<HeaderValue, OpenIdError> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Secret::new(format!("{}:{}", encoded(id), encoded(secret.expose())));
    HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair.expose())))
        .map_err(|_| OpenIdError::Provider("its client id cannot be sent"))
}

/// The provider's word for what is wrong, as far as a log line can bear it.
fn word(error: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    error.chars().filter(plain).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_with_odd_characters_is_encoded_twice() {
        let header = basic("client one", &Secret::new("p:ss%word".to_owned())).unwrap();
        let text = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
        let pair = STANDARD.decode(text).unwrap();
        assert_eq!(pair, b"client+one:p%3Ass%25word");
    }

    #[test]
    fn a_providers_word_cannot_forge_log_lines() {
        assert_eq!(
            word("invalid_grant\n{\"level\":\"x\"}"),
            "invalid_grantlevelx"
        );
    }
}

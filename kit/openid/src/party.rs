//! The relying party: to the provider and back.

use gantry_kernel::{Kernel, Secret, crypto};
use gantry_outbound::{Outbound, OutboundError};
use url::Url;

use crate::known::Known;
use crate::{Attempt, Client, Identity, Issuer, OpenIdError, id_token, token};

/// The longest code that is passed on.
const MAX_CODE: usize = 2_048;

/// Everything that is asked of a provider: who somebody is and how to address them, nothing to act with.
const SCOPE: &str = "openid email profile";

/// An attempt that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: Url,
    /// What it comes back with; good once.
    pub state: Secret<String>,
    /// What it holds meanwhile.
    pub attempt: Attempt,
}

/// What a browser came back with.
#[derive(Clone, Debug)]
pub struct Returned {
    /// The code.
    pub code: Secret<String>,
    /// Who says it comes from them (RFC 9207).
    pub issuer: Option<String>,
}

/// Signs people in with providers.
pub struct RelyingParty {
    kernel: Kernel,
    outbound: Outbound,
    known: Known,
}

impl RelyingParty {
    /// Knows no provider yet.
    pub fn new(kernel: Kernel, outbound: Outbound) -> Self {
        Self {
            known: Known::new(outbound.clone(), kernel.clone()),
            kernel,
            outbound,
        }
    }

    /// Whether this provider can be asked as far as its name tells.
    pub fn check(&self, issuer: &Issuer) -> Result<(), OutboundError> {
        let url = issuer.url();
        let url = url.map_err(|_| OutboundError::Address("it is no address"))?;
        self.outbound.check(&url)
    }

    /// Begins an attempt. The browser comes back to `redirect_uri`.
    pub async fn begin(&self, client: &Client, redirect_uri: &str) -> Result<Begun, OpenIdError> {
        let metadata = self.known.metadata(&client.issuer).await?;
        let attempt = Attempt::new(&self.kernel);
        let state = self.kernel.token();
        let mut url = metadata.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", SCOPE)
            .append_pair("state", state.expose())
            .append_pair("nonce", &attempt.nonce())
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(Begun {
            url,
            state,
            attempt,
        })
    }

    /// Ends an attempt: exchanges the code, and believes the ID token if everything about it holds.
    pub async fn finish(
        &self,
        client: &Client,
        attempt: &Attempt,
        returned: &Returned,
        redirect_uri: &str,
    ) -> Result<Identity, OpenIdError> {
        let metadata = self.known.metadata(&client.issuer).await?;
        // Before the code goes anywhere: one that another provider gave must not reach this one (RFC 9700, 4.4).
        match &returned.issuer {
            Some(named) if named != client.issuer.as_str() => {
                return Err(OpenIdError::Answer("it comes from another issuer"));
            }
            None if metadata.names_issuer => {
                return Err(OpenIdError::Answer("it does not name its issuer"));
            }
            _ => {}
        }
        if returned.code.expose().len() > MAX_CODE {
            return Err(OpenIdError::Answer("the code is too long"));
        }
        let token = token::redeem(
            &self.outbound,
            &metadata.token,
            client,
            attempt,
            &returned.code,
            redirect_uri,
        )
        .await?;
        let header = id_token::header(token.expose())?;
        let wanted = |keys: &[jsonwebtoken::jwk::Jwk]| id_token::key_for(keys, &header).is_some();
        let keys = self.known.keys(&client.issuer, wanted).await?;
        let key = id_token::key_for(&keys, &header).ok_or(OpenIdError::Token("unknown key"))?;
        let nonce = attempt.nonce();
        let now = self.kernel.now();
        id_token::verify(token.expose(), &header, key, client, &nonce, now)
    }

    /// What can be stored of a state to recognise it.
    pub fn state_hash(state: &Secret<String>) -> [u8; 32] {
        crypto::sha256(state.expose().as_bytes())
    }
}

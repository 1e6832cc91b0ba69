//! Access tokens: short-lived, signed, verifiable without the database (RFC 9068).
//!
//! A token says who is calling in which session, nothing about what they may do: grants are read on the
//! server, so a change of role needs no new token.

use std::collections::HashSet;
use std::sync::Arc;

use gantry_kernel::{IdentityId, Kernel, SessionId, Timestamp, crypto};
use gantry_signing::{KeyError, KeySet, SigningKeys};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use super::cache::Generations;
use crate::Error;
use crate::session::Methods;

/// The `typ` of an access token (RFC 9068, section 2.1): nothing else signed by these keys passes as one.
const TYPE: &str = "at+jwt";
/// Longest token that is looked at; ours are about 500 bytes.
const MAX_BYTES: usize = 4_096;
/// Verified tokens that are remembered.
const REMEMBERED: usize = 20_000;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: IdentityId,
    sid: SessionId,
    iat: i64,
    exp: i64,
    jti: String,
    amr: Vec<String>,
    /// Who really is there (RFC 8693, section 4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Act>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Act {
    sub: IdentityId,
}

/// What a verified token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) identity: IdentityId,
    pub(crate) session: SessionId,
    /// Staff acting as the identity.
    pub(crate) operator: Option<IdentityId>,
    expires: i64,
}

/// A token that was verified before, and the key that it was verified with.
#[derive(Clone)]
struct Known {
    verified: Verified,
    kid: Arc<str>,
}

/// Why a token was not accepted. Clients get one answer for all; the log gets the reason.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the access token is not valid: {0}")]
    Refused(&'static str),
    #[error("the access token has expired")]
    Expired,
    #[error(transparent)]
    Keys(#[from] KeyError),
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Keys(keys) => Self::Keys(keys),
            TokenError::Refused(_) | TokenError::Expired => Self::SessionEnded,
        }
    }
}

/// Makes and checks access tokens.
pub(crate) struct AccessTokens {
    kernel: Kernel,
    keys: Arc<SigningKeys>,
    issuer: String,
    audience: String,
    seconds: i64,
    verified: Generations<[u8; 32], Known>,
}

impl AccessTokens {
    /// `public_url` is the issuer; the audience is its API.
    pub(crate) fn new(
        kernel: Kernel,
        keys: Arc<SigningKeys>,
        public_url: &str,
        lifetime: std::time::Duration,
    ) -> Self {
        let issuer = public_url.trim_end_matches('/').to_owned();
        Self {
            kernel,
            keys,
            audience: format!("{issuer}/api"),
            issuer,
            seconds: i64::try_from(lifetime.as_secs()).unwrap_or(900),
            verified: Generations::new(REMEMBERED),
        }
    }

    /// Seconds a new token is good for.
    pub(crate) fn lifetime_seconds(&self) -> i64 {
        self.seconds
    }

    /// A token for this session. Errors: the signing key cannot be read.
    pub(crate) async fn issue(
        &self,
        identity: IdentityId,
        session: SessionId,
        methods: &Methods,
        operator: Option<IdentityId>,
    ) -> Result<String, TokenError> {
        let keys = self.keys.current().await?;
        let now = self.kernel.now().as_seconds();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: identity,
            sid: session,
            iat: now,
            exp: now.saturating_add(self.seconds),
            jti: self.kernel.token().expose().clone(),
            amr: methods.names().into_iter().map(str::to_owned).collect(),
            act: operator.map(|sub| Act { sub }),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(keys.active.kid.clone());
        jsonwebtoken::encode(&header, &claims, &keys.active.encoding)
            .map_err(|_| TokenError::Refused("it could not be signed"))
    }

    /// Who a token speaks for. Whether the session still lives is the authority's question.
    pub(crate) async fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let now = self.kernel.now();
        let hash = crypto::sha256(token.as_bytes());
        if let Some(known) = self.verified.get(&hash) {
            if known.verified.is_expired(now) {
                self.verified.remove(&hash);
                return Err(TokenError::Expired);
            }
            // The signature does not change, but the key may have been revoked since.
            if self.keys.current().await?.decoding(&known.kid).is_none() {
                self.verified.remove(&hash);
                return Err(TokenError::Refused("its key is no longer accepted"));
            }
            return Ok(known.verified);
        }
        let known = self.verify_signature(token).await?;
        if known.verified.is_expired(now) {
            return Err(TokenError::Expired);
        }
        let verified = known.verified;
        self.verified.insert(hash, known);
        Ok(verified)
    }

    async fn verify_signature(&self, token: &str) -> Result<Known, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::Refused("it is too long"));
        }
        let header = jsonwebtoken::decode_header(token)
            .map_err(|_| TokenError::Refused("its header cannot be read"))?;
        if header.alg != Algorithm::EdDSA
            || header.typ.as_deref() != Some(TYPE)
            || header.crit.is_some()
        {
            return Err(TokenError::Refused("its algorithm or type is not accepted"));
        }
        let kid = header.kid.ok_or(TokenError::Refused("it names no key"))?;
        let keys = self.keys.knowing(&kid).await?;
        let key = keys
            .decoding(&kid)
            .ok_or(TokenError::Refused("its key is unknown"))?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation())
            .map_err(|_| TokenError::Refused("its signature or claims do not hold"))?
            .claims;
        Ok(Known {
            verified: Verified {
                identity: claims.sub,
                session: claims.sid,
                operator: claims.act.map(|act| act.sub),
                expires: claims.exp,
            },
            kid: kid.into(),
        })
    }

    /// Signature, issuer and audience; expiry is compared with the kernel's clock, which tests can move.
    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.required_spec_claims =
            HashSet::from(["exp", "iss", "aud", "sub"].map(str::to_owned));
        validation.validate_exp = false;
        validation
    }

    /// The keys, for publication.
    pub(crate) async fn key_set(&self) -> Result<Arc<KeySet>, KeyError> {
        self.keys.current().await
    }
}

impl Verified {
    fn is_expired(&self, now: Timestamp) -> bool {
        now.as_seconds() >= self.expires
    }
}

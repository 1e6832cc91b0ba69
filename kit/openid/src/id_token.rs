//! ID tokens: what is believed of them, and why.
//!
//! The token comes from the token endpoint over TLS, and is checked in full all the same (OpenID Connect Core 1.0, section
//! 3.1.3.7): only signatures that nobody but the provider can make (no `none`, no HMAC: its key would be the public key or
//! a client secret), by a key of the provider that is of the token's algorithm; the exact issuer; our client as the
//! audience and, where there are several, as the one it was issued to; times by the kernel's clock; the nonce of this
//! browser's attempt.

use gantry_kernel::{Timestamp, crypto};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::Value;

use crate::{Client, OpenIdError};

/// The longest token that is looked at.
const MAX_BYTES: usize = 16 * 1024;
/// The longest subject (OpenID Connect Core 1.0, section 2).
const MAX_SUBJECT: usize = 255;
/// By how many seconds the provider's clock may differ from ours.
const LEEWAY: i64 = 60;

/// The algorithms that are accepted, and what a key set calls each.
const ALGORITHMS: [(Algorithm, KeyAlgorithm); 4] = [
    (Algorithm::RS256, KeyAlgorithm::RS256),
    (Algorithm::PS256, KeyAlgorithm::PS256),
    (Algorithm::ES256, KeyAlgorithm::ES256),
    (Algorithm::EdDSA, KeyAlgorithm::EdDSA),
];

/// Whom the provider has in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name for the person, never given to another one; with the issuer, the key of a linked account.
    pub subject: String,
    /// An address, which may be anybody's.
    pub email: Option<String>,
    /// Whether the provider says that it has seen the person read mail at [`Identity::email`].
    pub email_verified: bool,
    /// What the person is called.
    pub name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    email: Option<Value>,
    email_verified: Option<Value>,
    name: Option<Value>,
}

/// The head of a token, if it is one that can be looked into.
pub(crate) fn header(token: &str) -> Result<Header, OpenIdError> {
    if token.len() > MAX_BYTES {
        return Err(OpenIdError::Token("it is too long"));
    }
    // Names of algorithms that are not known, `none` among them, end here.
    let header = jsonwebtoken::decode_header(token)
        .map_err(|_| OpenIdError::Token("its header cannot be read"))?;
    if !ALGORITHMS.iter().any(|(known, _)| *known == header.alg) {
        return Err(OpenIdError::Token("its algorithm is not accepted"));
    }
    let plain = header
        .typ
        .as_deref()
        .is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
    if header.crit.is_some() || !plain {
        return Err(OpenIdError::Token("it is no ID token"));
    }
    Ok(header)
}

/// The key that this header speaks of. A header without an id is good where one key alone can be meant.
pub(crate) fn key_for<'a>(keys: &'a [Jwk], header: &Header) -> Option<&'a Jwk> {
    let algorithm = ALGORITHMS.iter().find(|(known, _)| *known == header.alg)?.1;
    let mut fitting = keys.iter().filter(|key| {
        let common = &key.common;
        let named = header.kid.is_none() || common.key_id == header.kid;
        let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let fits = common.key_algorithm.is_none_or(|own| own == algorithm);
        named && signs && fits && is_of(key, header.alg)
    });
    let found = fitting.next()?;
    (header.kid.is_some() || fitting.next().is_none()).then_some(found)
}

/// Whether a key is of the kind that an algorithm takes.
fn is_of(key: &Jwk, algorithm: Algorithm) -> bool {
    match &key.algorithm {
        AlgorithmParameters::RSA(_) => matches!(algorithm, Algorithm::RS256 | Algorithm::PS256),
        AlgorithmParameters::EllipticCurve(key) => {
            algorithm == Algorithm::ES256 && key.curve == EllipticCurve::P256
        }
        AlgorithmParameters::OctetKeyPair(key) => {
            algorithm == Algorithm::EdDSA && key.curve == EllipticCurve::Ed25519
        }
        _ => false,
    }
}

/// Who the token is about, if everything about it holds.
pub(crate) fn verify(
    token: &str,
    header: &Header,
    key: &Jwk,
    client: &Client,
    nonce: &str,
    now: Timestamp,
) -> Result<Identity, OpenIdError> {
    let key = DecodingKey::from_jwk(key).map_err(|_| OpenIdError::Token("its key is unusable"))?;
    let mut validation = Validation::new(header.alg);
    // Below, by the kernel's clock and with what the library does not know.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
        .map_err(|_| OpenIdError::Token("its signature or claims do not hold"))?
        .claims;
    check(&claims, client, nonce, now.as_seconds())?;
    let text = |value: Option<Value>| match value {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    Ok(Identity {
        subject: claims.sub,
        email: text(claims.email),
        // A text that says true is not what the standard says; nothing is confirmed by it.
        email_verified: claims.email_verified == Some(Value::Bool(true)),
        name: text(claims.name),
    })
}

fn check(claims: &Claims, client: &Client, nonce: &str, now: i64) -> Result<(), OpenIdError> {
    let refuse = |why| Err(OpenIdError::Token(why));
    if claims.iss != client.issuer.as_str() {
        return refuse("another issuer");
    }
    let (ours, several) = match &claims.aud {
        Audience::One(one) => (*one == client.id, false),
        Audience::Several(all) => (all.contains(&client.id), all.len() > 1),
    };
    if !ours {
        return refuse("another audience");
    }
    match &claims.azp {
        Some(party) if *party != client.id => return refuse("issued to another client"),
        None if several => return refuse("several audiences and no word to whom it was issued"),
        _ => {}
    }
    if claims.exp <= now.saturating_sub(LEEWAY) {
        return refuse("expired");
    }
    let soonest = now.saturating_add(LEEWAY);
    if claims.iat > soonest || claims.nbf.is_some_and(|from| from > soonest) {
        return refuse("from the future");
    }
    let given = claims.nonce.as_deref().unwrap_or_default();
    if !crypto::constant_time_eq(given.as_bytes(), nonce.as_bytes()) {
        return refuse("another nonce");
    }
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    let subject = &claims.sub;
    if subject.is_empty() || subject.len() > MAX_SUBJECT || !subject.chars().all(plain) {
        return refuse("no subject");
    }
    Ok(())
}

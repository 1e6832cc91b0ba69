//! The keys at one moment: the one that signs, those that verify, and how they are published.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_kernel::crypto::{Keyring, sha256};
use jsonwebtoken::{DecodingKey, EncodingKey};
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{KeyRow, KeyState};
use crate::{KeyError, place};

/// The key that signs now.
pub struct ActiveKey {
    /// Its id.
    pub kid: String,
    /// What signs.
    pub encoding: EncodingKey,
}

/// All keys that are good, at one moment.
pub struct KeySet {
    /// The one that signs.
    pub active: ActiveKey,
    public: Vec<PublicKey>,
}

struct PublicKey {
    kid: String,
    x: String,
    decoding: DecodingKey,
}

impl KeySet {
    /// The set of these rows, which keep their order.
    pub(crate) fn of(keyring: &Keyring, rows: Vec<KeyRow>) -> Result<Self, KeyError> {
        let mut active = None;
        let mut public = Vec::with_capacity(rows.len());
        for row in rows {
            if row.state == KeyState::Active {
                active = Some(open(keyring, &row)?);
            }
            let x = URL_SAFE_NO_PAD.encode(&row.public_key);
            let decoding = DecodingKey::from_ed_components(&x).map_err(|_| KeyError::Unusable)?;
            public.push(PublicKey {
                kid: row.kid,
                x,
                decoding,
            });
        }
        let active = active.ok_or(KeyError::Unusable)?;
        Ok(Self { active, public })
    }

    /// The key of this id, while tokens signed with it are accepted.
    pub fn decoding(&self, kid: &str) -> Option<&DecodingKey> {
        let found = self.public.iter().find(|key| key.kid == kid)?;
        Some(&found.decoding)
    }

    /// The public parts (RFC 7517, RFC 8037): the key that signs, the next one, then the retired ones.
    pub fn jwks(&self) -> JwkSet {
        let keys = self.public.iter().map(|key| Jwk {
            kty: "OKP",
            crv: "Ed25519",
            x: key.x.clone(),
            kid: key.kid.clone(),
            alg: "EdDSA",
            r#use: "sig",
        });
        JwkSet {
            keys: keys.collect(),
        }
    }
}

fn open(keyring: &Keyring, row: &KeyRow) -> Result<ActiveKey, KeyError> {
    let sealed = row.sealed_private.as_deref().ok_or(KeyError::Unusable)?;
    let seed = keyring
        .open(&place(&row.kid), sealed)
        .map_err(|source| KeyError::Sealed {
            kid: row.kid.clone(),
            source,
        })?;
    let pair = Ed25519KeyPair::from_seed_and_public_key(seed.expose(), &row.public_key)
        .map_err(|_| KeyError::Unusable)?;
    let der = pair.to_pkcs8().map_err(|_| KeyError::Unusable)?;
    Ok(ActiveKey {
        kid: row.kid.clone(),
        encoding: EncodingKey::from_ed_der(der.as_ref()),
    })
}

/// The public keys with which others can verify access tokens. They learn of a revoked session or key only when
/// its tokens expire or they read this again; Gantry itself asks the database.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

/// One Ed25519 public key.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    kid: String,
    alg: &'static str,
    r#use: &'static str,
}

/// The JWK thumbprint (RFC 7638) of an Ed25519 key (RFC 8037, appendix A.3).
pub(crate) fn thumbprint(public: &[u8]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(sha256(canonical.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_the_standard() {
        // RFC 8037, appendix A.3.
        let x = URL_SAFE_NO_PAD
            .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
            .unwrap();
        assert_eq!(
            thumbprint(&x),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }
}

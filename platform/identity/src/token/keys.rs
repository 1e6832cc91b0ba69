//! The Ed25519 keys that sign access tokens: made at the first start, kept sealed, published as JWKS.
//!
//! The table already holds more than one key and the states of a rotation (`next` is published before it
//! signs, `retired` still verifies), so rotating adds rows and changes nothing here.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_db::{ControlDb, ControlTx, DbError, FromRow, Row, args, sql};
use gantry_kernel::crypto::{Keyring, SealError, sha256};
use gantry_kernel::{Kernel, Secret};
use jsonwebtoken::{DecodingKey, EncodingKey};
use schemars::JsonSchema;
use serde::Serialize;

/// Least time between two looks into the database for a key id that is not known: tokens with made-up
/// key ids must not become reads.
const RELOAD_AFTER: Duration = Duration::from_secs(5);

/// Why the signing keys are not there.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The sealed private part does not open under the configured master key.
    #[error("signing key {kid} cannot be opened: {source}")]
    Sealed {
        /// Which key.
        kid: String,
        /// Why.
        source: SealError,
    },
    /// A key could not be made or read.
    #[error("a signing key is unusable")]
    Unusable,
}

/// The key that signs now.
pub(crate) struct ActiveKey {
    pub(crate) kid: String,
    pub(crate) encoding: EncodingKey,
}

/// All keys, at one moment.
pub(crate) struct KeySet {
    pub(crate) active: ActiveKey,
    public: BTreeMap<String, PublicKey>,
}

struct PublicKey {
    x: String,
    decoding: DecodingKey,
}

impl KeySet {
    pub(crate) fn decoding(&self, kid: &str) -> Option<&DecodingKey> {
        self.public.get(kid).map(|key| &key.decoding)
    }

    /// The public parts (RFC 7517, RFC 8037).
    pub(crate) fn jwks(&self) -> JwkSet {
        let keys = self.public.iter().map(|(kid, key)| Jwk {
            kty: "OKP",
            crv: "Ed25519",
            x: key.x.clone(),
            kid: kid.clone(),
            alg: "EdDSA",
            r#use: "sig",
        });
        JwkSet {
            keys: keys.collect(),
        }
    }
}

/// The public keys with which others can verify access tokens. They learn of a revoked session only when
/// its tokens expire; Gantry itself asks the database.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct JwkSet {
    keys: Vec<Jwk>,
}

/// One Ed25519 public key.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Jwk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    kid: String,
    alg: &'static str,
    r#use: &'static str,
}

struct Loaded {
    set: Option<Arc<KeySet>>,
    looked: Duration,
}

/// Loads the keys once and again when a token names one that is not known here.
pub(crate) struct SigningKeys {
    kernel: Kernel,
    control: ControlDb,
    keyring: Arc<Keyring>,
    loaded: RwLock<Loaded>,
}

impl SigningKeys {
    pub(crate) fn new(kernel: Kernel, control: ControlDb, keyring: Arc<Keyring>) -> Self {
        let loaded = RwLock::new(Loaded {
            set: None,
            looked: Duration::ZERO,
        });
        Self {
            kernel,
            control,
            keyring,
            loaded,
        }
    }

    /// The keys, loaded at the first call; the first key of an installation is made here.
    pub(crate) async fn current(&self) -> Result<Arc<KeySet>, KeyError> {
        let known = self
            .loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .set
            .clone();
        match known {
            Some(set) => Ok(set),
            None => self.load().await,
        }
    }

    /// The keys, read again if `kid` is not among them and the last look is not too recent.
    pub(crate) async fn knowing(&self, kid: &str) -> Result<Arc<KeySet>, KeyError> {
        let set = self.current().await?;
        if set.public.contains_key(kid) {
            return Ok(set);
        }
        let looked = self
            .loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .looked;
        if self.kernel.clock.monotonic().saturating_sub(looked) < RELOAD_AFTER {
            return Ok(set);
        }
        self.load().await
    }

    async fn load(&self) -> Result<Arc<KeySet>, KeyError> {
        let mut rows = self.control.read(async |tx| rows(tx).await).await?;
        if !rows.iter().any(|row| row.state == "active") {
            self.create().await?;
            rows = self.control.read(async |tx| self::rows(tx).await).await?;
        }
        let set = Arc::new(self.assemble(&rows)?);
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        loaded.set = Some(Arc::clone(&set));
        loaded.looked = self.kernel.clock.monotonic();
        Ok(set)
    }

    /// Makes the first key. Two processes that start together: one inserts, the other finds it.
    async fn create(&self) -> Result<(), KeyError> {
        let mut seed = Secret::new([0_u8; 32]);
        self.kernel.entropy.fill(seed.expose_mut());
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| KeyError::Unusable)?;
        let public = pair.public_key().as_ref().to_vec();
        let kid = thumbprint(&public);
        let sealed = self
            .keyring
            .seal(self.kernel.entropy.as_ref(), &place(&kid), seed.expose())
            .map_err(|source| KeyError::Sealed {
                kid: kid.clone(),
                source,
            })?;
        self.control
            .write(async move |tx| {
                let now = tx.now();
                tx.execute(
                    sql!(
                        "insert into signing_keys (kid, public_key, sealed_private, state, not_before, created_at)
                         values ($1, $2, $3, 'active', $4, $4) on conflict do nothing"
                    ),
                    &args![kid, public, sealed, now],
                )
                .await?;
                Ok::<_, DbError>(())
            })
            .await?;
        Ok(())
    }

    fn assemble(&self, rows: &[KeyRow]) -> Result<KeySet, KeyError> {
        let mut public = BTreeMap::new();
        for row in rows {
            let x = URL_SAFE_NO_PAD.encode(&row.public_key);
            let decoding = DecodingKey::from_ed_components(&x).map_err(|_| KeyError::Unusable)?;
            public.insert(row.kid.clone(), PublicKey { x, decoding });
        }
        // Rows come newest first.
        let active = rows
            .iter()
            .find(|row| row.state == "active")
            .ok_or(KeyError::Unusable)?;
        let seed = self
            .keyring
            .open(&place(&active.kid), &active.sealed_private)
            .map_err(|source| KeyError::Sealed {
                kid: active.kid.clone(),
                source,
            })?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed.expose(), &active.public_key)
            .map_err(|_| KeyError::Unusable)?;
        let der = pair.to_pkcs8().map_err(|_| KeyError::Unusable)?;
        let encoding = EncodingKey::from_ed_der(der.as_ref());
        Ok(KeySet {
            active: ActiveKey {
                kid: active.kid.clone(),
                encoding,
            },
            public,
        })
    }
}

/// Where the sealed seed belongs.
fn place(kid: &str) -> String {
    format!("signing_keys/sealed_private/{kid}")
}

/// The JWK thumbprint (RFC 7638) of an Ed25519 key (RFC 8037, appendix A.3).
fn thumbprint(public: &[u8]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(sha256(canonical.as_bytes()))
}

struct KeyRow {
    kid: String,
    public_key: Vec<u8>,
    sealed_private: Vec<u8>,
    state: String,
}

impl FromRow for KeyRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            kid: row.get("kid")?,
            public_key: row.get("public_key")?,
            sealed_private: row.get("sealed_private")?,
            state: row.get("state")?,
        })
    }
}

async fn rows(tx: &mut ControlTx) -> Result<Vec<KeyRow>, DbError> {
    tx.all(
        sql!(
            "select kid, public_key, sealed_private, state from signing_keys
             order by not_before desc, kid desc"
        ),
        &args![],
    )
    .await
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

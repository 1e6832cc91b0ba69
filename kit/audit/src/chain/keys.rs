//! Signing a place in the chain, so that the chain cannot be made anew by whoever has only the database.

use std::sync::Arc;

use gantry_db::from_row;
use gantry_kernel::crypto::{Keyring, SealError};
use gantry_kernel::signing::{self, SigningKey};
use gantry_kernel::{Secret, Timestamp};

use super::{Link, hex};

const PURPOSE: &str = "audit-seal-v1";

/// A signed place in a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// `head` or `anchor`.
    pub kind: String,
    /// The sequence.
    pub seq: i64,
    /// The master key that the signing key is derived from.
    pub key_id: String,
    /// When it was signed.
    pub at: Timestamp,
    /// The link at the sequence; 32 bytes, unless somebody changed it.
    pub link: Vec<u8>,
    /// The Ed25519 signature.
    pub signature: Vec<u8>,
}

from_row!(Seal {
    kind,
    seq,
    key_id,
    at,
    link,
    signature,
});

/// What a check of a seal came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signed {
    Well,
    /// The key is not held here.
    UnknownKey,
    Forged,
}

/// The keys that sign seals and check them, derived from the master keys.
#[derive(Clone, Debug)]
pub struct SealKeys(Arc<Keyring>);

impl SealKeys {
    /// The keys of a ring.
    #[must_use]
    pub fn new(keyring: Arc<Keyring>) -> Self {
        Self(keyring)
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn current(&self) -> &str {
        self.0.current()
    }

    /// The public key of an id, in hexadecimal; `None` if the ring does not hold it.
    #[must_use]
    pub fn public_key(&self, id: &str) -> Option<String> {
        self.key(id).map(|key| hex(&key.public_key()))
    }

    pub(super) fn sign(
        &self,
        kind: &str,
        place: &str,
        seq: i64,
        link: Link,
        at: Timestamp,
    ) -> Result<Seal, SealError> {
        let key = self
            .key(self.current())
            .ok_or_else(|| SealError::UnknownKey(self.current().to_owned()))?;
        Ok(Seal {
            kind: kind.to_owned(),
            seq,
            key_id: self.current().to_owned(),
            at,
            link: link.to_vec(),
            signature: key.sign(&message(kind, place, seq, &link, at)).to_vec(),
        })
    }

    pub(super) fn check(&self, place: &str, seal: &Seal) -> Signed {
        let Some(key) = self.key(&seal.key_id) else {
            return Signed::UnknownKey;
        };
        let message = message(&seal.kind, place, seal.seq, &seal.link, seal.at);
        if signing::verifies(&key.public_key(), &message, &seal.signature) {
            Signed::Well
        } else {
            Signed::Forged
        }
    }

    fn key(&self, id: &str) -> Option<SigningKey> {
        let seed = Secret::new(self.0.derive_under(id, PURPOSE)?);
        SigningKey::from_seed(seed.expose()).ok()
    }
}

fn message(kind: &str, place: &str, seq: i64, link: &[u8], at: Timestamp) -> Vec<u8> {
    format!(
        "gantry-audit-seal-v1\n{kind}\n{place}\n{seq}\n{}\n{}\n",
        hex(link),
        at.as_micros()
    )
    .into_bytes()
}

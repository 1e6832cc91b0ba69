//! Hashes, and sealing of secrets at rest.
//!
//! Sealing is envelope encryption: each value gets a random data key (AES-256-GCM), which is itself wrapped by the
//! master key. Rotating the master key re-wraps 60 bytes per value and leaves the ciphertext alone.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, digest, hmac};

use crate::{Entropy, Secret};

const VERSION: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;
const KEY: usize = 32;
const WRAPPED: usize = NONCE + KEY + TAG;

/// SHA-256 (FIPS 180-4).
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    out
}

/// SHA-256 in lower-case hexadecimal, the form in which token hashes are stored.
#[must_use]
pub fn sha256_hex(data: &[u8]) -> String {
    use std::fmt::Write;
    sha256(data)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a String cannot fail.
            let _infallible = write!(text, "{byte:02x}");
            text
        })
}

/// HMAC-SHA-256 (RFC 2104).
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref());
    out
}

/// Compares without telling by its duration where two secrets differ.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// Why a sealed value could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not something [`Keyring::seal`] made.
    #[error("the sealed value is damaged or of an unknown format")]
    Malformed,
    /// Sealed under a master key this process does not hold.
    #[error("sealed under master key {0}, which is not configured here")]
    UnknownKey(String),
    /// The key is known; the value was changed, or belongs to another place.
    #[error("the sealed value does not authenticate")]
    Forged,
    /// A key id must have 1 to 64 characters of `a-z0-9-`.
    #[error("not a key id: expected 1 to 64 characters of a-z, 0-9 and hyphens")]
    BadKeyId,
}

/// The master keys: one that seals, and older ones that still open.
pub struct Keyring {
    id: String,
    key: Secret<[u8; KEY]>,
    older: BTreeMap<String, Secret<[u8; KEY]>>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring")
            .field("current", &self.id)
            .finish_non_exhaustive()
    }
}

impl Keyring {
    /// A ring whose only key is `key`.
    pub fn new(id: &str, key: [u8; KEY]) -> Result<Self, SealError> {
        check_id(id)?;
        Ok(Self {
            id: id.to_owned(),
            key: Secret::new(key),
            older: BTreeMap::new(),
        })
    }

    /// Adds a key that opens but does not seal. The key that seals stays what it is, also under its own id.
    pub fn add(&mut self, id: &str, key: [u8; KEY]) -> Result<(), SealError> {
        check_id(id)?;
        self.older.insert(id.to_owned(), Secret::new(key));
        Ok(())
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn current(&self) -> &str {
        &self.id
    }

    /// A key for one purpose (HKDF-SHA-256, RFC 5869), the same after every restart.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        // 32 bytes are one block, so the steps of the standard come to two HMACs, neither of which can fail.
        let pseudorandom = Secret::new(hmac_sha256(b"gantry", self.key.expose()));
        let info = [purpose.as_bytes(), &[1]].concat();
        hmac_sha256(pseudorandom.expose(), &info)
    }

    /// Seals a value. `place` says where it belongs (table, column, row) and must be given again to open it, so that a
    /// sealed value cannot be moved elsewhere. Layout: version, key id length, key id, wrapped data key, nonce, ciphertext, tag.
    pub fn seal(
        &self,
        entropy: &dyn Entropy,
        place: &str,
        plain: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let mut data_key = Secret::new([0; KEY]);
        entropy.fill(data_key.expose_mut());
        let mut sealed = vec![
            VERSION,
            u8::try_from(self.id.len()).map_err(|_| SealError::BadKeyId)?,
        ];
        sealed.extend_from_slice(self.id.as_bytes());
        let header = sealed.clone();
        encrypt(
            entropy,
            self.key.expose(),
            &header,
            data_key.expose(),
            &mut sealed,
        )?;
        encrypt(
            entropy,
            data_key.expose(),
            place.as_bytes(),
            plain,
            &mut sealed,
        )?;
        Ok(sealed)
    }

    /// Opens a sealed value.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        let [VERSION, id_length, rest @ ..] = sealed else {
            return Err(SealError::Malformed);
        };
        let (id, rest) = rest
            .split_at_checked(usize::from(*id_length))
            .ok_or(SealError::Malformed)?;
        let (wrapped, body) = rest.split_at_checked(WRAPPED).ok_or(SealError::Malformed)?;
        let id = std::str::from_utf8(id).map_err(|_| SealError::Malformed)?;
        let master = if id == self.id {
            &self.key
        } else {
            let older = self.older.get(id);
            older.ok_or_else(|| SealError::UnknownKey(id.to_owned()))?
        };
        let header = &sealed[..2 + usize::from(*id_length)];
        let data_key = decrypt(master.expose(), header, wrapped)?;
        let data_key: &[u8; KEY] = data_key
            .expose()
            .as_slice()
            .try_into()
            .map_err(|_| SealError::Malformed)?;
        decrypt(data_key, place.as_bytes(), body)
    }
}

fn check_id(id: &str) -> Result<(), SealError> {
    let shaped = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if shaped {
        Ok(())
    } else {
        Err(SealError::BadKeyId)
    }
}

fn cipher(key: &[u8; KEY]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_| SealError::Malformed)
}

/// Each key seals one value under one random nonce (data keys) or few (the master key), far from the 2^32 bound of SP 800-38D.
fn encrypt(
    entropy: &dyn Entropy,
    key: &[u8; KEY],
    aad: &[u8],
    plain: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    let mut nonce = [0; NONCE];
    entropy.fill(&mut nonce);
    out.extend_from_slice(&nonce);
    let mut body = plain.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut body,
        )
        .map_err(|_| SealError::Malformed)?;
    out.extend_from_slice(&body);
    Ok(())
}

fn decrypt(key: &[u8; KEY], aad: &[u8], sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
    let (nonce, body) = sealed.split_at_checked(NONCE).ok_or(SealError::Malformed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Malformed)?;
    let mut body = body.to_vec();
    let length = cipher(key)?
        .open_in_place(nonce, Aad::from(aad), &mut body)
        .map_err(|_| SealError::Forged)?
        .len();
    body.truncate(length);
    Ok(Secret::new(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;
    use proptest::prelude::*;

    fn ring(id: &str, byte: u8) -> Keyring {
        Keyring::new(id, [byte; 32]).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_in_its_place_only(plain: Vec<u8>, place in "[a-z/]{0,20}", flip: usize, seed: u64) {
            let ring = ring("k1", 7);
            let sealed = ring.seal(&SeededEntropy::new(seed), &place, &plain).unwrap();
            let opened = ring.open(&place, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &plain);
            prop_assert_eq!(ring.open(&format!("{place}x"), &sealed), Err(SealError::Forged));
            let mut damaged = sealed.clone();
            let at = flip % damaged.len();
            damaged[at] ^= 1;
            prop_assert!(ring.open(&place, &damaged).is_err());
            prop_assert!(ring.open(&place, &sealed[..sealed.len() - 1]).is_err());
        }

        #[test]
        fn garbage_is_refused_without_panic(bytes: Vec<u8>) {
            prop_assert!(ring("k1", 7).open("p", &bytes).is_err());
        }
    }

    #[test]
    fn an_old_key_still_opens_and_a_missing_one_is_named() {
        let entropy = SeededEntropy::new(1);
        let sealed = ring("k1", 1).seal(&entropy, "p", b"secret").unwrap();
        let mut next = ring("k2", 2);
        assert_eq!(
            next.open("p", &sealed),
            Err(SealError::UnknownKey("k1".into()))
        );
        next.add("k1", [1; 32]).unwrap();
        assert_eq!(next.open("p", &sealed).unwrap().expose(), b"secret");
        assert_ne!(next.derive("csrf"), next.derive("page"));
    }

    #[test]
    fn a_derived_key_is_hkdf_of_the_key_that_seals() {
        use aws_lc_rs::hkdf;
        for purpose in ["", "csrf", &"x".repeat(200)] {
            let mut expected = [0; 32];
            hkdf::Salt::new(hkdf::HKDF_SHA256, b"gantry")
                .extract(&[7; KEY])
                .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(&mut expected))
                .unwrap();
            let mut ring = ring("k1", 7);
            assert_eq!(ring.derive(purpose), expected);
            for id in ["k0", "k1"] {
                ring.add(id, [9; KEY]).unwrap();
                assert_eq!(ring.derive(purpose), expected, "{id} does not seal");
            }
        }
        assert!(matches!(
            Keyring::new("No Id", [7; KEY]),
            Err(SealError::BadKeyId)
        ));
    }

    #[test]
    fn known_answers() {
        // FIPS 180-4 "abc"; RFC 4231 test case 2.
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            hmac_sha256(b"Jefe", b"what do ya want for nothing?")[..4],
            [0x5b, 0xdc, 0xc1, 0x46]
        );
    }
}

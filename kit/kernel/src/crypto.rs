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

/// SHA-256 of data that comes in pieces.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Takes the next piece.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256")
    }
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _infallible = write!(text, "{byte:02x}");
            text
        })
}

/// SHA-256 in lower-case hexadecimal, the form in which token hashes are stored.
#[must_use]
pub fn sha256_hex(data: &[u8]) -> String {
    hex(&sha256(data))
}

/// HMAC-SHA-256 (RFC 2104).
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref());
    out
}

/// SHA-1, for lists that are kept by it. Not for anything that has to withstand somebody.
#[must_use]
pub fn sha1(data: &[u8]) -> [u8; 20] {
    let mut sum = [0; 20];
    sum.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, data).as_ref());
    sum
}

/// HMAC-SHA-1 (RFC 2104), for one-time passwords only (RFC 6238), where the weakness of SHA-1 does not count.
#[must_use]
pub fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    out.copy_from_slice(hmac::sign(&key, data).as_ref());
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

    /// The ids of all keys, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let older = self.older.keys().filter(|id| **id != self.id);
        std::iter::once(self.id.as_str()).chain(older.map(String::as_str))
    }

    /// A key for one purpose (HKDF-SHA-256, RFC 5869), the same after every restart under the same master key.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        derive_from(&self.key, purpose)
    }

    /// The key for one purpose under every master key, that of [`derive`](Self::derive) first: what checks something
    /// made before the master key was changed accepts all of them, what makes something new uses the first.
    #[must_use]
    pub fn derive_all(&self, purpose: &str) -> Vec<Secret<[u8; 32]>> {
        let older = self.older.iter().filter(|(id, _)| **id != self.id);
        std::iter::once(&self.key)
            .chain(older.map(|(_, key)| key))
            .map(|key| Secret::new(derive_from(key, purpose)))
            .collect()
    }

    /// As [`Keyring::derive`], under the master key with this id; `None` if the ring does not hold it.
    #[must_use]
    pub fn derive_under(&self, id: &str, purpose: &str) -> Option<[u8; 32]> {
        let key = if id == self.id {
            Some(&self.key)
        } else {
            self.older.get(id)
        };
        key.map(|key| derive_from(key, purpose))
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
        let mut sealed = header_of(&self.id)?;
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
        let sealed = Sealed::parse(sealed)?;
        let data_key = self.unwrap(&sealed)?;
        let data_key: &[u8; KEY] = data_key
            .expose()
            .as_slice()
            .try_into()
            .map_err(|_| SealError::Malformed)?;
        decrypt(data_key, place.as_bytes(), sealed.body)
    }

    /// The same value under the key that seals, or `None` if it is there already. Only the wrapped data key changes, so
    /// neither the plain value nor its place is needed.
    pub fn rewrap(
        &self,
        entropy: &dyn Entropy,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, SealError> {
        let sealed = Sealed::parse(sealed)?;
        if sealed.id == self.id {
            return Ok(None);
        }
        let data_key = self.unwrap(&sealed)?;
        let mut fresh = header_of(&self.id)?;
        let header = fresh.clone();
        encrypt(
            entropy,
            self.key.expose(),
            &header,
            data_key.expose(),
            &mut fresh,
        )?;
        fresh.extend_from_slice(sealed.body);
        Ok(Some(fresh))
    }

    fn unwrap(&self, sealed: &Sealed<'_>) -> Result<Secret<Vec<u8>>, SealError> {
        let master = if sealed.id == self.id {
            &self.key
        } else {
            let older = self.older.get(sealed.id);
            older.ok_or_else(|| SealError::UnknownKey(sealed.id.to_owned()))?
        };
        decrypt(master.expose(), sealed.header, sealed.wrapped)
    }
}

/// The id of the master key that a sealed value needs.
pub fn master_key_of(sealed: &[u8]) -> Result<&str, SealError> {
    Sealed::parse(sealed).map(|sealed| sealed.id)
}

/// The parts of a sealed value.
struct Sealed<'a> {
    header: &'a [u8],
    id: &'a str,
    wrapped: &'a [u8],
    body: &'a [u8],
}

impl<'a> Sealed<'a> {
    fn parse(sealed: &'a [u8]) -> Result<Self, SealError> {
        let [VERSION, id_length, ..] = sealed else {
            return Err(SealError::Malformed);
        };
        let (header, rest) = sealed
            .split_at_checked(2 + usize::from(*id_length))
            .ok_or(SealError::Malformed)?;
        let (wrapped, body) = rest.split_at_checked(WRAPPED).ok_or(SealError::Malformed)?;
        let id = std::str::from_utf8(&header[2..]).map_err(|_| SealError::Malformed)?;
        Ok(Self {
            header,
            id,
            wrapped,
            body,
        })
    }
}

fn header_of(id: &str) -> Result<Vec<u8>, SealError> {
    let length = u8::try_from(id.len()).map_err(|_| SealError::BadKeyId)?;
    Ok([&[VERSION, length], id.as_bytes()].concat())
}

/// 32 bytes are one block, so the steps of the standard come to two HMACs, neither of which can fail.
fn derive_from(key: &Secret<[u8; KEY]>, purpose: &str) -> [u8; 32] {
    // 32 bytes are one block, so the steps of the standard come to two HMACs, neither of which can fail.
    let pseudorandom = Secret::new(hmac_sha256(b"gantry", key.expose()));
    let info = [purpose.as_bytes(), &[1]].concat();
    hmac_sha256(pseudorandom.expose(), &info)
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
            let ring = ring("k1", 7);
            prop_assert!(ring.open("p", &bytes).is_err());
            prop_assert!(ring.rewrap(&SeededEntropy::new(1), &bytes).is_err());
        }

        /// Over any number of changes of the master key a value stays what and where it was, and nothing but the newest
        /// key is needed for it.
        #[test]
        fn a_value_outlives_its_master_keys(
            plain: Vec<u8>, place in "[a-z/]{0,20}", changes in 1_u8..6, flip: usize, seed: u64,
        ) {
            let entropy = SeededEntropy::new(seed);
            let name = |n: u8| format!("k{n}");
            let mut sealed = ring(&name(0), 0).seal(&entropy, &place, &plain).unwrap();
            for n in 1..=changes {
                let mut both = ring(&name(n), n);
                prop_assert_eq!(both.rewrap(&entropy, &sealed), Err(SealError::UnknownKey(name(n - 1))));
                both.add(&name(n - 1), [n - 1; 32]).unwrap();
                let mut damaged = sealed.clone();
                let wrapped = 2 + name(n - 1).len()..2 + name(n - 1).len() + WRAPPED;
                damaged[wrapped.start + flip % wrapped.len()] ^= 1;
                prop_assert_eq!(both.rewrap(&entropy, &damaged), Err(SealError::Forged));
                let fresh = both.rewrap(&entropy, &sealed).unwrap().unwrap();
                let id = name(n);
                prop_assert_eq!(master_key_of(&fresh), Ok(id.as_str()));
                prop_assert_eq!(both.rewrap(&entropy, &fresh), Ok(None));
                prop_assert!(ring(&name(n - 1), n - 1).open(&place, &fresh).is_err());
                let opened = ring(&name(n), n).open(&place, &fresh).unwrap();
                prop_assert_eq!(opened.expose(), &plain);
                prop_assert_eq!(ring(&name(n), n).open(&format!("{place}x"), &fresh), Err(SealError::Forged));
                sealed = fresh;
            }
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
        assert_eq!(next.derive_under("k2", "csrf"), Some(next.derive("csrf")));
        assert_eq!(
            next.derive_under("k1", "csrf"),
            Some(ring("k1", 1).derive("csrf"))
        );
        assert_eq!(next.derive_under("k3", "csrf"), None);
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
            let all = ring.derive_all(purpose);
            let older = self::ring("k0", 9).derive(purpose);
            assert_eq!(all, [Secret::new(expected), Secret::new(older)]);
            assert_eq!(ring.ids().collect::<Vec<_>>(), ["k1", "k0"]);
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
        // RFC 2202, test case 2.
        assert_eq!(
            hmac_sha1(b"Jefe", b"what do ya want for nothing?")[..4],
            [0xef, 0xfc, 0xdf, 0x6a]
        );
    }
}

//! The age format, version 1 (C2SP, `age.md`), for X25519 recipients: what the `age` program reads and
//! writes. Written here over the one cryptography library of this program, because the crate of that
//! name brings some eighty others, a second library among them.

mod bech32;
mod header;
mod stream;

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use gantry_kernel::crypto::hmac_sha256;
use gantry_kernel::{Kernel, Secret};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

pub(crate) use header::{open, seal};
pub(crate) use stream::Opening;
pub(crate) use stream::Sealing;

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// The text is not a key.
    #[error("not a key of age: {0}")]
    NotAKey(&'static str),
    /// The data does not begin as an age file does.
    #[error("this is not an age file")]
    NotAge,
    /// None of the recipients is this key's.
    #[error("it is locked for other keys than the one given")]
    WrongKey,
    /// The header or the data were changed or cut off.
    #[error("the encrypted data is damaged: {0}")]
    Damaged(&'static str),
    /// The cryptography library refused.
    #[error("the cryptography library refused {0}")]
    Refused(&'static str),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A public key that data is locked for: `age1..`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

/// The private key that opens what was locked for its recipient: `AGE-SECRET-KEY-1..`.
pub struct Identity {
    secret: Zeroizing<[u8; 32]>,
    recipient: Recipient,
}

impl Recipient {
    /// The bytes of the public key.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32::encode("age", &self.0))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Recipient {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        bech32::decode("age", text)
            .map(Self)
            .ok_or(AgeError::NotAKey("a recipient reads age1.."))
    }
}

impl Identity {
    /// A new one.
    pub fn new(kernel: &Kernel) -> Result<Self, AgeError> {
        let mut secret = Zeroizing::new([0; 32]);
        kernel.entropy.fill(secret.as_mut());
        Self::from_bytes(secret)
    }

    fn from_bytes(secret: Zeroizing<[u8; 32]>) -> Result<Self, AgeError> {
        let recipient = Recipient(public_of(&secret)?);
        Ok(Self { secret, recipient })
    }

    /// From the text of a key file as `age-keygen` writes it: one key, and lines that begin with `#`.
    pub fn from_file_text(text: &str) -> Result<Self, AgeError> {
        let mut keys = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (Some(key), None) = (keys.next(), keys.next()) else {
            return Err(AgeError::NotAKey("the file must hold one key"));
        };
        let secret = bech32::decode("age-secret-key-", key)
            .ok_or(AgeError::NotAKey("a key reads AGE-SECRET-KEY-1.."))?;
        Self::from_bytes(Zeroizing::new(secret))
    }

    /// The key as text, to be kept.
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(bech32::encode("age-secret-key-", &self.secret).to_ascii_uppercase())
    }

    /// Who data has to be locked for to be opened with this key.
    pub const fn recipient(&self) -> Recipient {
        self.recipient
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.recipient).finish()
    }
}

fn public_of(secret: &[u8; 32]) -> Result<[u8; 32], AgeError> {
    let refused = |_| AgeError::Refused("a private key");
    let key = PrivateKey::from_private_key(&X25519, secret)
        .map_err(|_| AgeError::Refused("a private key"))?;
    let public = key.compute_public_key().map_err(refused)?;
    public
        .as_ref()
        .try_into()
        .map_err(|_| AgeError::Refused("a public key"))
}

/// The key that both sides of an exchange come to. Refused when it is zero.
fn shared(secret: &[u8; 32], public: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    let key = PrivateKey::from_private_key(&X25519, secret)
        .map_err(|_| AgeError::Refused("a private key"))?;
    let peer = UnparsedPublicKey::new(&X25519, public);
    let mut out = Zeroizing::new([0; 32]);
    agreement::agree(&key, peer, AgeError::Damaged("a share"), |shared| {
        out.copy_from_slice(shared);
        Ok(())
    })?;
    if out.iter().all(|byte| *byte == 0) {
        return Err(AgeError::Damaged("a share"));
    }
    Ok(out)
}

/// HKDF-SHA-256 (RFC 5869) for one block of output.
fn hkdf(key: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let pseudorandom = Zeroizing::new(hmac_sha256(salt, key));
    let info = [info, &[1]].concat();
    Zeroizing::new(hmac_sha256(pseudorandom.as_ref(), &info))
}

#[cfg(test)]
mod tests;

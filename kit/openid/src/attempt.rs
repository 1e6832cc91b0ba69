//! One way to a provider and back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_kernel::{Kernel, Secret, crypto};

/// The secret of one attempt, which only the browser holds. What is sent to the provider follows from it, so nothing
/// that would help a thief has to be stored: `nonce` binds the ID token, the verifier (RFC 7636) binds the code, and
/// neither can be made by who does not hold the secret.
#[derive(Clone, Debug)]
pub struct Attempt(Secret<String>);

/// 256 bits in base64url.
const LENGTH: usize = 43;

impl Attempt {
    /// A new one.
    pub fn new(kernel: &Kernel) -> Self {
        Self(kernel.token())
    }

    /// From what a browser holds; `None` for what cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let octet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let good = text.len() == LENGTH && text.bytes().all(octet);
        good.then(|| Self(Secret::new(text.to_owned())))
    }

    /// What the browser is to hold.
    pub fn secret(&self) -> &Secret<String> {
        &self.0
    }

    /// What can be stored to recognise it.
    pub fn hash(&self) -> [u8; 32] {
        self.derive("browser")
    }

    pub(crate) fn nonce(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derive("nonce"))
    }

    pub(crate) fn verifier(&self) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode(self.derive("verifier")))
    }

    pub(crate) fn challenge(&self) -> String {
        let verifier = self.verifier();
        URL_SAFE_NO_PAD.encode(crypto::sha256(verifier.expose().as_bytes()))
    }

    fn derive(&self, purpose: &str) -> [u8; 32] {
        crypto::hmac_sha256(self.0.expose().as_bytes(), purpose.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use gantry_kernel::ManualClock;

    use super::*;

    #[test]
    fn everything_follows_from_the_secret_and_differs() {
        let kernel = Kernel::manual(&ManualClock::default(), 1);
        let attempt = Attempt::new(&kernel);
        let again = Attempt::parse(attempt.secret().expose()).unwrap();
        assert_eq!(attempt.nonce(), again.nonce());
        assert_eq!(attempt.challenge(), again.challenge());
        assert_eq!(attempt.hash(), again.hash());
        let verifier = attempt.verifier();
        let all = [
            attempt.secret().expose().clone(),
            URL_SAFE_NO_PAD.encode(attempt.hash()),
            attempt.nonce(),
            verifier.expose().clone(),
            attempt.challenge(),
        ];
        for (at, one) in all.iter().enumerate() {
            assert_eq!(one.len(), LENGTH);
            assert!(!all[at + 1..].contains(one));
        }
        assert_ne!(Attempt::new(&kernel).nonce(), attempt.nonce());
        for wrong in [
            "",
            "short",
            &"a".repeat(44),
            &"ä".repeat(21),
            &" ".repeat(43),
        ] {
            assert!(Attempt::parse(wrong).is_none(), "{wrong}");
        }
    }
}

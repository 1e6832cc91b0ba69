//! Who is counted when a password was wrong. A stranger, each known device and each session have a count of
//! their own, so that nobody's failures shut out anybody else.

use std::net::IpAddr;

use gantry_http::subscriber;
use gantry_kernel::{Email, IdentityId, SessionId, crypto};

use super::device::Nonce;

/// A keyed hash of a normalised address: counts without keeping addresses that were only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountKey([u8; 32]);

impl AccountKey {
    pub(crate) fn new(key: &[u8; 32], email: &Email) -> Self {
        Self(crypto::hmac_sha256(key, email.as_str().as_bytes()))
    }

    /// For wrong second factors of an account. No address is like this text: it has no `@`. What lifts the locks of
    /// passwords (a mailbox) does not lift this one.
    pub(crate) fn second_factor(key: &[u8; 32], account: IdentityId) -> Self {
        let text = format!("second-factor/{account}");
        Self(crypto::hmac_sha256(key, text.as_bytes()))
    }

    /// A short name for audit rows about accounts that do not exist.
    pub(crate) fn label(&self) -> String {
        label(&self.0)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What is known of the one who tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing: all of these share one count per account.
    Nobody,
    /// It signed in to this very account before and kept what it was given then.
    Device(Nonce),
    /// It is signed in as this person.
    Session(SessionId),
}

/// One count of failures at one account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guesser {
    pub(crate) account: AccountKey,
    pub(crate) counter: [u8; 32],
    /// Whether the network address matters: it does for strangers only.
    pub(crate) stranger: bool,
}

impl Guesser {
    pub(crate) fn new(account: AccountKey, known: Known) -> Self {
        let derive = |kind: &[u8], id: &[u8]| {
            crypto::hmac_sha256(account.bytes(), &[kind, b"/", id].concat())
        };
        let counter = match known {
            Known::Nobody => account.0,
            Known::Device(nonce) => derive(b"device", &nonce),
            Known::Session(session) => derive(b"session", session.to_string().as_bytes()),
        };
        Self {
            account,
            counter,
            stranger: known == Known::Nobody,
        }
    }

    /// A short name for the limiter.
    pub(crate) fn label(&self) -> String {
        label(&self.counter)
    }
}

/// The count of a network address; what one IPv6 subscriber is given, a /64, is one.
pub(crate) fn address(key: &[u8; 32], ip: IpAddr) -> [u8; 32] {
    let text = format!("address/{}", subscriber(ip));
    crypto::hmac_sha256(key, text.as_bytes())
}

fn label(hash: &[u8; 32]) -> String {
    let mut head = [0; 8];
    head.copy_from_slice(&hash[..8]);
    format!("{:016x}", u64::from_be_bytes(head))
}

#[cfg(test)]
mod tests {
    use gantry_kernel::{Kernel, ManualClock};

    use super::*;

    #[test]
    fn everybody_at_an_account_is_counted_apart() {
        let kernel = Kernel::manual(&ManualClock::default(), 1);
        let email = "a@example.com".parse().unwrap();
        let account = AccountKey::new(&[1; 32], &email);
        let session: SessionId = kernel.id();
        let known = [
            Known::Nobody,
            Known::Device([1; 16]),
            Known::Device([2; 16]),
            Known::Session(session),
        ];
        let mut counters: Vec<_> = known
            .map(|known| Guesser::new(account, known).counter)
            .into();
        counters.sort_unstable();
        counters.dedup();
        assert_eq!(counters.len(), 4);
        let other = AccountKey::new(&[1; 32], &"b@example.com".parse().unwrap());
        let (mine, theirs) = (
            Guesser::new(account, known[1]),
            Guesser::new(other, known[1]),
        );
        assert_ne!(mine.counter, theirs.counter);
    }

    #[test]
    fn a_subscriber_is_one_address() {
        let count = |text: &str| address(&[1; 32], text.parse().unwrap());
        assert_eq!(count("2001:db8:1:2::1"), count("2001:db8:1:2:ffff::9"));
        assert_ne!(count("2001:db8:1:2::1"), count("2001:db8:1:3::1"));
        assert_eq!(count("::ffff:192.0.2.7"), count("192.0.2.7"));
        assert_ne!(count("192.0.2.7"), count("192.0.2.8"));
    }
}

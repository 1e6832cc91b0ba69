//! Device tokens ("device cookies", OWASP: Slow Down Online Guessing Attacks with Device Cookies): a client that
//! signed in to an account can show so later, and then its failures are counted apart from everybody else's. A
//! stranger who locks the account does not lock the devices of its owner.
//!
//! A token opens nothing by itself: it says who is counted where, and the password is asked for as always. So it
//! outlives log-out and a change of the password. It is bound to the account name and stateless; every
//! success gives a new one, so that a stolen copy and the device it was stolen from soon part ways.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_http::{Cookie, RequestContext};
use gantry_kernel::{Entropy, Secret, Timestamp, crypto};

use super::guesser::{AccountKey, Known};

/// The browser's device tokens.
const COOKIE: &str = "__Host-gantry_device";
/// Tokens that one cookie holds: people share browsers, and each has an account.
const KEPT: usize = 4;
const NONCE: usize = 16;
const TIME: usize = 8;
const MAC: usize = 32;
/// Length of a token in base64url.
const TEXT: usize = (NONCE + TIME + MAC).div_ceil(3) * 4 - 1;

/// What tells the devices of an account apart.
pub(crate) type Nonce = [u8; NONCE];

/// What a client that signed in keeps, to be known at the account.
pub(crate) struct NewDevice {
    /// For a browser.
    pub(crate) cookie: Cookie,
    /// For a client without cookies.
    pub(crate) token: Secret<String>,
}

/// Makes and checks the tokens of all devices.
pub(crate) struct Devices {
    key: Secret<[u8; 32]>,
}

impl Devices {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self {
            key: Secret::new(key),
        }
    }

    /// A token for a device that has just proven itself.
    pub(crate) fn token(
        &self,
        entropy: &dyn Entropy,
        account: &AccountKey,
        until: Timestamp,
    ) -> Secret<String> {
        let mut body = [0_u8; NONCE + TIME];
        entropy.fill(&mut body[..NONCE]);
        body[NONCE..].copy_from_slice(&until.as_micros().to_be_bytes());
        let bytes = [&body[..], &self.mac(account, &body)].concat();
        Secret::new(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Which device of `account` shows this token; `None` for one that is forged, expired or of another account.
    fn recognise(&self, account: &AccountKey, token: &str, now: Timestamp) -> Option<Nonce> {
        // Decoding anything longer would be work for nothing.
        if token.len() != TEXT {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, mac) = bytes.split_at_checked(NONCE + TIME)?;
        if !crypto::constant_time_eq(&self.mac(account, body), mac) {
            return None;
        }
        let (nonce, until) = body.split_at_checked(NONCE)?;
        let until = Timestamp::from_micros(i64::from_be_bytes(until.try_into().ok()?));
        (until > now).then_some(nonce.try_into().ok()?)
    }

    /// What a request shows of itself: a device of this account, by the cookie or by a token in its body.
    pub(crate) fn known(
        &self,
        cx: &impl RequestContext,
        account: &AccountKey,
        token: Option<&Secret<String>>,
    ) -> Known {
        let now = cx.now();
        let in_body = token.map(Secret::expose).map(String::as_str);
        in_body
            .into_iter()
            .chain(held(cx))
            .find_map(|token| self.recognise(account, token, now))
            .map_or(Known::Nobody, Known::Device)
    }

    /// The cookie with a new token of this account, and the tokens of other accounts that the browser holds.
    pub(crate) fn cookie(
        &self,
        cx: &impl RequestContext,
        account: &AccountKey,
        until: Timestamp,
    ) -> Cookie {
        let now = cx.now();
        let token = self.token(cx.kernel().entropy.as_ref(), account, until);
        let others = held(cx).filter(|token| self.recognise(account, token, now).is_none());
        let mut value = token.expose().clone();
        for other in others.take(KEPT - 1) {
            value.push('.');
            value.push_str(other);
        }
        Cookie::new(COOKIE, value).max_age(until - now)
    }

    fn mac(&self, account: &AccountKey, body: &[u8]) -> [u8; 32] {
        crypto::hmac_sha256(self.key.expose(), &[account.bytes(), body].concat())
    }
}

/// The tokens in the request's cookie; anything that cannot be one is left out.
fn held(cx: &impl RequestContext) -> impl Iterator<Item = &str> {
    let value = cx.request().cookie(COOKIE).unwrap_or_default();
    let plain = |token: &&str| {
        let octet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        token.len() == TEXT && token.bytes().all(octet)
    };
    value.split('.').take(KEPT).filter(plain)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gantry_kernel::{Kernel, ManualClock, SeededEntropy};

    use super::*;

    #[test]
    fn a_token_is_good_for_its_account_and_its_time() {
        let kernel = Kernel::manual(&ManualClock::default(), 1);
        let account = |email: &str, key: u8| AccountKey::new(&[key; 32], &email.parse().unwrap());
        let (mine, other) = (account("a@example.com", 1), account("b@example.com", 1));
        let devices = Devices::new([1; 32]);
        let until = kernel.now() + Duration::from_mins(1);
        let token = devices.token(&SeededEntropy::new(2), &mine, until);
        let text = token.expose().as_str();
        let now = kernel.now();
        assert_eq!(text.len(), TEXT);
        assert!(devices.recognise(&mine, text, now).is_some());
        assert_eq!(devices.recognise(&other, text, now), None);
        assert_eq!(devices.recognise(&mine, text, until), None, "expired");
        let elsewhere = Devices::new([2; 32]);
        assert_eq!(elsewhere.recognise(&mine, text, now), None, "another key");
        for end in 0..text.len() {
            assert_eq!(devices.recognise(&mine, &text[..end], now), None);
        }
        // Every bit counts: the nonce, the time and the code.
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(devices.recognise(&mine, &changed, now), None, "bit {bit}");
        }
    }
}

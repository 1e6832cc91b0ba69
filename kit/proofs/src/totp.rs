//! Codes of an authenticator app (RFC 6238: HMAC-SHA-1, 30 seconds, 6 digits).

use gantry_kernel::{Entropy, Secret, Timestamp, crypto};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::base32::{RFC4648, encode};

/// Bytes of the shared secret (RFC 4226, section 4: 160 bits are recommended).
pub const SECRET_BYTES: usize = 20;
/// Seconds for which a code is shown.
const STEP: i64 = 30;
const DIGITS: u32 = 6;

/// A new shared secret.
pub fn new_secret(entropy: &dyn Entropy) -> Secret<[u8; SECRET_BYTES]> {
    let mut secret = Secret::new([0; SECRET_BYTES]);
    entropy.fill(secret.expose_mut());
    secret
}

/// The time step at an instant.
fn step(at: Timestamp) -> i64 {
    at.as_seconds().div_euclid(STEP)
}

/// The code of a time step (RFC 4226, section 5.3).
fn code(secret: &[u8], step: i64) -> String {
    let mac = crypto::hmac_sha1(secret, &step.to_be_bytes());
    let offset = usize::from(mac[19] & 0xf);
    let word = [
        mac[offset] & 0x7f,
        mac[offset + 1],
        mac[offset + 2],
        mac[offset + 3],
    ];
    let number = u32::from_be_bytes(word) % 10_u32.pow(DIGITS);
    format!("{number:06}")
}

/// The step whose code this is: the current one, or one beside it, for clocks that differ and people who type slowly.
pub fn matching_step(secret: &[u8], given: &str, now: Timestamp) -> Option<i64> {
    // Apps show the digits in two groups.
    let given: String = given.chars().filter(|c| !c.is_whitespace()).collect();
    let current = step(now);
    let mut found = None;
    // All three are compared, so that the time tells nothing.
    for step in current - 1..=current + 1 {
        if crypto::constant_time_eq(code(secret, step).as_bytes(), given.as_bytes()) {
            found = Some(step);
        }
    }
    found
}

/// The address that authenticator apps read from a QR code (Key URI format).
pub fn uri(issuer: &str, account: &str, secret: &str) -> String {
    let (issuer, account) = (
        utf8_percent_encode(issuer, NON_ALPHANUMERIC),
        utf8_percent_encode(account, NON_ALPHANUMERIC),
    );
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP}"
    )
}

/// The secret as people type it where no camera is at hand.
pub fn text(secret: &[u8; SECRET_BYTES]) -> String {
    encode(RFC4648, secret)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// RFC 6238, appendix B, SHA-1: the last six of its eight digits.
    #[test]
    fn known_answers() {
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(KEY, step(at(seconds))), expected, "at {seconds}");
        }
    }

    #[test]
    fn the_neighbours_of_the_current_step_are_good_and_no_others() {
        let now = at(1_234_567_890);
        for (offset, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let wanted = step(now) + offset;
            let found = matching_step(KEY, &code(KEY, wanted), now);
            assert_eq!(found, good.then_some(wanted), "{offset}");
        }
        let code = code(KEY, step(now));
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(matching_step(KEY, &spaced, now), Some(step(now)));
    }

    proptest! {
        #[test]
        fn nothing_but_the_digits_fits(given in "\\PC{0,12}", seconds in 0_i64..4_000_000_000) {
            let now = at(seconds);
            let good = (-1..=1).any(|offset| {
                let digits: String = given.chars().filter(|c| !c.is_whitespace()).collect();
                digits == code(KEY, step(now) + offset)
            });
            prop_assert_eq!(matching_step(KEY, &given, now).is_some(), good);
        }
    }

    #[test]
    fn the_address_is_escaped() {
        let uri = uri("gantry.example.com", "a b&c@example.com", "ABC");
        assert_eq!(
            uri,
            "otpauth://totp/gantry%2Eexample%2Ecom:a%20b%26c%40example%2Ecom?secret=ABC\
             &issuer=gantry%2Eexample%2Ecom&algorithm=SHA1&digits=6&period=30"
        );
    }
}

//! The text of an API key: `gantry_sk_<id>_<secret>_<checksum>`, all in lower-case hexadecimal.
//!
//! The prefix lets scanners of source code and logs find a key that strayed, the checksum (CRC-32) lets them and us
//! tell a key from what only looks like one without asking the database.

use std::fmt::Write;

use gantry_kernel::{ApiKeyId, Kernel, Secret, crypto};

/// How every key begins.
pub const PREFIX: &str = "gantry_sk_";
const ID: usize = 32;
const SECRET: usize = 64;
const CHECKSUM: usize = 8;
const LENGTH: usize = PREFIX.len() + ID + 1 + SECRET + 1 + CHECKSUM;

/// What a well-formed key says: which one it claims to be, and the hash that must be stored of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which key.
    pub id: ApiKeyId,
    /// What must be stored of it.
    pub hash: [u8; 32],
}

/// A new key with 256 random bits.
pub fn make(kernel: &Kernel) -> (ApiKeyId, Secret<String>) {
    let id: ApiKeyId = kernel.id();
    let mut random = Secret::new([0; SECRET / 2]);
    kernel.entropy.fill(random.expose_mut());
    // Its full length at once: growing would leave parts of the secret in freed memory.
    let mut text = String::with_capacity(LENGTH);
    text.push_str(&public_part(id));
    text.push('_');
    for byte in random.expose() {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{byte:02x}");
    }
    let checksum = crc32(text.as_bytes());
    let _infallible = write!(text, "_{checksum:08x}");
    (id, Secret::new(text))
}

/// The part of a key's text that may be shown: it tells keys apart and proves nothing.
pub fn public_part(id: ApiKeyId) -> String {
    format!("{PREFIX}{}", id.uuid().simple())
}

/// What must be stored of a key.
pub fn hash(text: &str) -> [u8; 32] {
    crypto::sha256(text.as_bytes())
}

/// Reads a key; `None` when the text is none, whether mistyped, cut or made up.
pub fn parse(text: &str) -> Option<Claim> {
    if text.len() != LENGTH {
        return None;
    }
    let (body, checksum) = text.rsplit_once('_')?;
    let (id, secret) = body.strip_prefix(PREFIX)?.split_once('_')?;
    let hexadecimal = |part: &str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let formed =
        hexadecimal(id, ID) && hexadecimal(secret, SECRET) && hexadecimal(checksum, CHECKSUM);
    if !formed || u32::from_str_radix(checksum, 16).ok()? != crc32(body.as_bytes()) {
        return None;
    }
    Some(Claim {
        id: ApiKeyId::from_uuid(uuid::Uuid::try_parse(id).ok()?),
        hash: hash(text),
    })
}

/// CRC-32 as in ISO 3309 and zlib.
fn crc32(data: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !data.iter().fold(u32::MAX, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        (crc >> 8) ^ TABLE[usize::from(low ^ byte)]
    })
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at: u32 = 0;
    while at < 256 {
        let mut value = at;
        let mut bit = 0;
        while bit < 8 {
            value = (value >> 1) ^ (0xEDB8_8320 * (value & 1));
            bit += 1;
        }
        table[at as usize] = value;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use gantry_kernel::ManualClock;
    use proptest::prelude::*;

    use super::*;

    fn one() -> (ApiKeyId, String) {
        let (id, text) = make(&Kernel::manual(&ManualClock::default(), 9));
        (id, text.expose().clone())
    }

    /// The check value of the CRC catalogue.
    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_key_is_read_back_and_shows_what_it_may() {
        let (id, text) = one();
        assert_eq!(text.len(), LENGTH);
        assert!(text.starts_with(&public_part(id)));
        let claim = Claim {
            id,
            hash: crypto::sha256(text.as_bytes()),
        };
        assert_eq!(parse(&text), Some(claim));
    }

    #[test]
    fn what_is_cut_swapped_or_spelled_otherwise_is_no_key() {
        let (_, text) = one();
        for at in 0..text.len() {
            assert_eq!(parse(&text[..at]), None, "cut at {at}");
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(
                parse(&String::from_utf8(other).unwrap()),
                None,
                "changed at {at}"
            );
        }
        for other in [
            text.to_uppercase(),
            format!("{text} "),
            format!(" {text}"),
            text.replace('_', "-"),
            String::new(),
        ] {
            assert_eq!(parse(&other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_key_by_chance(text in "(gantry_sk_)?[0-9a-f_\\PC]{0,120}") {
            prop_assert_eq!(parse(&text), None);
        }
    }
}

//! Five bits to a character, without padding: whole groups only, which all our secrets are.

/// RFC 4648, section 6: what authenticator apps read.
pub const RFC4648: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Crockford's: no i, l, o and u, so that nobody mistakes a character on paper.
pub const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Eight characters for each five bytes; a shorter rest would be left out.
pub fn encode(alphabet: &[u8; 32], bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / 5 * 8);
    for group in bytes.chunks_exact(5) {
        let bits = group
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for shift in (0..8).rev() {
            let digit = usize::try_from(bits >> (shift * 5) & 31).unwrap_or_default();
            text.push(char::from(alphabet[digit]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        // RFC 4648, section 10, and the key of RFC 6238.
        assert_eq!(encode(RFC4648, b"fooba"), "MZXW6YTB");
        assert_eq!(
            encode(RFC4648, b"12345678901234567890"),
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        );
        assert_eq!(encode(CROCKFORD, &[0xff; 5]), "zzzzzzzz");
        assert_eq!(encode(CROCKFORD, &[0, 0, 0, 0, 31]), "0000000z");
    }
}

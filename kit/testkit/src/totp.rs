//! An authenticator app (RFC 6238), written apart from the one it tests.

use gantry_kernel::crypto::hmac_sha1;

/// The app of one account.
#[derive(Clone, Debug)]
pub struct AuthenticatorApp(Vec<u8>);

impl AuthenticatorApp {
    /// Takes the secret as the server shows it, in base32.
    pub fn new(secret: &str) -> Self {
        let digits = secret.bytes().map(|byte| match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => panic!("{secret} is not base32"),
        });
        let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
        for digit in digits {
            bits = bits << 5 | u32::from(digit);
            held += 5;
            if held >= 8 {
                held -= 8;
                bytes.push(u8::try_from(bits >> held & 0xff).expect("eight bits"));
            }
        }
        Self(bytes)
    }

    /// The six digits shown at an instant, in seconds since 1970.
    pub fn code(&self, seconds: i64) -> String {
        let mac = hmac_sha1(&self.0, &(seconds / 30).to_be_bytes());
        let at = usize::from(mac[19] % 16);
        let word = mac[at..at + 4]
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_what_the_standard_says() {
        let app = AuthenticatorApp::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(app.code(59), "287082");
        assert_eq!(app.code(1_111_111_109), "081804");
    }
}

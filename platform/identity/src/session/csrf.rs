//! CSRF tokens: a signed double submit bound to the session, stateless, good across restarts and nodes.
//!
//! The token is a nonce and an HMAC over session and nonce. Another session's token does not fit, and a
//! site that cannot read our replies cannot make one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_kernel::{Entropy, Secret, SessionId, crypto};

const NONCE: usize = 16;
const MAC: usize = 32;

/// Makes and checks the tokens of all sessions.
pub(crate) struct Csrf {
    key: Secret<[u8; 32]>,
}

impl Csrf {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self {
            key: Secret::new(key),
        }
    }

    /// A token for this session; every call gives another one, so that compression tells nothing.
    pub(crate) fn token(&self, entropy: &dyn Entropy, session: SessionId) -> String {
        let mut nonce = [0_u8; NONCE];
        entropy.fill(&mut nonce);
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&self.mac(session, &nonce));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether `token` was made for this session.
    pub(crate) fn fits(&self, session: SessionId, token: &str) -> bool {
        // Decoding anything longer would be work for nothing.
        if token.len() != (NONCE + MAC) * 4 / 3 {
            return false;
        }
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        let Some((nonce, mac)) = bytes.split_at_checked(NONCE) else {
            return false;
        };
        crypto::constant_time_eq(&self.mac(session, nonce), mac)
    }

    fn mac(&self, session: SessionId, nonce: &[u8]) -> [u8; 32] {
        let mut message = session.to_string().into_bytes();
        message.push(b'/');
        message.extend_from_slice(nonce);
        crypto::hmac_sha256(self.key.expose(), &message)
    }
}

#[cfg(test)]
mod tests {
    use gantry_kernel::{Kernel, ManualClock, SeededEntropy};

    use super::*;

    #[test]
    fn a_token_fits_its_session_and_no_other() {
        let kernel = Kernel::manual(&ManualClock::default(), 1);
        let (mine, other): (SessionId, SessionId) = (kernel.id(), kernel.id());
        let csrf = Csrf::new([1; 32]);
        let token = csrf.token(&SeededEntropy::new(2), mine);
        assert!(csrf.fits(mine, &token));
        assert!(!csrf.fits(other, &token));
        assert!(
            !Csrf::new([2; 32]).fits(mine, &token),
            "another installation's token"
        );
        assert!(!csrf.fits(mine, ""));
        assert!(!csrf.fits(mine, &token[1..]));
        let mut changed = token.into_bytes();
        changed[30] = if changed[30] == b'A' { b'B' } else { b'A' };
        assert!(!csrf.fits(mine, std::str::from_utf8(&changed).unwrap()));
    }
}

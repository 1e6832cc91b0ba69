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
    /// The first makes tokens, all of them check.
    keys: Vec<Secret<[u8; 32]>>,
}

impl Csrf {
    /// `keys` are those of the present master key and of older ones, so that a page that was open while the master key
    /// was changed goes on working.
    pub(crate) fn new(keys: Vec<Secret<[u8; 32]>>) -> Self {
        Self { keys }
    }

    /// A token for this session; every call gives another one, so that compression tells nothing.
    pub(crate) fn token(&self, entropy: &dyn Entropy, session: SessionId) -> String {
        let mut nonce = [0_u8; NONCE];
        entropy.fill(&mut nonce);
        let mut bytes = nonce.to_vec();
        bytes.extend(self.macs(session, &nonce).next().into_iter().flatten());
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
        self.macs(session, nonce)
            .any(|expected| crypto::constant_time_eq(&expected, mac))
    }

    fn macs(&self, session: SessionId, nonce: &[u8]) -> impl Iterator<Item = [u8; 32]> {
        let mut message = session.to_string().into_bytes();
        message.push(b'/');
        message.extend_from_slice(nonce);
        let macs = self.keys.iter();
        macs.map(move |key| crypto::hmac_sha256(key.expose(), &message))
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
        let keys = |bytes: &[u8]| bytes.iter().map(|byte| Secret::new([*byte; 32])).collect();
        let csrf = Csrf::new(keys(&[1]));
        let token = csrf.token(&SeededEntropy::new(2), mine);
        assert!(csrf.fits(mine, &token));
        assert!(!csrf.fits(other, &token));
        assert!(
            !Csrf::new(keys(&[2])).fits(mine, &token),
            "another installation's token"
        );
        let both = Csrf::new(keys(&[2, 1]));
        assert!(both.fits(mine, &token), "made under the key before");
        let fresh = both.token(&SeededEntropy::new(3), mine);
        assert!(!csrf.fits(mine, &fresh), "new ones are made with the first");
        assert!(!both.fits(other, &token));
        assert!(!csrf.fits(mine, ""));
        assert!(!csrf.fits(mine, &token[1..]));
        let mut changed = token.into_bytes();
        changed[30] = if changed[30] == b'A' { b'B' } else { b'A' };
        assert!(!csrf.fits(mine, std::str::from_utf8(&changed).unwrap()));
    }
}

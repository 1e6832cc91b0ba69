//! Links that prove control of a mailbox (and the printed set-up link): one use, short-lived, hashed.
//!
//! The token sits in the fragment of the link (`/verify#token=...`). Browsers do not send fragments, so it
//! reaches no access log, proxy or `Referer`; the page that opens posts it in a body.

mod store;

pub(crate) use store::{consume, forget, mint, peek, sweep};

use gantry_kernel::Secret;

/// What a link is for; a token of one purpose is nothing to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Confirms an address; the subject is the sign-up whose mail carries the link.
    Verify,
    /// Sets a new password; the subject is an identity.
    Reset,
    /// Lifts the locks of an identity, which is the subject.
    Unlock,
    /// Opens an invitation, which is the subject.
    Invite,
    /// Moves an account to the address that got it; the subject is the wish to move.
    ChangeEmail,
    /// Makes the first operator; the subject is the installation.
    SetUp,
}

/// The subject of [`Purpose::SetUp`].
pub(crate) const INSTALLATION: &str = "installation";

impl Purpose {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Unlock => "unlock",
            Self::Invite => "invite",
            Self::ChangeEmail => "change_email",
            Self::SetUp => "set_up",
        }
    }

    const fn page(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset-password",
            Self::Unlock => "unlock",
            Self::Invite => "invitation",
            Self::ChangeEmail => "change-email",
            Self::SetUp => "set-up",
        }
    }

    /// The address to print or to mail. It is built from the configured address only, never from a
    /// request's Host header.
    pub(crate) fn url(self, public_url: &str, token: &Secret<String>) -> String {
        format!(
            "{}/{}#token={}",
            public_url.trim_end_matches('/'),
            self.page(),
            token.expose()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_in_the_fragment() {
        let url = Purpose::Verify.url(
            "https://gantry.example.com/",
            &Secret::new("abc".to_owned()),
        );
        assert_eq!(url, "https://gantry.example.com/verify#token=abc");
    }
}

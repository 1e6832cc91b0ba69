//! What passkeys refuse.

use gantry_http::ErrorCode;
use gantry_kernel::{Kind, Problem};
use gantry_webauthn::Error;

/// A refusal that has to do with passkeys.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// The question was answered, is too old, or was put somewhere else.
    #[error("the ceremony is over")]
    CeremonyGone,
    /// A new passkey that does not hold, or is registered already.
    #[error("the new passkey does not hold")]
    NewRefused,
    /// A log-in whose answer does not hold, whatever the reason.
    #[error("the passkey does not hold")]
    Refused,
    /// The account has none to be asked for.
    #[error("no passkey")]
    None,
    /// As many as an account may have.
    #[error("too many passkeys")]
    TooMany,
    /// Nothing can be asked or judged.
    #[error(transparent)]
    Party(#[from] Error),
}

impl From<Error> for crate::Error {
    fn from(error: Error) -> Self {
        Self::Passkey(error.into())
    }
}

impl From<PasskeyError> for Problem {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::CeremonyGone => Self::new(
                Kind::Gone,
                CEREMONY_GONE.code,
                "this took longer than five minutes, was answered before, or was begun elsewhere; begin again",
            ),
            PasskeyError::NewRefused => Self::invalid_field(
                "/credential",
                "passkey_refused",
                "this is not a new passkey that an authenticator made for this site and this question; begin again",
            ),
            PasskeyError::Refused => Self::unauthenticated(
                REFUSED.code,
                "this passkey does not sign in here; begin again, or sign in in another way",
            ),
            PasskeyError::None => Self::conflict(NONE.code, "this account has no passkey"),
            PasskeyError::TooMany => Self::conflict(
                TOO_MANY.code,
                "an account has at most 20 passkeys; remove one",
            ),
            PasskeyError::Party(Error::Unavailable(why)) => Self::conflict(UNAVAILABLE.code, why),
            PasskeyError::Party(error) => Self::internal(error),
        }
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal $status:literal $title:literal: $meaning:literal;)+) => {
        $(const $name: ErrorCode = ErrorCode::new($code, $status, $title, $meaning);)+

        /// The codes of passkeys, for the pages under `/errors/`.
        pub(crate) const CODES: &[ErrorCode] = &[$($name),+];
    };
}

codes! {
    UNAVAILABLE = "passkeys_unavailable" 409 "No passkeys at this address":
        "A passkey belongs to a host name, and browsers use it on https, or on http://localhost, only. The detail says what is wrong with the address of this server or of the page that asked.";
    CEREMONY_GONE = "passkey_ceremony_gone" 410 "Begin again":
        "What an authenticator is asked is answered once, within five minutes, in the session or log-in that asked.";
    REFUSED = "passkey_refused" 401 "Passkey refused":
        "The passkey is not known here, belongs to somebody who may not sign in, did not verify the person, or the answer is not what an authenticator signs for this site. The answer is the same for all of these.";
    NONE = "no_passkey" 409 "No passkey":
        "The account has no passkey that could be asked for.";
    TOO_MANY = "too_many_passkeys" 409 "Too many passkeys":
        "An account has at most 20 passkeys; remove one that is not used any more.";
}

//! What second factors refuse.

use std::time::Duration;

use gantry_http::ErrorCode;
use gantry_kernel::crypto::SealError;
use gantry_kernel::{Kind, Problem};

/// A refusal that has to do with second factors.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// The half log-in was completed, is too old, or took too many wrong answers.
    #[error("the challenge is over")]
    ChallengeGone,
    /// A wrong answer to a challenge.
    #[error("wrong second factor")]
    Wrong,
    /// A wrong answer of somebody who is signed in; the pointer says which field.
    #[error("wrong code")]
    WrongField(&'static str),
    /// Too many wrong codes for this account.
    #[error("codes are locked for {0:?}")]
    Locked(Duration),
    /// None, or several, of the proofs that a request takes one of.
    #[error("not exactly one proof")]
    NotOne,
    /// A password, where the account has a second factor.
    #[error("the account has a second factor")]
    Needed,
    /// An authenticator app is there already.
    #[error("there is an authenticator app")]
    TotpExists,
    /// A code for an authenticator app that was not asked for.
    #[error("no authenticator app waits for its first code")]
    TotpNotBegun,
    /// Recovery codes for an account without a second factor.
    #[error("no second factor")]
    NoFactor,
    /// A sensitive act in a session that was not confirmed lately.
    #[error("not confirmed lately")]
    Stale,
    /// A demand on others that the caller's own session does not meet.
    #[error("the caller has no second factor")]
    OwnFirst,
    /// An act by password alone, where the account has a second factor.
    #[error("sign in first")]
    SignInFirst,
    /// The stored secret does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<FactorError> for Problem {
    fn from(error: FactorError) -> Self {
        match error {
            FactorError::ChallengeGone => Self::new(
                Kind::Gone,
                CHALLENGE_GONE.code,
                "this log-in took too long, had too many wrong answers, or is complete; start again with the password",
            ),
            FactorError::Wrong => Self::unauthenticated(
                SECOND_FACTOR_WRONG.code,
                "the code or passkey is wrong, has run out, or was used before",
            ),
            FactorError::WrongField("/passkey") => Self::invalid_field(
                "/passkey",
                "passkey_refused",
                "this passkey does not confirm this session; begin again, or confirm in another way",
            ),
            FactorError::WrongField(pointer) => Self::invalid_field(
                pointer,
                "wrong_code",
                "the code is wrong, has run out, or was used before",
            ),
            FactorError::Locked(after) => Self::new(
                Kind::TooMany,
                SECOND_FACTOR_LOCKED.code,
                "too many wrong codes for this account; wait, or use a recovery code",
            )
            .retry_after(after),
            FactorError::NotOne => Self::invalid(
                ONE_PROOF.code,
                "send exactly one of the proofs that this operation takes",
            ),
            FactorError::Needed => Self::invalid_field(
                "/password",
                "second_factor_needed",
                "this account has a second factor: confirm with that, not with the password",
            ),
            FactorError::TotpExists => Self::conflict(
                TOTP_EXISTS.code,
                "an authenticator app is set up; remove it before you set up another one",
            ),
            FactorError::TotpNotBegun => Self::conflict(
                TOTP_NOT_BEGUN.code,
                "no authenticator app waits for its first code; begin at POST /api/v1/me/totp",
            ),
            FactorError::NoFactor => Self::conflict(
                NO_SECOND_FACTOR.code,
                "recovery codes stand in for a second factor; set one up first",
            ),
            FactorError::Stale => Self::forbidden(
                "step_up_required",
                "confirm at POST /api/v1/me/step-up that it is you, then repeat this request",
            ),
            FactorError::OwnFirst => Self::forbidden(
                "second_factor_required",
                "you would shut yourself out: add a second factor at POST /api/v1/me/totp, or sign in with the one you have, first",
            ),
            FactorError::SignInFirst => Self::forbidden(
                SIGN_IN_FIRST.code,
                "this account has a second factor: sign in, then accept at POST /api/v1/me/invitations/accept",
            ),
            FactorError::Seal(error) => Self::internal(error),
        }
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal $status:literal $title:literal: $meaning:literal;)+) => {
        $(const $name: ErrorCode = ErrorCode::new($code, $status, $title, $meaning);)+

        /// The codes of second factors, for the pages under `/errors/`.
        pub(crate) const CODES: &[ErrorCode] = &[$($name),+];
    };
}

codes! {
    SECOND_FACTOR_WRONG = "second_factor_wrong" 401 "Second factor wrong":
        "The code is wrong, has run out or was used before. After five wrong answers the log-in starts again with the password.";
    CHALLENGE_GONE = "challenge_gone" 410 "Log-in no longer open":
        "The challenge is older than five minutes, had five wrong answers, was completed, or the account changed meanwhile.";
    SECOND_FACTOR_LOCKED = "second_factor_locked" 429 "Codes locked for a while":
        "Five wrong codes in a row were given for this account, by somebody who had passed the first step. Retry-After says when the next one is looked at; recovery codes work meanwhile.";
    ONE_PROOF = "one_proof" 422 "One proof needed":
        "The operation takes one of several proofs; the request had none of them, or more than one.";
    TOTP_EXISTS = "totp_exists" 409 "Authenticator app exists":
        "The account has an authenticator app. Remove it first, or confirm with it.";
    TOTP_NOT_BEGUN = "totp_not_begun" 409 "Nothing to confirm":
        "No authenticator app waits for its first code.";
    NO_SECOND_FACTOR = "no_second_factor" 409 "No second factor":
        "Recovery codes are for accounts that have a second factor.";
    SIGN_IN_FIRST = "sign_in_first" 403 "Sign in first":
        "The password alone is not enough for this account, because it has a second factor. Sign in and repeat it as yourself.";
}

//! What is refused about providers, and what it is answered with.

use std::time::Duration;

use gantry_http::ErrorCode;
use gantry_kernel::crypto::SealError;
use gantry_kernel::{Kind, Problem};
use gantry_openid::OpenIdError;

/// A refusal or failure on the way to a provider or back.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// An attempt that was used, has expired, or is another browser's.
    #[error("no such attempt")]
    Gone,
    /// No account that may sign in this way is linked.
    #[error("not linked")]
    NotLinked,
    /// The provider confirms an address that has an account.
    #[error("the address has an account")]
    LinkFirst,
    /// The account at the provider belongs to another account here.
    #[error("linked to another account")]
    Taken,
    /// Without this link nobody could sign in to the account.
    #[error("the last way in")]
    LastWayIn,
    /// As many providers as a workspace may have.
    #[error("too many providers")]
    TooMany,
    /// The workspace has a provider with this issuer.
    #[error("the issuer is taken")]
    IssuerTaken,
    /// A field of a provider that makes no sense.
    #[error("{0}: {1}")]
    Field(&'static str, &'static str),
    /// The provider fails, or lies.
    #[error(transparent)]
    OpenId(#[from] OpenIdError),
    /// The stored secret.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Gone => Self::new(
                Kind::Gone,
                ATTEMPT_GONE.code,
                "this sign-in was already completed, has expired, or was begun in another browser; begin again",
            ),
            ProviderError::NotLinked => Self::forbidden(
                NOT_LINKED.code,
                "no account that may sign in this way is linked here; sign in another way, then link the provider in your account",
            ),
            ProviderError::LinkFirst => Self::conflict(
                LINK_FIRST.code,
                "the address that the provider confirms has an account here; sign in to it, then link the provider",
            ),
            ProviderError::Taken => Self::conflict(
                LINK_TAKEN.code,
                "this account at the provider is linked already",
            ),
            ProviderError::LastWayIn => Self::conflict(
                LAST_WAY_IN.code,
                "nothing else signs in to your account: set a password or link another provider first",
            ),
            ProviderError::TooMany => Self::conflict(
                TOO_MANY_PROVIDERS.code,
                "a workspace has at most 10 providers",
            ),
            ProviderError::IssuerTaken => Self::conflict(
                ISSUER_TAKEN.code,
                "the workspace has a provider with this issuer",
            ),
            ProviderError::Field(pointer, why) => {
                Self::invalid_field(pointer, "provider_invalid", why)
            }
            ProviderError::OpenId(error) if error.is_passing() => Self::unavailable(
                PROVIDER_UNAVAILABLE.code,
                "the provider cannot be used right now; try again, or sign in another way",
                Duration::from_secs(10),
            ),
            ProviderError::OpenId(_) => Self::forbidden(
                PROVIDER_REFUSED.code,
                "what the provider answered does not hold; begin again",
            ),
            ProviderError::Seal(error) => Self::internal(error),
        }
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal $status:literal $title:literal: $meaning:literal;)+) => {
        $(const $name: ErrorCode = ErrorCode::new($code, $status, $title, $meaning);)+

        /// The codes about providers, for the pages under `/errors/`.
        pub(crate) const CODES: &[ErrorCode] = &[$($name),+];
    };
}

codes! {
    ATTEMPT_GONE = "attempt_gone" 410 "Sign-in over":
        "A sign-in by a provider is completed once, within ten minutes, in the browser in which it was begun. Begin again.";
    NOT_LINKED = "not_linked" 403 "Not linked":
        "The provider vouches for somebody, and no account that may sign in this way is linked to that. Addresses are not compared: sign in another way and link the provider in your account.";
    LINK_FIRST = "link_first" 409 "Link first":
        "The provider confirms an address that has an account here. That is no proof that the account is the same person's: sign in to it, then link the provider.";
    LINK_TAKEN = "link_taken" 409 "Linked already":
        "The account at the provider is linked, to this account or to another one.";
    LAST_WAY_IN = "last_way_in" 409 "Last way in":
        "Without this link nothing would sign in to the account. Set a password or link another provider first.";
    TOO_MANY_PROVIDERS = "too_many_providers" 409 "Too many providers":
        "A workspace has at most 10 providers; remove one that nobody uses.";
    ISSUER_TAKEN = "issuer_taken" 409 "Issuer taken":
        "The workspace has a provider with this issuer; change that one.";
    PROVIDER_UNAVAILABLE = "provider_unavailable" 503 "Provider not available":
        "The provider cannot be reached, or does not describe itself as providers do. Nothing was refused: try again, or sign in another way.";
    PROVIDER_REFUSED = "provider_refused" 403 "Provider's answer refused":
        "The code was refused by the provider, or its answer does not belong to this sign-in. The log says which check failed.";
}

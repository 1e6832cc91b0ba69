//! Why somebody is not signed in.

use gantry_outbound::OutboundError;

/// A failure at, or a lie of, a provider. The text is for the log and names no secret.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdError {
    /// It cannot be asked.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// It failed a moment ago and is not asked again yet.
    #[error("the provider failed a moment ago")]
    Failing,
    /// It answers, but not as a provider does.
    #[error("the provider is not usable: {0}")]
    Provider(&'static str),
    /// It does not exchange the code.
    #[error("the provider refuses the code: {0}")]
    Code(String),
    /// What came back does not belong to what was begun.
    #[error("the answer does not belong to the request: {0}")]
    Answer(&'static str),
    /// The ID token does not hold.
    #[error("the ID token does not hold: {0}")]
    Token(&'static str),
}

impl OpenIdError {
    /// Whether another try may succeed: nothing that was sent is refused.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Outbound(_) | Self::Failing | Self::Provider(_))
    }
}

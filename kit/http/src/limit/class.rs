//! The classes of rate limits: a route names one, configuration says what it is worth.

use crate::config::LimitsConfig;
use crate::limit::Quota;

/// Which limit a route counts against. Routes that say nothing are [`Class::Standard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Per address when public, per person when signed in.
    Standard,
    /// Imports, exports: few per hour and person, on top of the standard limit.
    Heavy,
    /// Sign-up: few per hour and address, on top of the standard limit.
    SignUp,
    /// Asking for a password reset: few per hour and address, on top of the standard limit.
    Reset,
    /// Sending a mail again: few per hour and address, on top of the standard limit.
    Resend,
    /// Opening a stream of events: so many per minute and person, on top of the standard limit.
    Stream,
    /// Not counted; for health checks and constant documents.
    Uncounted,
}

impl Class {
    /// Name and quota of the extra limit this class adds, if it adds one.
    pub(crate) fn extra(self, limits: &LimitsConfig) -> Option<(&'static str, Quota)> {
        match self {
            Self::Standard | Self::Uncounted => None,
            Self::Heavy => Some(("heavy", limits.heavy)),
            Self::SignUp => Some(("sign_up", limits.sign_up)),
            Self::Reset => Some(("reset", limits.reset)),
            Self::Resend => Some(("resend", limits.resend)),
            Self::Stream => Some(("stream", limits.stream)),
        }
    }

    /// Whether the standard limit applies too.
    pub(crate) fn counts_standard(self) -> bool {
        !matches!(self, Self::Uncounted)
    }
}

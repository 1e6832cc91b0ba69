//! What happened to a key, for the console and for the audit log.

use std::fmt;

use gantry_audit::{Entry, Facts, Target};
use gantry_kernel::{Actor, Timestamp};

/// Something that happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// Verifiers can read it; it signs later.
    Published {
        /// The key.
        kid: String,
        /// When it signs.
        signs: Timestamp,
    },
    /// It was published before and will sign sooner than planned.
    Advanced {
        /// The key.
        kid: String,
        /// When it signs.
        signs: Timestamp,
    },
    /// It signs from now on.
    Activated {
        /// The key.
        kid: String,
    },
    /// It signs no more; its tokens are accepted until they end.
    Retired {
        /// The key.
        kid: String,
        /// When it is forgotten.
        until: Timestamp,
    },
    /// Its tokens are refused.
    Revoked {
        /// The key.
        kid: String,
    },
    /// Its last token has died, and it is gone.
    Forgotten {
        /// The key.
        kid: String,
    },
}

impl fmt::Display for KeyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Published { kid, signs } => {
                write!(f, "{kid} is published and signs from {signs}")
            }
            Self::Advanced { kid, signs } => write!(f, "{kid} signs sooner, from {signs}"),
            Self::Activated { kid } => write!(f, "{kid} signs now"),
            Self::Retired { kid, until } => {
                write!(
                    f,
                    "{kid} signs no more; its tokens are accepted until {until}"
                )
            }
            Self::Revoked { kid } => write!(f, "{kid} is revoked; its tokens are refused"),
            Self::Forgotten { kid } => write!(f, "{kid} is forgotten"),
        }
    }
}

impl KeyChange {
    /// Its row in the audit log.
    pub(super) fn entry(&self, actor: Actor) -> Entry {
        let (action, kid, at) = match self {
            Self::Published { kid, signs } => (
                "identity.signing_key.published",
                kid,
                Some(("signs", signs)),
            ),
            Self::Advanced { kid, signs } => {
                ("identity.signing_key.advanced", kid, Some(("signs", signs)))
            }
            Self::Activated { kid } => ("identity.signing_key.activated", kid, None),
            Self::Retired { kid, until } => {
                ("identity.signing_key.retired", kid, Some(("until", until)))
            }
            Self::Revoked { kid } => ("identity.signing_key.revoked", kid, None),
            Self::Forgotten { kid } => ("identity.signing_key.forgotten", kid, None),
        };
        let facts = at.map_or_else(Facts::new, |(name, at)| {
            Facts::new().with(name, at.to_string())
        });
        Entry::new(actor, action, Target::new("signing_key", kid)).after(facts)
    }
}

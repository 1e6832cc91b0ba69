//! Who acts, and from where: carried from the request to the audit log.

use std::net::IpAddr;

use crate::IdentityId;

/// Who performs an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Gantry itself: a job, a schedule, a migration.
    System,
    /// Somebody who has not signed in.
    Anonymous,
    /// A person acting in their own name.
    Identity(IdentityId),
    /// A person acting as platform staff.
    Operator(IdentityId),
    /// A service account, by one of its keys.
    Service(IdentityId),
    /// Platform staff acting as somebody else, with that person's rights.
    Impersonator {
        /// Who really acts.
        operator: IdentityId,
        /// Whose rights are used.
        person: IdentityId,
    },
    /// Somebody with a shell on the server, through a rescue command.
    Rescue,
}

impl Actor {
    /// The stored name of the kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Anonymous => "anonymous",
            Self::Identity(_) => "identity",
            Self::Operator(_) => "operator",
            Self::Service(_) => "service",
            Self::Impersonator { .. } => "impersonator",
            Self::Rescue => "rescue",
        }
    }

    /// Who really acts, if it is somebody: the operator, not the person they impersonate.
    #[must_use]
    pub const fn identity(&self) -> Option<IdentityId> {
        match self {
            Self::Identity(id)
            | Self::Operator(id)
            | Self::Service(id)
            | Self::Impersonator { operator: id, .. } => Some(*id),
            Self::System | Self::Anonymous | Self::Rescue => None,
        }
    }

    /// Whose rights are used, if they are not the actor's own.
    #[must_use]
    pub const fn on_behalf_of(&self) -> Option<IdentityId> {
        match self {
            Self::Impersonator { person, .. } => Some(*person),
            _ => None,
        }
    }
}

/// The most of a client's description of itself that is kept anywhere, in characters: enough to tell browser and system
/// apart.
pub const MAX_USER_AGENT: usize = 256;

/// Where an act came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, after trusted proxies.
    pub ip: Option<IpAddr>,
    /// The client's own description of itself, untrusted; no longer than [`MAX_USER_AGENT`] once stored.
    pub user_agent: Option<String>,
    /// The request that carried the act.
    pub request_id: Option<String>,
}

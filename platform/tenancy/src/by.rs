//! Who asks, whether over HTTP or at a shell.

use gantry_http::RequestContext;
use gantry_kernel::{Actor, IdentityId, Origin};

/// Who asks for an act, for the audit log.
#[derive(Clone, Debug)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
}

impl By {
    /// Somebody with a shell on the server.
    pub fn rescue() -> Self {
        Self {
            actor: Actor::Rescue,
            origin: Origin::default(),
        }
    }

    /// Gantry itself.
    pub(crate) fn system() -> Self {
        Self {
            actor: Actor::System,
            origin: Origin::default(),
        }
    }

    /// The operator, if it is one.
    pub(crate) const fn operator(&self) -> Option<IdentityId> {
        match self.actor {
            Actor::Operator(operator) => Some(operator),
            _ => None,
        }
    }

    /// The caller of a route.
    pub(crate) fn caller(cx: &impl RequestContext) -> Self {
        Self {
            actor: cx.actor(),
            origin: cx.origin(),
        }
    }
}

//! What a handler is given: one context type per access declaration, so that a public handler has no
//! caller to misuse and a tenant handler cannot exist without a tenant.

mod info;
mod shared;
mod stream;
mod tenant;

pub use info::{RequestInfo, TraceParent};
pub(crate) use info::{RequestParts, cookie};
pub use shared::RequestContext;
pub use stream::StreamCx;
pub use tenant::TenantCx;

use gantry_kernel::{Actor, Problem};

use crate::authority::{Principal, Session};
use crate::route::{Call, Caller};

/// A context that an access declaration can produce. Sealed: those of this module are all there are.
pub trait Context: sealed::Build + Send + 'static {}

pub(crate) mod sealed {
    use super::{Call, Problem};

    pub trait Build: Sized {
        fn build(call: &Call) -> Result<Self, Problem>;
    }
}

/// The pipeline passed on a caller of the wrong shape; cannot happen through a [`crate::Table`].
#[derive(Debug, thiserror::Error)]
#[error("the caller does not fit the access the route declares")]
struct WrongCaller;

fn wrong_caller() -> Problem {
    Problem::internal(WrongCaller)
}

/// Context of a public route: nobody in particular.
#[derive(Clone, Debug)]
pub struct PublicCx {
    request: RequestInfo,
}

/// Context of a route for any signed-in person.
#[derive(Clone, Debug)]
pub struct UserCx {
    request: RequestInfo,
    principal: Principal,
    session: Session,
}

/// Context of a platform route: an operator who holds the route's permission.
#[derive(Clone, Debug)]
pub struct PlatformCx {
    request: RequestInfo,
    principal: Principal,
}

impl UserCx {
    /// The caller.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The session they call in.
    pub fn session(&self) -> &Session {
        &self.session
    }
}

impl PlatformCx {
    /// The caller.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

impl RequestContext for PublicCx {
    fn request(&self) -> &RequestInfo {
        &self.request
    }

    fn actor(&self) -> Actor {
        Actor::Anonymous
    }
}

impl RequestContext for UserCx {
    fn request(&self) -> &RequestInfo {
        &self.request
    }

    fn actor(&self) -> Actor {
        self.principal.actor()
    }
}

impl RequestContext for PlatformCx {
    fn request(&self) -> &RequestInfo {
        &self.request
    }

    fn actor(&self) -> Actor {
        Actor::Operator(self.principal.identity)
    }
}

impl sealed::Build for PublicCx {
    fn build(call: &Call) -> Result<Self, Problem> {
        Ok(Self {
            request: call.info.clone(),
        })
    }
}

impl sealed::Build for UserCx {
    fn build(call: &Call) -> Result<Self, Problem> {
        match &call.caller {
            Caller::User(principal) => Ok(Self {
                request: call.info.clone(),
                session: principal.session().ok_or_else(wrong_caller)?.clone(),
                principal: principal.clone(),
            }),
            _ => Err(wrong_caller()),
        }
    }
}

impl sealed::Build for PlatformCx {
    fn build(call: &Call) -> Result<Self, Problem> {
        match &call.caller {
            Caller::User(principal) => Ok(Self {
                request: call.info.clone(),
                principal: principal.clone(),
            }),
            _ => Err(wrong_caller()),
        }
    }
}

impl Context for PublicCx {}
impl Context for UserCx {}
impl Context for PlatformCx {}
impl Context for TenantCx {}
impl Context for StreamCx {}

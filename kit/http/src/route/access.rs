//! What a route demands of its caller, and the caller the pipeline found.

use std::sync::{Arc, Mutex};

use gantry_db::TenantDb;
use gantry_kernel::{Permission, Scope, ScopeKind};

use crate::authority::{Access, Principal};
use crate::context::RequestInfo;
use crate::route::Endpoint;
use crate::stream::{Slot, Watched};

/// The one access declaration every route has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRule {
    /// Anybody; the reason is listed in a snapshot test.
    Public(&'static str),
    /// Any signed-in person, acting on what is their own.
    SignedIn,
    /// A member of the path's tenant whose grants carry the permission in one of the scopes.
    Tenant(Permission, &'static [ScopeKind]),
    /// A member of the path's tenant, whatever they were granted: what they are shown is decided piece by piece, or is
    /// their own.
    Member,
    /// An operator who holds the platform permission.
    Platform(Permission),
}

/// A member of a tenant with the permission of the route.
pub(crate) struct Member {
    pub(crate) principal: Principal,
    pub(crate) access: Access,
    pub(crate) scope: Scope,
    pub(crate) db: TenantDb,
}

/// Who the pipeline found, shaped by the route's [`AccessRule`].
pub(crate) enum Caller {
    Nobody,
    User(Principal),
    Member(Box<Member>),
}

impl AccessRule {
    /// Whether it is about the tenant of the path.
    pub(crate) const fn in_tenant(self) -> bool {
        matches!(self, Self::Tenant(..) | Self::Member)
    }
}

/// Everything a bound handler needs to decode its context and input.
#[doc(hidden)]
pub struct Call {
    pub(crate) info: RequestInfo,
    pub(crate) caller: Caller,
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) endpoint: Arc<Endpoint>,
    /// What an open stream needs; taken by its context.
    pub(crate) stream: Mutex<Option<(Watched, Slot)>>,
}

//! The context of a tenant route: a member with the route's permission, its scope, and the tenant's database.

use gantry_db::{DbError, TenantDb, TenantTx};
use gantry_kernel::{Actor, Problem, Scope, TenantId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{RequestContext, RequestInfo, sealed, wrong_caller};
use crate::authority::{Access, Principal};
use crate::idempotency;
use crate::route::{Call, Caller};

/// Context of a tenant route.
#[derive(Clone)]
pub struct TenantCx {
    /// The request.
    pub request: RequestInfo,
    /// The caller.
    pub principal: Principal,
    /// The caller's access to the tenant of the path.
    pub access: Access,
    /// What the caller may reach with the route's permission; pass it to every store function on scoped tables.
    pub scope: Scope,
    /// The tenant's database.
    pub db: TenantDb,
}

impl TenantCx {
    /// The tenant of the path.
    pub fn tenant(&self) -> TenantId {
        self.access.tenant
    }

    /// `db.write` with the `Idempotency-Key` of the request kept in the same transaction: the first request
    /// with a key has the effect, the same request again gets the stored result, another request under
    /// the key is refused with 422. Without the header it is a plain write.
    ///
    /// What the closure returns is stored for 24 hours, so it must hold nothing secret.
    pub async fn write_once<T, E, F>(&self, f: F) -> Result<T, Problem>
    where
        F: AsyncFn(&mut TenantTx) -> Result<T, E> + Send + 'static,
        T: Serialize + DeserializeOwned + Send + 'static,
        E: From<DbError> + Into<Problem> + Send + 'static,
    {
        idempotency::write_tenant(&self.db, &self.request, &self.actor(), f).await
    }
}

impl RequestContext for TenantCx {
    fn request(&self) -> &RequestInfo {
        &self.request
    }

    fn actor(&self) -> Actor {
        self.principal.actor()
    }

    fn place(&self) -> Option<TenantId> {
        Some(self.access.tenant)
    }
}

impl sealed::Build for TenantCx {
    fn build(call: &Call) -> Result<Self, Problem> {
        match &call.caller {
            Caller::Member(member) => Ok(Self {
                request: call.info.clone(),
                principal: member.principal.clone(),
                access: member.access.clone(),
                scope: member.scope.clone(),
                db: member.db.clone(),
            }),
            _ => Err(wrong_caller()),
        }
    }
}

impl std::fmt::Debug for TenantCx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantCx")
            .field("request", &self.request)
            .field("tenant", &self.access.tenant)
            .field("identity", &self.principal.identity)
            .finish_non_exhaustive()
    }
}

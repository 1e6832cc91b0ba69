//! Telling whoever remembers access that it changed.

use gantry_kernel::TenantId;

/// Provided by the module that answers who may do what, where it remembers answers for a moment.
/// Nobody needs it: without it a change holds when the memory runs out, within half a second.
pub trait AccessCache: Send + Sync + 'static {
    /// Forgets everything about a tenant, whose state has changed and is committed. Must not block.
    fn forget_tenant(&self, tenant: TenantId);
}

//! Service accounts: programs that call with keys, in the one tenant they belong to.
//!
//! A service account holds grants as a member does, and never what decides about people, roles or other accounts
//! (`PEOPLE_ONLY` of `role/`): a key that leaks must not be able to make itself another one.

pub(crate) mod api;
pub(crate) mod key;
pub(crate) mod store;

use gantry_audit::Target;
use gantry_kernel::IdentityId;

/// What audit rows call a service account.
fn target(service: IdentityId) -> Target {
    Target::new("service_account", service)
}

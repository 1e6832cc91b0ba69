//! People as operators of the platform see them: found by address, suspended and let in again.

pub(crate) mod api;
mod store;

use gantry_kernel::Permission;

/// See the accounts of all people.
pub const PERSON_READ: Permission = Permission::new("identity.person.read");
/// Suspend people and let them in again.
pub const PERSON_SUSPEND: Permission = Permission::new("identity.person.suspend");

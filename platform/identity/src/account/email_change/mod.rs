//! Moving an account to another address: asked for in a session that was confirmed just now, done by the link
//! that went to the new address, told to both.
//!
//! Whether the new address is taken is looked up when the mail would be sent, so nobody learns it by asking.

pub(crate) mod api;
pub(crate) mod store;

use gantry_kernel::define_id;

define_id! {
    /// A wish to move to another address.
    pub struct EmailChangeId;
}

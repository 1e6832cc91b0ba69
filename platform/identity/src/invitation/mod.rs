//! Invitations: a mail to somebody who may not have an account, with the role they will have.

pub(crate) mod accept;
pub(crate) mod api;
pub(crate) mod store;

use gantry_kernel::define_id;

define_id! {
    /// An invitation into a tenant.
    pub struct InvitationId;
}

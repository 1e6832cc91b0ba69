//! Members of a tenant and what they may do there.

pub(crate) mod api;
pub(crate) mod me;
pub(crate) mod removal;
pub(crate) mod store;

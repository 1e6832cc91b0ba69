//! What a workspace asks of its members beyond what everybody is asked.

pub(crate) mod api;
mod store;
